"""The run lock: a session advisory lock, polled.

A waiter inside ``pg_advisory_lock`` holds a snapshot that ``CREATE INDEX CONCURRENTLY`` waits for; a poller
in autocommit holds none.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from ..common import poll, pool_apart
from ..registry import LockScope

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_NEVER_IDLE_OUT = text(  # the setting exists since version 14
    "SELECT set_config('idle_session_timeout', '0', false)"
    " WHERE current_setting('server_version_num')::int >= 140000"
)
_HOLDER = text(
    "SELECT a.application_name, a.client_addr::text, to_char(a.backend_start, 'HH24:MI:SS TZ')"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database"
    " WHERE datname = current_database()) AND (l.classid::bigint << 32) + l.objid::bigint = :key"
)


def lock_key(scope: LockScope) -> int:
    """63 bits of a hash; the server adds the database itself."""
    name = f"dihya_migrate\n{scope.schema or ''}\n{scope.version_table}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


@contextmanager
def hold(engine: Engine, scope: LockScope, timeout: float) -> Iterator[None]:
    """See :class:`dihya_migrate.engines.Server`; the server frees it when the connection ends."""
    key = lock_key(scope)
    with pool_apart(engine) as side, side.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        name = f"dihya_migrate {socket.gethostname()}:{os.getpid()}"[:63]
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": name})
        connection.execute(_NEVER_IDLE_OUT)
        poll(
            lambda: bool(connection.execute(_TRY, {"key": key}).scalar()),
            lambda: _holder(connection, key),
            timeout,
        )
        yield
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def _holder(connection: Connection, key: int) -> str:
    row = connection.execute(_HOLDER, {"key": key}).first()
    if row is None:
        return "a session that has just ended"
    return f"{row[0] or 'unnamed session'} from {row[1] or 'this host'} since {row[2]}"
