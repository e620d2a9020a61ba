"""Moving the version row: with a statement that is compiled once, and no more often than it can be seen.

Alembic writes the revision into the statement as a literal, so SQLAlchemy compiles it anew at each step, and
sends it at each step, though within one transaction nobody sees but the last. Both are half the time of a run
of small revisions. Here the ids are bound parameters; and where all steps share a transaction, the move waits
until something looks: a commit, or any statement that names the version table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import sqlalchemy as sa
from alembic.runtime.migration import HeadMaintainer, MigrationContext
from alembic.util import CommandError
from sqlalchemy.engine import Connection

_ORIGINAL = HeadMaintainer._update_version
_KEY = "dihya_waiting_moves"


class WaitingMoves:
    """Moves of version rows that were not sent yet: where each row will be, and where it is."""

    def __init__(self, context: MigrationContext) -> None:
        self._table = context._version
        self._check = context.dialect.supports_sane_rowcount
        self._moves: dict[str, str] = {}
        context.opts[_KEY] = self

    def add(self, old: str, new: str) -> None:
        """A row moves from *old* to *new*."""
        self._moves[new] = self._moves.pop(old, old)

    def concern(self, statement: str) -> bool:
        """Would *statement* see the difference?"""
        return bool(self._moves) and self._table.name in statement

    def send(self, connection: Connection) -> None:
        """Move the rows now.

        Raises:
            CommandError: A row is not where it was.
        """
        moves, self._moves = self._moves, {}
        for new, old in moves.items():
            move(connection, self._table, old, new, check=self._check)


def move(connection: Connection, table: sa.Table, old: str, new: str, *, check: bool) -> None:
    """Move one row.

    Raises:
        CommandError: It is not at *old*, and the driver can tell (*check*).
    """
    done = connection.execute(_statement(table), {"old": old, "new": new})
    if check and done.rowcount != 1:
        raise CommandError(f"the version row moved meanwhile: expected one at '{old}', found {done.rowcount}")


@contextmanager
def moved_by_us() -> Iterator[None]:
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
    context = self.context
    if context.as_sql or context.connection is None or to_ in self.heads:
        _ORIGINAL(self, from_, to_)
        return
    self.heads.remove(from_)
    self.heads.add(to_)
    waiting: WaitingMoves | None = context.opts.get(_KEY)
    if waiting is not None:
        waiting.add(from_, to_)
    else:
        check = context.dialect.supports_sane_rowcount
        move(context.connection, context._version, from_, to_, check=check)
