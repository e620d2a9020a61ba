"""Other people in an export: their keys become ``person-1``, ``person-2`` …, the same within one file."""

from __future__ import annotations

from collections.abc import Mapping

from .records import Edge, Key, Part

REDACTED = "[redacted]"
"""Stands where another person's value was."""


class Tokens:
    """Knows which columns point at people, and who has which token.

    Args:
        part: The map.
        home: Table of the person whose export it is.
        own: That person's own row, by column.
    """

    def __init__(self, part: Part, home: str, own: Mapping[str, object]) -> None:
        self.home, self.own = home, own
        self.pointers = _pointers(part)
        self._given: dict[tuple[str, Key], str] = {}

    @property
    def people(self) -> int:
        """How many others have a token."""
        return len(self._given)

    def replace(self, table: str, data: dict[str, object], *, self_too: bool = False) -> None:
        """Put tokens in the place of other people's keys in *data*.

        Args:
            table: Where the row is.
            data: Column → value; changed in place.
            self_too: The row itself is another person: its key is one too.
        """
        found = list(self.pointers.get(table, ()))
        if self_too:
            found.append((tuple(data), table, tuple(data)))
        for columns, target, target_columns in found:
            values = tuple(data.get(column) for column in columns)
            mine = tuple(self.own.get(c) for c in target_columns) if target == self.home else ()
            if None in values or values == mine:
                continue
            token = self._given.setdefault((target, values), f"person-{len(self._given) + 1}")
            for i, column in enumerate(columns):
                if column in data and (not mine or values[i] != mine[i]):
                    data[column] = token


Pointer = tuple[tuple[str, ...], str, tuple[str, ...]]


def _pointers(part: Part) -> dict[str, list[Pointer]]:
    """Table → (columns, table of people, its columns), also where a chain of shared keys leads there."""
    found: dict[str, list[Pointer]] = {}
    people = {table.name for table in part.tables.values() if table.kind}
    todo: list[tuple[Edge, Pointer]] = [
        (edge, (edge.columns, edge.target, edge.target_columns))
        for edge in part.edges
        if edge.target in people
    ]
    while todo:
        edge, pointer = todo.pop(0)
        if pointer in found.setdefault(edge.table, []):
            continue
        found[edge.table].append(pointer)
        for next_ in part.edges_into(edge.table):
            if set(next_.target_columns) == set(edge.columns) and next_.target not in people:
                back = dict(zip(next_.target_columns, next_.columns, strict=True))
                columns = tuple(back[column] for column in edge.columns)
                todo.append((next_, (columns, pointer[1], pointer[2])))
    return found
