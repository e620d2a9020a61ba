"""The plan of an erasure: which rows go, change or stay, in which order, and what speaks against it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..sealing import canonical
from .found import Found, in_order
from .records import Edge, Key, Strategy


@dataclass(frozen=True, slots=True)
class Pointer:
    """Rows of one table that let go of what they point at, or point elsewhere."""

    edge: Edge
    keys: tuple[Key, ...]
    to: Key = ()
    """Where they point afterwards; empty: nowhere."""

    @property
    def does(self) -> str:
        """As a plan prints it."""
        return "reassign" if self.to else "null"


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows, or columns of rows, that stay for a reason."""

    reason: str
    rows: int
    until: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What happens in one table."""

    table: str
    delete: tuple[Key, ...] = ()
    treat: tuple[Key, ...] = ()
    columns: tuple[tuple[str, Strategy], ...] = ()
    """What is done to the columns of the rows in *treat*."""
    pointers: tuple[Pointer, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def changed(self) -> frozenset[Key]:
        """Rows that stay and change."""
        keys = {key for pointer in self.pointers for key in pointer.keys}
        return frozenset(keys | (set(self.treat) if self.columns else set()))

    def counts(self) -> dict[str, int]:
        """Rows deleted, changed, kept."""
        return {
            "deleted": len(self.delete),
            "changed": len(self.changed),
            "kept": sum(item.rows for item in self.kept),
        }

    def document(self) -> dict[str, object]:
        """Without any key."""
        strategies = {name: str(strategy) for name, strategy in self.columns} if self.treat else {}
        return {
            "table": self.table,
            **self.counts(),
            "columns": strategies,
            "pointers": [{"edge": p.edge.name, "does": p.does, "rows": len(p.keys)} for p in self.pointers],
            "reasons": [
                {"reason": k.reason, "until": k.until, "rows": k.rows, "columns": list(k.columns)}
                for k in self.kept
            ],
        }


@dataclass(frozen=True)
class Plan:
    """One erasure, decided before the first write."""

    kind: str
    key: Key = field(repr=False)
    map_sha256: str
    tables: tuple[TablePlan, ...] = field(repr=False)
    """In the order in which rows go: children before their parents."""
    cut: tuple[Pointer, ...] = field(default=(), repr=False)
    """Pointers among rows that go, opened first because they close a cycle."""
    stuck: tuple[Edge, ...] = ()
    """Pointers of a cycle that cannot be opened; the constraints must wait for the commit."""
    cascades: tuple[str, ...] = ()
    """ON DELETE actions that the database has but will not need, for information."""
    conflicts: tuple[str, ...] = ()
    """Why it cannot be carried out, each with the way out."""

    def table(self, name: str) -> TablePlan:
        """The part for *name*; empty when nothing happens there."""
        return next((table for table in self.tables if table.table == name), TablePlan(name))

    def counts(self) -> dict[str, dict[str, int]]:
        """Table → rows deleted, changed, kept."""
        return {table.table: table.counts() for table in self.tables}

    def totals(self) -> dict[str, int]:
        """Rows deleted, changed, kept, in all tables."""
        return {
            what: sum(table.counts()[what] for table in self.tables)
            for what in ("deleted", "changed", "kept")
        }

    @property
    def sha256(self) -> str:
        """Changes when a row, a declaration or a treatment does; keys enter it and cannot be read back."""
        rows = [
            {
                "table": table.table,
                "delete": _spelt(table.delete),
                "treat": _spelt(table.treat),
                "pointers": [[p.edge.name, _spelt(p.keys), _spelt((p.to,))] for p in table.pointers],
            }
            for table in self.tables
        ]
        body = {
            "version": 1,
            "map": self.map_sha256,
            "subject": [self.kind, *_spelt((self.key,))],
            "rows": rows,
            "conflicts": list(self.conflicts),
        }
        return hashlib.sha256(canonical(body)).hexdigest()

    def document(self) -> dict[str, object]:
        """For ``--format json``: counts, strategies, reasons; no identifier."""
        return {
            "plan_sha256": self.sha256,
            "map_sha256": self.map_sha256,
            "subject": {"kind": self.kind},
            "totals": self.totals(),
            "tables": [table.document() for table in self.tables],
            "order": [table.table for table in self.tables if table.delete],
            "opened_first": [pointer.edge.name for pointer in self.cut],
            "deferred": [edge.name for edge in self.stuck],
            "cascades": list(self.cascades),
            "conflicts": list(self.conflicts),
        }


def _spelt(keys: tuple[Key, ...]) -> list[list[str]]:
    return [[repr(value) for value in key] for key in in_order(keys)]


def as_counts(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """``table.deleted`` → rows, without zeroes: the shape of an event's counts."""
    return {f"{table}.{what}": n for table, row in counts.items() for what, n in row.items() if n}


def rows_in(found: Found) -> int:
    """How many rows the closure has."""
    return sum(len(rows) for rows in found.rows.values())
