"""Transactions on MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection, Engine

from ..common import sub_engine


@contextmanager
def migration_engine(engine: Engine, *, suspend_foreign_keys: bool) -> Iterator[Engine]:
    """The application's engine as it is: each DDL statement commits, whatever we do."""
    del suspend_foreign_keys
    yield sub_engine(engine)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One unchanging state: InnoDB fixes it at the first read under REPEATABLE READ."""
    with engine.connect() as raw:
        connection = raw.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin() as transaction:
            yield connection
            transaction.rollback()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction; READ COMMITTED, so that a second look sees what others committed meanwhile."""
    with engine.connect() as raw:
        connection = raw.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            yield connection


def after_erasure(_engine: Engine) -> tuple[str, ...]:
    """Nothing a client should do on a shared server; purge threads free the old row versions."""
    return ("old row versions until purged", "binary logs, replicas and backups")
