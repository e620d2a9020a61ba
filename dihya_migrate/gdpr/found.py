"""What discovery found of one person: keys, roles and pointers. No values, no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .records import Edge, Key


@dataclass(slots=True)
class Row:
    """Why one row is part of the picture."""

    roles: set[str] = field(default_factory=set)
    """``subject``, ``owned``, ``shared``, ``mention``."""
    over: set[Edge] = field(default_factory=set)
    """The edges it was reached over, mentions left out."""
    alone: bool = True
    """False: other people share it."""
    walked: bool = False
    """Did the walk go on from here?"""

    @property
    def theirs(self) -> bool:
        """Does the row belong to the person, to them alone?"""
        return bool(self.roles & {"subject", "owned"}) or ("shared" in self.roles and self.alone)


@dataclass(slots=True)
class Found:
    """The closure of one person."""

    subject: tuple[str, Key] = field(repr=False)
    present: bool = True
    """Is the person's own row there?"""
    rows: dict[str, dict[Key, Row]] = field(default_factory=dict, repr=False)
    pairs: dict[Edge, list[tuple[Key, Key]]] = field(default_factory=dict, repr=False)
    """Edge → (key of the row that points, key of the row it points at), the latter in the closure."""

    def row(self, table: str, key: Key) -> Row:
        """The row, entered when it is new."""
        return self.rows.setdefault(table, {}).setdefault(key, Row())

    def counts(self) -> dict[str, int]:
        """Rows a table."""
        return {table: len(rows) for table, rows in sorted(self.rows.items()) if rows}


def in_order(keys: Iterable[Key]) -> tuple[Key, ...]:
    """*keys* in one order whatever their types."""
    return tuple(sorted(keys, key=repr))
