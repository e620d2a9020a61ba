"""What keeps values of rows from leaving through logs while a command runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..audit.quiet import quiet_sql


@contextmanager
def quiet_command() -> Iterator[None]:
    """Keep values out of the logs, whatever the application set.

    A handler that fails prints the exception under way as well, a driver's with its parameters; so it is
    ignored, as ``logging`` advises for production.
    """
    before, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        with quiet_sql():
            yield
    finally:
        logging.raiseExceptions = before
