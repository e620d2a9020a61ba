"""Keep values out of the SQL that SQLAlchemy and the drivers log, whatever ``echo`` and the levels say.

The verb, the tables and the shape of each statement stay visible; literals, parameters and rows do not.
Standard library only.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

ROOTS = ("sqlalchemy", "psycopg", "psycopg2", "pymysql", "MySQLdb", "mysql", "asyncpg", "aiosqlite")
"""Loggers of these names, and all below them, are watched."""
_KNOWN = (
    "sqlalchemy.engine",
    "sqlalchemy.engine.Engine",
    "sqlalchemy.orm",
    "sqlalchemy.pool",
    *(
        f"sqlalchemy.pool.impl.{kind}"
        for kind in ("QueuePool", "NullPool", "StaticPool", "SingletonThreadPool", "AssertionPool")
    ),
)
_STATEMENT = "sqlalchemy.engine"
_LITERAL = re.compile(
    r"--[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z)"  # comments
    r"|\$([A-Za-z_]*)\$.*?(?:\$\1\$|\Z)"  # dollar-quoted text of PostgreSQL
    r"|'(?:[^']|'')*(?:'|\Z)"
    r'|"(?:[^"]|"")*(?:"|\Z)'  # text on MySQL, so never shown
    r"|(?<![\w$.:%(])[-+]?\d[\w.]*",
    re.DOTALL,
)
_VERB = re.compile(r"\s*(?:\[[^\]]*\]\s*)?(\w+)")
_ARGUMENT = re.compile(r"%(?:\([^)]*\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?[a-zA-Z]")


def scrub(statement: str) -> str:
    """*statement* with ``?`` for every literal.

    Whether a backslash escapes a quote depends on the server and its mode; with one, only the verb is shown.
    """
    if "\\" in statement:
        verb = _VERB.match(statement)
        return f"{verb[1] if verb else ''} …".strip()
    return _LITERAL.sub("?", statement)


def hush(record: logging.LogRecord) -> bool:
    """Take the values out of *record*; False when nothing else was in it: parameters, a row."""
    keep = not (record.args and record.name.startswith(_STATEMENT))  # "[%s] %r", "Row %r"
    template = str(record.msg)
    record.msg = _ARGUMENT.sub("…", template) if record.args else scrub(template)
    record.args = ()
    if isinstance(record.exc_info, tuple) and record.exc_info[0]:
        record.msg += f" ({record.exc_info[0].__name__})"
    record.exc_info = record.exc_text = record.stack_info = None
    return keep


class _Drop(logging.Filter):
    """Drops what :func:`hush` left nothing of; sits on each logger, as a parent's filter is passed by."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(record, "dihya_empty", False)


class _Factory:
    """Makes records; hushes those of the watched names, also of loggers that are born later."""

    def __init__(self, inner: Callable[..., logging.LogRecord]) -> None:
        self.inner, self.active = inner, True

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self.inner(name, *args, **kwargs)
        hushed = hasattr(record, "dihya_empty")  # by a block around this one
        if self.active and not hushed and name.split(".", 1)[0] in ROOTS:
            record.dihya_empty = not hush(record)
        return record


_DROP = _Drop()
_LOCK = threading.Lock()
_depth: dict[logging.Logger, int] = {}


@contextmanager
def quiet_sql() -> Iterator[None]:
    """Keep values out of the logs of SQLAlchemy and the drivers; blocks may nest, in any thread."""
    watched = _loggers()
    with _LOCK:
        factory = _Factory(logging.getLogRecordFactory())
        logging.setLogRecordFactory(factory)
        for logger in watched:
            _depth[logger] = _depth.get(logger, 0) + 1
            logger.addFilter(_DROP)
    try:
        yield
    finally:
        with _LOCK:
            factory.active = False
            if logging.getLogRecordFactory() is factory:  # else another one stands on it, and it stays, idle
                logging.setLogRecordFactory(factory.inner)
            for logger in watched:
                _depth[logger] -= 1
                if not _depth[logger]:
                    del _depth[logger]
                    logger.removeFilter(_DROP)


def _loggers() -> list[logging.Logger]:
    below = tuple(f"{root}." for root in ROOTS)
    born = (name for name in list(logging.root.manager.loggerDict) if name.startswith(below))
    return [logging.getLogger(name) for name in sorted({*_KNOWN, *ROOTS, *born})]
