"""SQLite: one writer a file, DDL that rolls back once we own the transaction."""

from __future__ import annotations

from .lock import hold
from .transaction import after_erasure, begin_deferred, begin_immediate, migration_engine, side_engine


class SQLite:
    """See :class:`dihya_migrate.engines.Server`."""

    name = "sqlite"
    transactional_ddl = True
    lock = staticmethod(hold)
    migration_engine = staticmethod(migration_engine)
    side_engine = staticmethod(side_engine)
    snapshot = staticmethod(begin_deferred)
    writing = staticmethod(begin_immediate)
    after_erasure = staticmethod(after_erasure)


SERVER = SQLite()
