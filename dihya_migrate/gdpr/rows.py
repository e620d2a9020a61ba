"""Reads a person's rows as an export shows them: secrets withheld, other people redacted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from .case import Case
from .found import Found, Row, in_order
from .graph import touched
from .keys import batches, columns_of, matches
from .records import ColumnRule, Key, TableRule
from .tokens import REDACTED, Tokens
from .values import plain

Record = dict[str, object]
_ROLES = ("subject", "owned", "shared", "mention")


class Reader:
    """One export's reading; its counters are complete when all tables have been read."""

    def __init__(self, connection: sa.Connection, case: Case, found: Found) -> None:
        self.connection, self.case, self.found = connection, case, found
        self.redacted: Counter[str] = Counter()
        """``table.column`` → values of other people left out."""
        self.tokens = Tokens(case.part, case.home.name, self._own_row())

    def tables(self) -> tuple[str, ...]:
        """Tables that have rows, the person's own first."""
        return tuple(name for name in touched(self.case.part, self.case.kind) if self.found.rows.get(name))

    def columns(self, name: str) -> tuple[str, ...]:
        """The columns that *name*'s records have: all but the secrets."""
        return tuple(
            column.name for column in self.case.part.tables[name].columns if column.state != "secret"
        )

    def records(self, name: str) -> Iterator[Record]:
        """The rows of one table, in the order of their keys."""
        rule, source = self.case.part.tables[name], self.case.tables[name]
        own, names = columns_of(source, rule.key), self.columns(name)
        wanted = columns_of(source, names)
        rows = self.found.rows[name]
        for batch in batches(in_order(rows), len(own)):
            query = sa.select(*own, *wanted).where(matches(own, batch))
            found = {tuple(row[: len(own)]): row[len(own) :] for row in self.connection.execute(query)}
            for key in batch:
                if key in found:
                    data = dict(zip(names, found[key], strict=True))
                    yield self._record(rule, key, rows[key], data)

    def _record(self, table: TableRule, key: Key, row: Row, data: dict[str, object]) -> Record:
        stranger = row.roles == {"mention"} and self._somebodys(table)
        for column in table.columns:
            if data.get(column.name) is not None and _hidden(table, column, stranger=stranger):
                data[column.name] = REDACTED
                self.redacted[column.full_name] += 1
        self.tokens.replace(table.name, data)
        pk = {name: data.get(name, value) for name, value in zip(table.key, key, strict=True)}
        if stranger and table.kind:
            self.tokens.replace(table.name, pk, self_too=True)
            data |= pk
        return {
            "pk": _pk(table, pk),
            "roles": [role for role in _ROLES if role in row.roles],
            "data": {name: plain(value) for name, value in data.items()},
        }

    def _somebodys(self, table: TableRule) -> bool:
        """Do the rows of *table* belong to people at all?"""
        owned = any(e.table == table.name and e.role in ("owned", "shared") for e in self.case.part.edges)
        return bool(table.kind) or owned

    def _own_row(self) -> Mapping[str, object]:
        home = self.case.home
        source = self.case.tables[home.name]
        names = [column.name for column in home.columns]
        own = columns_of(source, home.key)
        query = sa.select(*columns_of(source, names)).where(matches(own, [self.case.person]))
        row = self.connection.execute(query).first()
        return dict(zip(names, row, strict=True)) if row else {}


def _hidden(table: TableRule, column: ColumnRule, *, stranger: bool) -> bool:
    if column.third_party:
        return True
    if not stranger or column.state in ("key", "edge"):
        return False
    return column.state == "personal" or bool(table.kind)


def _pk(table: TableRule, pk: Mapping[str, object]) -> object:
    """One value, an object for a key of several columns, null for a table without a primary key."""
    if not any(column.key for column in table.columns):
        return None
    values = {name: plain(value) for name, value in pk.items()}
    return next(iter(values.values())) if len(values) == 1 else values
