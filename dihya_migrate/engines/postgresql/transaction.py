"""Transactions on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection, Engine

from ..common import sub_engine


@contextmanager
def migration_engine(engine: Engine, *, suspend_foreign_keys: bool) -> Iterator[Engine]:
    """The application's engine as it is: DDL is transactional, no table is copied by us."""
    del suspend_foreign_keys
    yield sub_engine(engine)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One unchanging state, read-only."""
    with engine.connect() as raw:
        connection = raw.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin() as transaction:
            # not postgresql_readonly: its reset would leave the pooled connection explicitly writable
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield connection
            transaction.rollback()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction, even of an engine in autocommit; a second look in it sees what others committed."""
    with engine.connect() as raw:
        connection = raw.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            yield connection


def after_erasure(_engine: Engine) -> tuple[str, ...]:
    """Nothing a client should do on a shared server; autovacuum frees the dead rows."""
    return ("dead rows until VACUUM has run", "write-ahead log, replicas and backups")
