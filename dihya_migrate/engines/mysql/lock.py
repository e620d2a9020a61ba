"""The run lock: ``GET_LOCK``, polled; it survives DDL and commits, and goes with its connection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from ..common import poll, pool_apart
from ..registry import LockScope

_HOLDER = text(
    "SELECT id, SUBSTRING_INDEX(host, ':', 1), time FROM information_schema.processlist"
    " WHERE id = IS_USED_LOCK(:name)"
)


def lock_name(database: str, scope: LockScope) -> str:
    """At most 64 characters, as MySQL demands; the server has one name space for all databases."""
    key = f"{database}\n{scope.schema or ''}\n{scope.version_table}"
    return "dihya_migrate:" + hashlib.sha256(key.encode()).hexdigest()[:40]


@contextmanager
def hold(engine: Engine, scope: LockScope, timeout: float) -> Iterator[None]:
    """See :class:`dihya_migrate.engines.Server`."""
    with pool_apart(engine) as side, side.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        # the connection idles during the whole run; the server's default would close it after 8 hours
        connection.execute(text("SET SESSION wait_timeout = 2073600"))
        name = {"name": lock_name(str(connection.execute(text("SELECT DATABASE()")).scalar()), scope)}
        poll(
            lambda: connection.execute(text("SELECT GET_LOCK(:name, 0)"), name).scalar() == 1,
            lambda: _holder(connection, name),
            timeout,
        )
        yield
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), name)


def _holder(connection: Connection, name: dict[str, str]) -> str:
    row = connection.execute(_HOLDER, name).first()
    return f"connection {row[0]} from {row[1]}, {row[2]} s old" if row else "a connection that has just ended"
