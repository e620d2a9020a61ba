"""The graph of tables: what a person reaches, and an order in which rows can go. No database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .records import Edge, Part


def walked(part: Part, kind: str) -> tuple[str, ...]:
    """The tables whose rows may belong to a person of *kind*, the person's own first, in a stable order."""
    reached = [part.subject_table(kind).name]
    for table in reached:
        for edge in sorted(part.edges_into(table), key=lambda edge: edge.name):
            if (edge.owned_for(kind) or edge.role == "shared") and edge.table not in reached:
                reached.append(edge.table)
    return tuple(reached)


def touched(part: Part, kind: str) -> tuple[str, ...]:
    """:func:`walked` and the tables that mention the person or one of these rows."""
    core = walked(part, kind)
    mentioning = {edge.table for edge in part.edges if edge.target in core and edge.role == "mention"}
    return (*core, *sorted(mentioning - set(core)))


@dataclass(frozen=True, slots=True)
class Order:
    """How rows of several tables go without ever pointing at nothing."""

    tables: tuple[str, ...]
    """Children before their parents."""
    cut: tuple[Edge, ...] = ()
    """Pointers that become NULL first, because they close a cycle."""
    stuck: tuple[Edge, ...] = ()
    """Pointers of a cycle that cannot be NULL; only constraints checked at the commit allow for these."""


def order(tables: Iterable[str], edges: Iterable[Edge]) -> Order:
    """Sort *tables* so that a row goes before the row it points at; soft edges bind nobody.

    A cycle is opened at the first edge, by name, that can let go; where none can, at the first one.
    """
    left = sorted(set(tables))
    binding = sorted(
        (e for e in edges if not e.soft and e.table in left and e.target in left), key=lambda e: e.name
    )
    cut: list[Edge] = []
    stuck: list[Edge] = []
    done: list[str] = []
    while left:
        free = [t for t in left if not any(e.target == t and e.table in left for e in binding)]
        if free:
            done.append(free[0])
            left.remove(free[0])
            continue
        edge = _weakest(_in_cycles([e for e in binding if e.table in left and e.target in left]))
        (cut if edge.nullable else stuck).append(edge)
        binding.remove(edge)
    return Order(tuple(done), tuple(cut), tuple(stuck))


def _weakest(edges: list[Edge]) -> Edge:
    return next((edge for edge in edges if edge.nullable), edges[0])


def _in_cycles(edges: list[Edge]) -> list[Edge]:
    """The *edges* that lie on a cycle: their target leads back to their table."""
    return [edge for edge in edges if edge.table in _reach(edge.target, edges)]


def _reach(start: str, edges: list[Edge]) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        table = todo.pop()
        for edge in edges:
            if edge.table == table and edge.target not in seen:
                seen.add(edge.target)
                todo.append(edge.target)
    return seen
