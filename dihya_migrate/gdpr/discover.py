"""Finds a person's rows: rounds of batched selects on keys, over the edges that the map gives a role.

Core selects only, so that no filter of the ORM (soft delete, tenant) hides a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from .found import Found, in_order
from .keys import batches, columns_of, matches
from .records import Edge, Key, Part


class Discovery:
    """One walk from one person.

    Args:
        tables: The models' tables by name.
        through_shared: Follow on from rows that other people share; an export does, an erasure must not.
        pointers: Also look for rows of other people that point into the closure; an erasure needs them.
    """

    def __init__(
        self,
        connection: sa.Connection,
        part: Part,
        tables: Mapping[str, sa.Table],
        kind: str,
        *,
        through_shared: bool = False,
        pointers: bool = True,
    ) -> None:
        self.connection, self.part, self.tables, self.kind = connection, part, tables, kind
        self.through_shared, self.pointers = through_shared, pointers
        self.walking = tuple(
            edge
            for edge in sorted(part.edges, key=lambda edge: edge.name)
            if edge.owned_for(kind) or edge.role == "shared"
        )

    def run(self, key: Key, *, present: bool) -> Found:
        """Everything that belongs to, or mentions, one person.

        Args:
            key: Of the person's own row.
            present: Is the person's own row there? Without it, what still points at the key is found.
        """
        home = self.part.subject_table(self.kind).name
        found = Found((home, key), present)
        if present:
            row = found.row(home, key)
            row.roles.add("subject")
            row.walked = True
        frontier: dict[str, set[Key]] = {home: {key}}
        while frontier:
            frontier = self._round(found, frontier)
            if not frontier:
                frontier = self._now_alone(found)
        self._mentions(found)
        return found

    def _round(self, found: Found, frontier: dict[str, set[Key]]) -> dict[str, set[Key]]:
        new: dict[str, set[Key]] = {}
        for edge in self.walking:
            for child, parent in self._pairs(edge, frontier.get(edge.target, ())):
                found.pairs.setdefault(edge, []).append((child, parent))
                row = found.row(edge.table, child)
                row.over.add(edge)
                row.roles.add("owned" if edge.role == "owned" else "shared")
                if not row.walked and (self.through_shared or "owned" in row.roles):
                    new.setdefault(edge.table, set()).add(child)
                    row.walked = True
        return new

    def _now_alone(self, found: Found) -> dict[str, set[Key]]:
        """Shared rows whose every sharer is in the closure: they count as owned from here on."""
        new: dict[str, set[Key]] = {}
        for table in {edge.table for edge in self.walking if edge.role == "shared"}:
            rows = found.rows.get(table, {})
            keys = [key for key, row in rows.items() if "shared" in row.roles and "owned" not in row.roles]
            others = self._shared_with_others(found, table, keys)
            for key in keys:
                rows[key].alone = key not in others
                if rows[key].alone and not rows[key].walked:
                    rows[key].walked = True
                    new.setdefault(table, set()).add(key)
        return new

    def _shared_with_others(self, found: Found, table: str, keys: list[Key]) -> set[Key]:
        others: set[Key] = set()
        rule, source = self.part.tables[table], self.tables[table]
        own = columns_of(source, rule.key)
        for edge in self.walking:
            if edge.table != table or edge.role != "shared":
                continue
            pointer = columns_of(source, edge.columns)
            mine = set(found.pairs.get(edge, ()))
            pointing = {child for child, _ in mine}
            for batch in batches(in_order(keys), len(own)):
                query = sa.select(*own).where(matches(own, batch), *(c.is_not(None) for c in pointer))
                others |= {tuple(row) for row in self.connection.execute(query)} - pointing
        return others

    def _mentions(self, found: Found) -> None:
        """Rows of others that point into the closure; those that name the person are part of the picture."""
        home, key = found.subject
        targets = {table: set(rows) for table, rows in found.rows.items()}
        targets.setdefault(home, set()).add(key)
        for edge in self.part.edges:
            if edge in self.walking or edge.target not in targets:
                continue
            if not self.pointers and not (edge.role == "mention" and edge.target == home):
                continue
            found.pairs[edge] = list(self._pairs(edge, targets[edge.target]))
            for child, parent in found.pairs[edge]:
                if edge.role == "mention" and (edge.target, parent) == (home, key):
                    found.row(edge.table, child).roles.add("mention")

    def _pairs(self, edge: Edge, keys: set[Key] | tuple[()]) -> Iterator[tuple[Key, Key]]:
        """(key of the row that points, key of the row it points at) for the rows that point at *keys*."""
        if not keys:
            return
        source, far = self.tables[edge.table], self.tables[edge.target]
        near = columns_of(source, self.part.tables[edge.table].key)
        wanted = self.part.tables[edge.target].key
        if edge.by_key:
            pointer = dict(zip(edge.target_columns, columns_of(source, edge.columns), strict=True))
            ends: list[sa.ColumnElement[object]] = [pointer[name] for name in wanted]
            base: sa.FromClause = source
        else:
            alias = far.alias("far")
            by_name = {column.name: alias.c[column.key] for column in far.columns}
            ends = [by_name[name] for name in wanted]
            pairs = zip(columns_of(source, edge.columns), edge.target_columns, strict=True)
            base = source.join(alias, sa.and_(*(near_c == by_name[name] for near_c, name in pairs)))
        for batch in batches(in_order(keys), len(wanted)):
            query = sa.select(*near, *(c.label(f"far_{i}") for i, c in enumerate(ends))).select_from(base)
            for row in self.connection.execute(query.where(matches(ends, batch))):
                yield tuple(row[: len(near)]), tuple(row[len(near) :])
