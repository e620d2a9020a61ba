"""The run lock of a file: a transaction held open on a second, tiny SQLite file beside it.

The operating system drops it when its owner dies. The database itself stays free for readers.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.engine import Engine

from ...errors import UnfitEnvironmentError
from ..common import poll
from ..registry import LockScope

_SUFFIX = "-dihya-lock"


@contextmanager
def hold(engine: Engine, scope: LockScope, timeout: float) -> Iterator[None]:
    """See :class:`dihya_migrate.engines.Server`; one lock a file, as SQLite has one writer a file."""
    path = database_file(engine)
    if path is None:  # in memory: nobody else can see it, and the process-wide guard holds off threads
        yield
        return
    with closing(_open(path + _SUFFIX)) as connection:
        poll(lambda: _take(connection), lambda: _holder(connection), timeout)
        yield
        connection.rollback()


def database_file(engine: Engine) -> str | None:
    """The path SQLite opened; None in memory."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("PRAGMA database_list").all()
    return next((row[2] for row in rows if row[1] == "main" and row[2]), None)


def _open(path: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.OperationalError:
        raise _unwritable() from None


def _unwritable() -> UnfitEnvironmentError:
    return UnfitEnvironmentError(
        "the lock file beside the SQLite database cannot be written",
        "give the process write access to the database's folder",
    )


def _take(connection: sqlite3.Connection) -> bool:
    """Publish who we are, then take the lock again and hold it; only a committed row is seen by others."""
    since = time.strftime("%H:%M:%S UTC", time.gmtime())
    me = f"process {os.getpid()} on {socket.gethostname()} since {since}"
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS holder (who TEXT)")
        connection.execute("DELETE FROM holder")
        connection.execute("INSERT INTO holder VALUES (?)", (me,))
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT who FROM holder").fetchall() == [(me,)]:
            return True
    except sqlite3.OperationalError as error:
        if not _busy(error):
            raise _unwritable() from None
    if connection.in_transaction:
        connection.rollback()
    return False


def _holder(connection: sqlite3.Connection) -> str:
    try:
        row = connection.execute("SELECT who FROM holder").fetchone()
    except sqlite3.OperationalError:
        row = None
    return row[0] if row else "another process"


def _busy(error: sqlite3.OperationalError) -> bool:
    return "locked" in str(error) or "busy" in str(error)
