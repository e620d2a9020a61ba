"""Carries out a plan inside the caller's transaction, in statements over sets of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ..errors import FailedError
from .fillers import replacement
from .keys import batches, columns_of, matches
from .plan import Plan, Pointer, TablePlan
from .records import Key, Part, Strategy

_PER_ROW = ("pseudonym", "opaque", "trunc_date")


class Actor:
    """One transaction's worth of changes.

    Args:
        key: ``DIHYA_PSEUDONYM_KEY``.
    """

    def __init__(
        self, connection: sa.Connection, part: Part, tables: Mapping[str, sa.Table], key: bytes
    ) -> None:
        self.connection, self.part, self.tables, self.key = connection, part, tables, key

    def run(self, plan: Plan) -> dict[str, dict[str, int]]:
        """Carry out *plan*; returns table → rows deleted and changed, as the database counted them.

        Raises:
            FailedError: A row of the plan was no longer there; the caller rolls back.
        """
        if plan.stuck:
            self._defer()
        counts: dict[str, dict[str, int]] = {}
        for table in plan.tables:
            for pointer in table.pointers:
                self._point(pointer)
            self._treat(table)
            counts[table.table] = {"deleted": 0, "changed": len(table.changed)}
        for pointer in plan.cut:
            self._point(pointer)
        for table in plan.tables:
            counts[table.table]["deleted"] = self._delete(table.table, table.delete, exact=not plan.stuck)
        return counts

    def _defer(self) -> None:
        """Let constraints wait for the commit, where the plan found no other way."""
        sqlite = self.connection.dialect.name == "sqlite"
        self.connection.exec_driver_sql(
            "PRAGMA defer_foreign_keys = ON" if sqlite else "SET CONSTRAINTS ALL DEFERRED"
        )

    def _point(self, pointer: Pointer) -> None:
        edge = pointer.edge
        source = self.tables[edge.table]
        if pointer.to:
            pairs: list[tuple[sa.Column[Any], object]] = list(
                zip(columns_of(source, edge.columns), pointer.to, strict=True)
            )
        else:
            pairs = [(column, sa.null()) for column in columns_of(source, edge.nullable)]
        self._update(edge.table, pointer.keys, dict(pairs))

    def _treat(self, table: TablePlan) -> None:
        if not table.treat:
            return
        source = self.tables[table.table]
        at_once: dict[sa.Column[Any], object] = {}
        for name, strategy in table.columns:
            (column,) = columns_of(source, [name])
            if strategy.do == "null":
                at_once[column] = sa.null()
            elif strategy.do == "const":
                value = sa.literal(strategy.value, column.type)
                at_once[column] = sa.case((column.is_(None), sa.null()), else_=value)
        if at_once:
            self._update(table.table, table.treat, at_once)
        row_by_row = [(name, strategy) for name, strategy in table.columns if strategy.do in _PER_ROW]
        if row_by_row:
            self._replace(table, row_by_row)

    def _update(self, name: str, keys: Sequence[Key], values: Mapping[sa.Column[Any], object]) -> None:
        source = self.tables[name]
        own = columns_of(source, self.part.tables[name].key)
        for batch in batches(keys, len(own)):
            update = sa.update(source).where(matches(own, batch))
            done = self.connection.execute(update.values(_with_stamps(source, values)))
            self._expect(name, done.rowcount, len(batch))

    def _replace(self, table: TablePlan, columns: list[tuple[str, Strategy]]) -> None:
        """Values that depend on the row: read a batch, write it back with one prepared statement."""
        source, rule = self.tables[table.table], self.part.tables[table.table]
        own = columns_of(source, rule.key)
        wanted = columns_of(source, [name for name, _ in columns])
        params = {c: sa.bindparam(f"new_{i}", type_=c.type) for i, c in enumerate(wanted)}
        here = [c == sa.bindparam(f"key_{i}", type_=c.type) for i, c in enumerate(own)]
        update = sa.update(source).where(*here).values(_with_stamps(source, params))
        for batch in batches(table.treat, len(own)):
            query = sa.select(*own, *wanted).where(matches(own, batch)).with_for_update()
            rows = []
            for row in self.connection.execute(query):
                key, values = row[: len(own)], row[len(own) :]
                new = {
                    f"new_{i}": replacement(rule.column(name), strategy, value, self.key)
                    for i, ((name, strategy), value) in enumerate(zip(columns, values, strict=True))
                }
                rows.append(new | {f"key_{i}": value for i, value in enumerate(key)})
            self._expect(table.table, len(rows), len(batch))
            self.connection.execute(update, rows)

    def _delete(self, name: str, keys: Sequence[Key], *, exact: bool) -> int:
        """Returns how many went; not *exact* where one may take another along, over ON DELETE CASCADE."""
        source = self.tables[name]
        own = columns_of(source, self.part.tables[name].key)
        deleted = 0
        for batch in batches(keys, len(own)):
            done = self.connection.execute(sa.delete(source).where(matches(own, batch)))
            if exact:
                self._expect(name, done.rowcount, len(batch))
            deleted += done.rowcount if exact else len(batch)
        return deleted

    def _expect(self, name: str, got: int, wanted: int) -> None:
        keyed = bool(self.tables[name].primary_key.columns)
        if got < wanted or (keyed and got > wanted):
            raise FailedError(
                f"{name}: {got} of {wanted} planned rows were there; another transaction changed them,"
                " and nothing was kept of this one",
                "run it again",
            )


def _with_stamps(source: sa.Table, values: Mapping[sa.Column[Any], Any]) -> dict[sa.Column[Any], Any]:
    """*values*; columns that stamp each update stay as they are: rows of others must not look touched."""
    stamps = {
        column: column
        for column in source.columns
        if (column.onupdate is not None or column.server_onupdate is not None) and column.computed is None
    }
    return {**stamps, **values}
