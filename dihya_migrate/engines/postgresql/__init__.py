"""PostgreSQL: transactional DDL, advisory locks."""

from __future__ import annotations

from ..common import autocommit_under, beside_the_pool, commit_under
from .lock import hold
from .transaction import after_erasure, migration_engine, snapshot, writing


class PostgreSQL:
    """See :class:`dihya_migrate.engines.Server`."""

    name = "postgresql"
    transactional_ddl = True
    lock = staticmethod(hold)
    migration_engine = staticmethod(migration_engine)
    side_engine = staticmethod(beside_the_pool)
    snapshot = staticmethod(snapshot)
    writing = staticmethod(writing)
    commit_under = staticmethod(commit_under)
    autocommit_under = staticmethod(autocommit_under)
    after_erasure = staticmethod(after_erasure)


SERVER = PostgreSQL()
