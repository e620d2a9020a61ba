"""Transactions we own: the driver opens none before DDL, so BEGIN is emitted here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from ...errors import FailedError
from ..common import beside_the_pool, driver_of, sub_engine
from .lock import database_file

_LEGACY = getattr(sqlite3, "LEGACY_TRANSACTION_CONTROL", -1)
_BEGINS = {f"BEGIN{mode}" for mode in ("", " TRANSACTION", " DEFERRED", " IMMEDIATE", " EXCLUSIVE")}
Violation = tuple[object, ...]


@dataclass
class _Guard:
    """Takes transaction control from the driver while a connection is ours, and gives it back after."""

    begin: str
    suspend_foreign_keys: bool = False
    saved: dict[int, tuple[object, object, bool]] = field(default_factory=dict)
    before: set[Violation] = field(default_factory=set)

    def on_begin(self, connection: Connection) -> None:
        """Take over, then open the transaction; the pragma is a no-op inside one."""
        driver = driver_of(connection)
        if id(driver) not in self.saved:
            self._take_over(driver)
        connection.exec_driver_sql(self.begin)

    def on_statement(
        self, connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> tuple[str, Any]:
        """Pass by the BEGIN of an application that follows SQLAlchemy's recipe: ours was there before."""
        if statement.strip().upper() in _BEGINS and driver_of(connection).in_transaction:
            return "SELECT 1", ()
        return statement, parameters

    def _take_over(self, driver: Any) -> None:
        keys = bool(_pragma(driver, "foreign_keys")[0][0])
        self.saved[id(driver)] = (driver.isolation_level, getattr(driver, "autocommit", None), keys)
        if hasattr(driver, "autocommit"):
            driver.autocommit = _LEGACY
        driver.isolation_level = None
        if driver.in_transaction:  # opened by the application's own listener or driver mode; nothing is in it
            driver.rollback()
        if keys and self.suspend_foreign_keys:
            self.before = set(_pragma(driver, "foreign_key_check"))
            _pragma(driver, "foreign_keys=OFF")

    def on_commit(self, connection: Connection) -> None:
        """Refuse a commit that would leave rows pointing at nothing."""
        driver = driver_of(connection)
        if not (self.suspend_foreign_keys and self.saved.get(id(driver), (0, 0, False))[2]):
            return
        new = set(_pragma(driver, "foreign_key_check")) - self.before
        if new:
            pairs = sorted({f"{row[0]} -> {row[2]}" for row in new})
            raise FailedError(
                f"{len(new)} row(s) would point at nothing ({', '.join(pairs)}); foreign keys are suspended "
                "while this run copies tables, and checked before the commit",
                "delete the children before their parents, or upgrade to that revision in a run of its own",
            )

    def on_checkin(self, driver: Any, _record: object) -> None:
        """Give control back."""
        saved = self.saved.pop(id(driver), None)
        if driver is None or saved is None:
            return
        driver.isolation_level = saved[0]
        if saved[2] and self.suspend_foreign_keys:
            _pragma(driver, "foreign_keys=ON")
        if saved[1] is not None:
            driver.autocommit = saved[1]


def _pragma(driver: Any, text: str) -> list[Violation]:
    cursor = driver.cursor()
    try:
        return list(cursor.execute(f"PRAGMA {text}").fetchall())
    finally:
        cursor.close()


@contextmanager
def _guarded(engine: Engine, guard: _Guard) -> Iterator[Engine]:
    """*engine* through a sub-engine, whose events do not reach the application's connections."""
    own = sub_engine(engine)
    event.listen(own, "begin", guard.on_begin)
    event.listen(own, "commit", guard.on_commit)
    event.listen(own, "before_cursor_execute", guard.on_statement, retval=True)
    event.listen(engine.pool, "checkin", guard.on_checkin)
    try:
        yield own
    finally:
        event.remove(engine.pool, "checkin", guard.on_checkin)


@contextmanager
def migration_engine(engine: Engine, *, suspend_foreign_keys: bool) -> Iterator[Engine]:
    """See :class:`dihya_migrate.engines.Server`.

    With *suspend_foreign_keys*, a table copy cannot delete the rows of child tables: DROP TABLE deletes its
    rows first, and ON DELETE CASCADE would follow. The keys are checked before each commit.
    """
    with _guarded(engine, _Guard("BEGIN IMMEDIATE", suspend_foreign_keys)) as own:
        yield own


@contextmanager
def begin_immediate(engine: Engine) -> Iterator[Connection]:
    """A transaction that has the write lock from its start."""
    with _guarded(engine, _Guard("BEGIN IMMEDIATE")) as own, own.begin() as connection:
        yield connection


@contextmanager
def begin_deferred(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state; rolled back at the end."""
    with _guarded(engine, _Guard("BEGIN")) as own, own.connect() as connection:
        connection.begin()
        yield connection
        connection.rollback()


@contextmanager
def side_engine(engine: Engine) -> Iterator[Engine]:
    """See :class:`dihya_migrate.engines.Server`; in memory there is only the one connection."""
    # only these pools share one connection; of another the pool's last connection may be taken, so do not ask
    if isinstance(engine.pool, StaticPool | SingletonThreadPool) and database_file(engine) is None:
        yield engine
        return
    with beside_the_pool(engine) as side:
        yield side


def commit_under(connection: Connection) -> None:
    """See :class:`dihya_migrate.engines.Server`; here BEGIN is ours to emit."""
    connection.dialect.do_commit(connection.connection)
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def autocommit_under(connection: Connection) -> Iterator[None]:
    """See :class:`dihya_migrate.engines.Server`; without BEGIN each statement commits."""
    connection.dialect.do_commit(connection.connection)
    try:
        yield
    finally:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def after_erasure(engine: Engine) -> tuple[str, ...]:
    """Empty the write-ahead log; deleted pages were overwritten because ``secure_delete`` was on."""
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        if mode == "wal":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return ("backups and copies of the database file",)
