"""The vocabulary of the privacy side: frozen records, standard library only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..sealing import canonical

Key = tuple[object, ...]
"""The values of a row's key, in the order of :attr:`TableRule.key`."""

State = Literal["personal", "not_personal", "secret", "key", "edge", "undecided"]
Role = Literal["owned", "shared", "mention", "stop", ""]
Do = Literal["null", "const", "opaque", "pseudonym", "trunc_date", "keep", "refuse", "reassign"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """What becomes of a value or a pointer."""

    do: Do
    value: object = None
    domain: str = ""
    unit: str = ""
    reason: str = ""
    until: str = ""
    to: Key = ()

    def __str__(self) -> str:
        if self.do == "keep":
            return f"keep until {self.until} ({self.reason})"
        return {"trunc_date": f"trunc_date({self.unit})"}.get(self.do, self.do)

    def document(self) -> dict[str, object]:
        """As the map prints it; a value is shown as Python spells it."""
        parts = {"domain": self.domain, "unit": self.unit, "reason": self.reason, "until": self.until}
        document: dict[str, object] = {"do": self.do, **{k: v for k, v in parts.items() if v}}
        if self.do == "const":
            document["value"] = repr(self.value)
        return document


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One column and what the team said of it."""

    table: str
    name: str
    state: State
    type: str = ""
    family: str = ""
    """``string``, ``enum``, ``integer`` …: what a strategy must fit."""
    length: int | None = None
    nullable: bool = True
    unique: bool = False
    key: bool = False
    category: str = ""
    purposes: tuple[str, ...] = ()
    basis: str = ""
    retention: str = ""
    origin: str = ""
    recipients: tuple[str, ...] = ()
    reason: str = ""
    third_party: bool = False
    strategy: Strategy | None = None
    """Of personal and secret columns; None elsewhere."""
    declared_strategy: bool = False

    @property
    def full_name(self) -> str:
        """``table.column``."""
        return f"{self.table}.{self.name}"

    @property
    def treatable(self) -> bool:
        """Can the strategy be carried out on a row that stays?"""
        if self.strategy is None:
            return True
        return not (self.strategy.do == "null" and not self.nullable)

    def document(self) -> dict[str, object]:
        """As ``flask gdpr map`` prints it: what is empty is left out."""
        given: dict[str, object] = {
            "category": self.category,
            "purposes": list(self.purposes),
            "basis": self.basis,
            "retention": self.retention,
            "origin": self.origin,
            "recipients": list(self.recipients),
            "reason": self.reason,
            "third_party": self.third_party,
            "on_erase": self.strategy.document() if self.strategy else None,
        }
        head: dict[str, object] = {"name": self.name, "type": self.type, "state": self.state}
        return head | {key: value for key, value in given.items() if value}


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One reference between two tables: a foreign key, or a column declared with ``refers_to``.

    Compared by identity: the map makes each once, and rows by the million refer to it.
    """

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    role: Role = ""
    kind: str | None = None
    nullable: tuple[str, ...] = ()
    """The columns that become NULL to let go of the target; empty: it cannot let go."""
    delete: bool = False
    strategy: Strategy | None = None
    soft: bool = False
    by_key: bool = True
    """Are the target columns the target's key?"""

    @property
    def name(self) -> str:
        """``table.column``, or ``table.(a, b)``."""
        inner = self.columns[0] if len(self.columns) == 1 else f"({', '.join(self.columns)})"
        return f"{self.table}.{inner}"

    @property
    def does(self) -> str:
        """The declared policy's name; empty when there is none."""
        return self.strategy.do if self.strategy else ""

    def owned_for(self, kind: str) -> bool:
        """Does a row belong to a person of *kind* over this edge?"""
        return self.role == "owned" and self.kind in (None, kind)

    def document(self) -> dict[str, object]:
        """As the map prints it."""
        document: dict[str, object] = {
            "columns": list(self.columns),
            "target": self.target,
            "target_columns": list(self.target_columns),
            "role": self.role or "undecided",
        }
        extra = {"kind": self.kind, "delete_row": self.delete, "soft": self.soft}
        document |= {key: value for key, value in extra.items() if value}
        if self.strategy:
            document["on_erase"] = self.strategy.document()
        return document


@dataclass(frozen=True, slots=True)
class TableRule:
    """One table and what the team said of it."""

    name: str
    key: tuple[str, ...]
    columns: tuple[ColumnRule, ...]
    kind: str = ""
    """Of person, when each row is one."""
    lookup: tuple[str, ...] = ()
    born: str = ""
    delete: bool = False
    strategy: Strategy | None = None
    """``keep`` or ``refuse`` for whole rows."""
    declared: bool = True

    def column(self, name: str) -> ColumnRule:
        """The column called *name*."""
        return next(column for column in self.columns if column.name == name)

    @property
    def treated(self) -> tuple[ColumnRule, ...]:
        """Columns whose values change on a row that stays."""
        return tuple(c for c in self.columns if c.strategy and c.strategy.do not in ("keep", "refuse"))

    @property
    def kept(self) -> tuple[ColumnRule, ...]:
        """Columns whose values a law keeps."""
        return tuple(c for c in self.columns if c.strategy and c.strategy.do == "keep")

    def document(self) -> dict[str, object]:
        """As the map prints it, without edges."""
        document: dict[str, object] = {"key": list(self.key), "declared": self.declared}
        extra = {"subject": self.kind, "lookup": list(self.lookup), "born": self.born}
        document |= {key: value for key, value in extra.items() if value}
        if self.delete:
            document["delete_row"] = True
        if self.strategy:
            document["on_erase"] = self.strategy.document()
        document["columns"] = [column.document() for column in self.columns]
        return document


@dataclass(frozen=True, slots=True)
class Undecided:
    """A column or an edge that nobody has decided, with code to paste."""

    bind: str
    table: str
    column: str
    what: Literal["column", "edge", "table", "unreached"]
    paste: str

    def document(self) -> dict[str, object]:
        """For ``--format json``."""
        return {
            "bind": self.bind,
            "table": self.table,
            "column": self.column,
            "what": self.what,
            "fix": self.paste,
        }


@dataclass(frozen=True)
class Part:
    """The map of one database."""

    bind: str
    tables: Mapping[str, TableRule]
    edges: tuple[Edge, ...]
    undecided: tuple[Undecided, ...] = ()

    def subject_table(self, kind: str) -> TableRule:
        """The table whose rows are the persons of *kind*."""
        return next(table for table in self.tables.values() if table.kind == kind)

    def edges_into(self, target: str) -> tuple[Edge, ...]:
        """All edges that point at *target*."""
        return tuple(edge for edge in self.edges if edge.target == target)

    def document(self) -> dict[str, object]:
        """Tables by name, edges with them."""
        tables: dict[str, object] = {}
        for name in sorted(self.tables):
            edges = [edge.document() for edge in self.edges if edge.table == name]
            tables[name] = self.tables[name].document() | ({"edges": edges} if edges else {})
        return {"bind": self.bind, "tables": tables}


@dataclass(frozen=True)
class DataMap:
    """What is known of personal data in all databases of one application."""

    parts: Mapping[str, Part]
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Kind of person → bind where that person's table is."""

    @property
    def undecided(self) -> tuple[Undecided, ...]:
        """What nobody has decided, in all databases."""
        return tuple(item for bind in sorted(self.parts) for item in self.parts[bind].undecided)

    @property
    def sha256(self) -> str:
        """Of the canonical form; changes when a declaration or a column does."""
        body = {"version": 1, "parts": [self.parts[bind].document() for bind in sorted(self.parts)]}
        return hashlib.sha256(canonical(body)).hexdigest()

    def document(self) -> dict[str, object]:
        """For ``flask gdpr map --format json``."""
        return {
            "map_sha256": self.sha256,
            "subjects": {
                kind: self.parts[bind].subject_table(kind).name for kind, bind in self.kinds.items()
            },
            "databases": [self.parts[bind].document() for bind in sorted(self.parts)],
            "undecided": [item.document() for item in self.undecided],
        }
