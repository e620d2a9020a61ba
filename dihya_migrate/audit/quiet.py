"""Keep values out of the SQL that SQLAlchemy and the drivers log, whatever ``echo`` and the levels say.

The verb, the tables and the shape of each statement stay visible; literals, parameters and rows do not.
Standard library only.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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


class Hush(logging.Filter):
    """Drops lines of parameters and rows; replaces literals in statements, arguments elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let *record* through, changed, or not at all."""
        template = str(record.msg)
        if record.args and record.name.startswith(_STATEMENT):
            return False  # "[%s] %r" are the parameters, "Row %r" is a row
        record.msg = _ARGUMENT.sub("…", template) if record.args else scrub(template)
        record.args = ()
        if record.exc_info:
            name = (
                record.exc_info[0].__name__
                if isinstance(record.exc_info, tuple) and record.exc_info[0]
                else ""
            )
            record.msg = f"{record.msg} ({name})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


_HUSH = Hush()
_LOCK = threading.Lock()
_depth: dict[logging.Logger, int] = {}


@contextmanager
def quiet_sql() -> Iterator[None]:
    """Hush the loggers of SQLAlchemy and the drivers inside the block; blocks may nest, in any thread.

    A filter sits on each logger itself, for those of a parent do not see what its children say.
    """
    watched = _loggers()
    with _LOCK:
        for logger in watched:
            _depth[logger] = _depth.get(logger, 0) + 1
            logger.addFilter(_HUSH)
    try:
        yield
    finally:
        with _LOCK:
            for logger in watched:
                _depth[logger] -= 1
                if not _depth[logger]:
                    del _depth[logger]
                    logger.removeFilter(_HUSH)


def _loggers() -> list[logging.Logger]:
    names = {*_KNOWN, *ROOTS}
    names.update(
        name
        for name in list(logging.root.manager.loggerDict)
        if name.startswith(tuple(f"{root}." for root in ROOTS))
    )
    return [logging.getLogger(name) for name in sorted(names)]
