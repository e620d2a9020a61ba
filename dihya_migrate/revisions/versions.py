"""Moving the version row with one statement that is compiled once.

Alembic writes the revision into the statement as a literal, so SQLAlchemy compiles it anew at each step: half
the time of a run of small revisions. Here both ids are bound parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import sqlalchemy as sa
from alembic.runtime.migration import HeadMaintainer
from alembic.util import CommandError

_ORIGINAL = HeadMaintainer._update_version


@contextmanager
def compiled_once() -> Iterator[None]:
    """Within the block, the version row moves this way. Not for two threads at once."""
    HeadMaintainer._update_version = _update  # type: ignore[method-assign]
    try:
        yield
    finally:
        HeadMaintainer._update_version = _ORIGINAL  # type: ignore[method-assign]
        _statement.cache_clear()


@lru_cache(maxsize=8)
def _statement(table: sa.Table) -> sa.Update:
    column = table.c.version_num
    return table.update().where(column == sa.bindparam("old")).values(version_num=sa.bindparam("new"))


def _update(self: HeadMaintainer, from_: str, to_: str) -> None:
    connection = self.context.connection
    if self.context.as_sql or connection is None or to_ in self.heads:
        _ORIGINAL(self, from_, to_)
        return
    self.heads.remove(from_)
    self.heads.add(to_)
    done = connection.execute(_statement(self.context._version), {"old": from_, "new": to_})
    if self.context.dialect.supports_sane_rowcount and done.rowcount != 1:
        raise CommandError(
            f"the version row moved meanwhile: expected one row at '{from_}', found {done.rowcount}"
        )
