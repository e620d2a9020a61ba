"""Events as JSON lines of the logger ``dihya_migrate.audit``, at INFO; handlers are the application's."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..chain import Record

NAME = "dihya_migrate.audit"


class LoggerSink:
    """Speaks only where somebody listens; what it says was redacted when the event was written."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(NAME)

    def put(self, records: Sequence[Record]) -> None:
        """Log each event once: late ones were logged by the command that wrote them."""
        if self._logger.isEnabledFor(logging.INFO):
            for record in records:
                if not record.late:
                    self._logger.info("%s", record.body)
