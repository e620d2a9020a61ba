"""SQLite: one writer a file, DDL that rolls back once we own the transaction."""

from __future__ import annotations

from .lock import hold
from .transaction import (
    after_erasure,
    autocommit_under,
    begin_deferred,
    begin_immediate,
    commit_under,
    migration_engine,
    side_engine,
)


class SQLite:
    """See :class:`dihya_migrate.engines.Server`."""

    name = "sqlite"
    transactional_ddl = True
    lock = staticmethod(hold)
    migration_engine = staticmethod(migration_engine)
    side_engine = staticmethod(side_engine)
    snapshot = staticmethod(begin_deferred)
    writing = staticmethod(begin_immediate)
    commit_under = staticmethod(commit_under)
    autocommit_under = staticmethod(autocommit_under)
    after_erasure = staticmethod(after_erasure)


SERVER = SQLite()
