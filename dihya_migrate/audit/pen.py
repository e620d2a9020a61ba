"""Turn an :class:`AuditEvent` into the text that is sealed, through structlog's processors."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from datetime import datetime
from functools import cache, cached_property
from typing import Any, cast

from sqlalchemy.engine import Engine

from .._version import __version__
from ..sealing import canonical
from .chain import Entry
from .events import AuditEvent, Origin, document
from .redaction import TRAIL


class Pen:
    """Writes events down; structlog is imported with the first one.

    Args:
        actor: The application's own name for who acts; None: the operating system's.
    """

    def __init__(
        self,
        engine: Engine,
        bind: str,
        app: str,
        clock: Callable[[], datetime],
        actor: Callable[[], str | None],
    ) -> None:
        self._engine, self._bind, self._app = engine, bind, app
        self._clock, self._actor = clock, actor

    def write(self, event: AuditEvent) -> Entry:
        """*event* as it will be sealed."""
        told = document(event, self._origin(), self._clock())
        name = told.pop("event")
        clean = cast("dict[str, object]", self._logger.note(name, **told))
        return Entry(str(clean["id"]), canonical(clean).decode())

    def _origin(self) -> Origin:
        dialect = self._engine.dialect
        version = getattr(dialect, "server_version_info", None) or ()
        return Origin(
            actor=self._actor() or operating_system_user(),
            host=host(),
            pid=os.getpid(),
            app=self._app,
            version=__version__,
            bind=self._bind,
            dialect="mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name,
            server_version=".".join(str(part) for part in version),
        )

    @cached_property
    def _logger(self) -> Any:
        import structlog

        class Writer(structlog.BoundLoggerBase):
            """Hands back what the processors made of an event."""

            def note(self, event: object, **fields: object) -> Any:
                return self._proxy_to_logger("note", cast("str", event), **fields)

        return structlog.wrap_logger(_Paper(), processors=TRAIL, wrapper_class=Writer).bind()


class _Paper:
    """What structlog takes for the logger: it keeps nothing and returns the finished event."""

    @staticmethod
    def note(**fields: object) -> dict[str, object]:
        return fields


@cache
def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


@cache
def operating_system_user() -> str:
    """The name of the account this process runs under, or its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container may run under a number without a name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
