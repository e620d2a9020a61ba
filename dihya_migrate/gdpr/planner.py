"""Decides the fate of each row that discovery found. Pure: keys, roles and pointers in, a plan out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from . import graph
from .found import Found, Row, in_order
from .plan import Kept, Plan, Pointer, TablePlan
from .records import ColumnRule, Edge, Key, Part, Strategy, TableRule

_ByChild = dict[tuple[str, Key], list[tuple[Edge, Key]]]
_STAYS_FOR = "rows that stay point at it"


def make_plan(
    part: Part,
    found: Found,
    kind: str,
    *,
    map_sha256: str,
    today: date,
    deferrable: Iterable[Edge] = (),
    cascades: Iterable[str] = (),
) -> Plan:
    """The plan for one person; equal inputs give equal plans.

    Args:
        part: The map of the person's database.
        found: What discovery found there, with pointers.
        kind: Of person.
        map_sha256: Of the whole map.
        today: The day on which a ``keep`` may have ended.
        deferrable: Edges whose constraint can wait for the commit.
        cascades: ON DELETE actions to mention.
    """
    planner = _Planner(part, found, today)
    planner.decide()
    planner.hold_back()
    order = planner.order()
    possible = set(deferrable)
    for edge in order.stuck:
        if edge not in possible:
            planner.conflicts.add(
                f"{edge.name} closes a cycle of rows and cannot be NULL; make the column nullable,"
                " or its foreign key DEFERRABLE where the database knows that"
            )
    return Plan(
        kind,
        found.subject[1],
        map_sha256,
        tuple(planner.tables(order)),
        tuple(planner.cuts(order)),
        order.stuck,
        tuple(cascades),
        tuple(sorted(planner.conflicts)),
    )


class _Planner:
    def __init__(self, part: Part, found: Found, today: date) -> None:
        self.part, self.found, self.today = part, found, today
        self.going: dict[str, set[Key]] = defaultdict(set)
        self.legal: dict[str, dict[Key, Strategy]] = defaultdict(dict)
        self.stubs: dict[str, dict[Key, str]] = defaultdict(dict)
        self.conflicts: set[str] = set()

    # -- each row by itself

    def decide(self) -> None:
        """Give each row its fate by its own table and the edges it was reached over."""
        for name, rows in self.found.rows.items():
            table = self.part.tables[name]
            for key, row in rows.items():
                if row.theirs:
                    self._decide(table, key, row)
            if table.kept and any(row.theirs for row in rows.values()):
                for column in table.kept:
                    self._still_kept(column.full_name, column.strategy)

    def _decide(self, table: TableRule, key: Key, row: Row) -> None:
        policies = [(table.name, table.strategy), *((edge.name, edge.strategy) for edge in row.over)]
        for place, policy in policies:
            if policy and policy.do == "refuse":
                self.conflicts.add(f"{place} says refuse(): deal with these rows first, then erase")
            if policy and policy.do == "keep":
                self.legal[table.name][key] = policy
                self._still_kept(place, policy)
        if key not in self.legal[table.name] and (table.delete or any(edge.delete for edge in row.over)):
            self.going[table.name].add(key)

    def _still_kept(self, place: str, policy: Strategy | None) -> None:
        if policy and date.fromisoformat(policy.until) < self.today:
            self.conflicts.add(f"{place}: its keep() ended on {policy.until}; declare what happens to it now")

    # -- rows that others hold back

    def hold_back(self) -> None:
        """A row that must stay reachable becomes a stub; a stub in turn holds back what it points at."""
        by_child, todo = self._doubtful()
        while todo:
            edge, child, parent = todo.pop()
            if parent not in self.going[edge.target] or child in self.going[edge.table]:
                continue
            if edge.soft or self._can_let_go(edge, child):
                continue
            if self._must_refuse(edge, child):
                self.conflicts.add(
                    f"{edge.name} cannot be NULL and its rows stay, while the row in {edge.target} goes: add"
                    " delete_row() to the edge, or reassign(to), or let the row in"
                    f" {edge.target} stay"
                )
                continue
            self.going[edge.target].discard(parent)
            self.stubs[edge.target][parent] = self._why(edge, child)
            todo += [(e, parent, up) for e, up in by_child[edge.target, parent]]

    def _doubtful(self) -> tuple[_ByChild, list[tuple[Edge, Key, Key]]]:
        """Pointers from rows that stay to rows that go; and those from rows that go, should they stay."""
        by_child: _ByChild = defaultdict(list)
        todo: list[tuple[Edge, Key, Key]] = []
        for edge, pairs in self.found.pairs.items():
            children, parents = self.going[edge.table], self.going[edge.target]
            for child, parent in pairs if children or parents else ():
                if child in children:
                    by_child[edge.table, child].append((edge, parent))
                elif parent in parents:
                    todo.append((edge, child, parent))
        return by_child, todo

    def _can_let_go(self, edge: Edge, child: Key) -> bool:
        if edge.role in ("stop", "") or child in self.legal[edge.table]:
            return False
        if edge.role == "owned" and not self._theirs(edge.table, child):
            return False
        if edge.role == "owned" and not edge.does and self.part.tables[edge.table].kept:
            return False  # a record that the law keeps still has to say whose it is
        return edge.does == "reassign" or bool(edge.nullable)

    def _must_refuse(self, edge: Edge, child: Key) -> bool:
        """An owned row that stays by its own rule needs its parent; nobody has said which one yields."""
        if edge.role != "owned" or not self._theirs(edge.table, child):
            return False
        if child in self.legal[edge.table] or child in self.stubs[edge.table]:
            return False
        return not self.part.tables[edge.table].kept

    def _why(self, edge: Edge, child: Key) -> str:
        policy = self.legal[edge.table].get(child)
        if policy is None and self._theirs(edge.table, child):
            policy = next((c.strategy for c in self.part.tables[edge.table].kept), None)
        return f"{_STAYS_FOR} ({edge.name}{f', {policy}' if policy else ''})"

    def _theirs(self, table: str, key: Key) -> bool:
        row = self.found.rows.get(table, {}).get(key)
        return row is not None and row.theirs

    # -- the result

    def order(self) -> graph.Order:
        """An order for the tables that lose rows, over the pointers that really lie between such rows."""
        between = [
            edge
            for edge, pairs in self.found.pairs.items()
            if any(
                c in self.going[edge.table] and p in self.going[edge.target] and self._apart(edge, c, p)
                for c, p in pairs
            )
        ]
        return graph.order([name for name, keys in self.going.items() if keys], between)

    @staticmethod
    def _apart(edge: Edge, child: Key, parent: Key) -> bool:
        return edge.table != edge.target or child != parent

    def cuts(self, order: graph.Order) -> Iterable[Pointer]:
        """The pointers that are opened before anything goes."""
        for edge in order.cut:
            keys = {
                child
                for child, parent in self.found.pairs[edge]
                if child in self.going[edge.table] and parent in self.going[edge.target]
            }
            yield Pointer(edge, in_order(keys))

    def tables(self, order: graph.Order) -> Iterable[TablePlan]:
        """All tables in which something happens or stays: those that lose rows first, in their order."""
        pointers = self._pointers()
        others = sorted({*self.found.rows, *(edge.table for edge in pointers)} - set(order.tables))
        for name in (*order.tables, *others):
            plan = self._table(name, [p for p in pointers.values() if p.edge.table == name])
            if plan.delete or plan.changed or plan.kept:
                yield plan

    def _table(self, name: str, pointers: list[Pointer]) -> TablePlan:
        table = self.part.tables[name]
        rows = self.found.rows.get(name, {})
        going, legal = self.going[name], self.legal[name]
        treat = [key for key, row in rows.items() if row.theirs and key not in going and key not in legal]
        columns = tuple((c.name, c.strategy) for c in table.treated if c.strategy)
        self._treatable(table, [key for key in treat if key in self.stubs[name]])
        ordered = sorted(pointers, key=lambda p: p.edge.name)
        treated = in_order(treat) if columns else ()
        kept = tuple(self._kept(table, rows, treat))
        return TablePlan(name, in_order(going), treated, columns if treated else (), tuple(ordered), kept)

    def _treatable(self, table: TableRule, stubs: list[Key]) -> None:
        for column in table.columns:
            if stubs and not column.treatable and column.state != "edge":
                why = self.stubs[table.name][stubs[0]]
                self.conflicts.add(
                    f"{column.full_name}: the row must stay, because {why}, but the column cannot be NULL;"
                    f" {_way_out(column)}"
                )

    def _kept(self, table: TableRule, rows: Mapping[Key, Row], treat: list[Key]) -> Iterable[Kept]:
        by_policy = Counter((policy.reason, policy.until) for policy in self.legal[table.name].values())
        for (reason, until), count in sorted(by_policy.items()):
            yield Kept(reason, count, until)
        for column in table.kept if treat else ():
            if column.strategy:
                yield Kept(column.strategy.reason, len(treat), column.strategy.until, (column.name,))
        yield from self._held_back(table)
        if treat and not table.treated and not table.kept and not self.stubs[table.name]:
            yield Kept("nothing in it is personal", len(treat))
        shared = sum("shared" in row.roles and not row.theirs for row in rows.values())
        if shared:
            yield Kept("other people share it", shared)

    def _held_back(self, table: TableRule) -> Iterable[Kept]:
        for why, count in sorted(Counter(self.stubs[table.name].values()).items()):
            yield Kept(why, count)

    def _pointers(self) -> dict[Edge, Pointer]:
        """Who lets go, or points elsewhere: rows that stay and pointed at rows that go, or at the person."""
        found: dict[Edge, Pointer] = {}
        for edge, pairs in self.found.pairs.items():
            if edge.role in ("stop", ""):
                continue
            keys = {child for child, parent in pairs if self._lets_go(edge, child, parent)}
            if keys:
                to = edge.strategy.to if edge.strategy and edge.does == "reassign" else ()
                found[edge] = Pointer(edge, in_order(keys), to)
        return found

    def _lets_go(self, edge: Edge, child: Key, parent: Key) -> bool:
        if child in self.going[edge.table] or not self._can_let_go(edge, child):
            return False
        if parent in self.going[edge.target] or (edge.soft and not self.found.present):
            return True
        if edge.role == "mention":
            return (edge.target, parent) == self.found.subject
        if edge.role == "shared":
            return not self.found.rows[edge.table][child].theirs
        return edge.does in ("null", "reassign")


def _way_out(column: ColumnRule) -> str:
    if column.key:
        return "give the table a key that says nothing about the person, or make it nullable where it points"
    return "add on_erase=const(…), opaque() or pseudonym()"
