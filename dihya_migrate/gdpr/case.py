"""One person's case: where their rows are, what was done before, what an erasure would do now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from ..errors import MappingError, PlanRefusedError
from ..sealing import digest
from .discover import Discovery
from .fillers import fingerprint
from .found import Found
from .graph import touched, walked
from .identify import spelt
from .keys import batches, columns_of, matches
from .live import Live, look, missing, unknown_keys
from .marks import Mark, Marks
from .plan import Plan
from .planner import make_plan
from .records import DataMap, Edge, Key, Part, TableRule
from .values import plain

SUBJECT_DOMAIN = "dihya.subject"


@dataclass(frozen=True)
class Survey:
    """What the database held at one moment."""

    found: Found
    plan: Plan
    mark: Mark | None = None
    state: str = ""
    """Keyed digest of the treated columns of the rows that stay, as they are now."""

    @property
    def clean(self) -> bool:
        """Was the person erased, and is nothing left or new?"""
        return self.mark is not None and not self.residue and self.mark.state == self.state

    @property
    def residue(self) -> dict[str, int]:
        """Rows an erasure would still delete or let go of, by table; ``state`` judges treated rows."""
        left = {}
        for table in self.plan.tables:
            count = len(table.delete) + sum(len(pointer.keys) for pointer in table.pointers)
            if count:
                left[table.table] = count
        return left


@dataclass(frozen=True)
class Case:
    """One person, by kind and key.

    Args:
        tables: The models' tables of the person's database, by name.
        key: ``DIHYA_PSEUDONYM_KEY``; None only where nothing is erased.
        today: Decides which ``keep`` has ended.
    """

    data_map: DataMap
    part: Part
    tables: Mapping[str, sa.Table]
    kind: str
    person: Key = field(repr=False)
    key: bytes | None = field(repr=False)
    marks: Marks
    today: date

    @property
    def home(self) -> TableRule:
        """The table of the person's own row."""
        return self.part.subject_table(self.kind)

    @property
    def subject(self) -> str | None:
        """The keyed pseudonym that trail and marks know the person by."""
        return (
            digest(self.key, SUBJECT_DOMAIN, self.kind, *spelt(self.home, self.person)) if self.key else None
        )

    def decided(self) -> None:
        """Refuse while a table that the person's data reach has something undecided.

        Raises:
            MappingError: It lists every such column and edge.
        """
        reach = set(touched(self.part, self.kind))
        core = set(walked(self.part, self.kind))
        targets = {(edge.table, ", ".join(edge.columns)) for edge in self.part.edges if edge.target in core}
        open_ = [
            f"{item.table}.{item.column}"
            for item in self.part.undecided
            if (item.what == "column" and item.table in reach)
            or (item.what == "edge" and (item.table, item.column) in targets)
        ]
        if open_:
            raise MappingError(
                f"nobody has decided what these hold: {', '.join(open_)}",
                "run 'flask gdpr check' for the code to paste",
            )

    def live(self, connection: sa.Connection, *, erasing: bool) -> Live:
        """Compare the models with the database before anything else.

        Raises:
            PlanRefusedError: They differ in a table that the person's data reach.
        """
        reach = touched(self.part, self.kind)
        live = look(connection, self.tables, reach)
        problems = list(missing(live, self.part, reach))
        if erasing:
            problems += unknown_keys(live, self.part, walked(self.part, self.kind))
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise PlanRefusedError(
                f"models and database differ where this person's data are:\n{lines}",
                "apply pending migrations, or declare what is missing in the models",
            )
        return live

    def present(self, connection: sa.Connection, *, lock: bool = False) -> bool:
        """Is the person's own row there, with exactly this key? Locks it on request."""
        own = columns_of(self.tables[self.home.name], self.home.key)
        query = sa.select(*own).where(matches(own, [self.person]))
        if lock:
            query = query.with_for_update(nowait=True)
        # compared once more here: a collation may call 'ada' and 'ADA' equal
        return any(tuple(row) == self.person for row in connection.execute(query))

    def survey(self, connection: sa.Connection, live: Live) -> Survey:
        """Discover and plan, without a write."""
        discovery = Discovery(connection, self.part, self.tables, self.kind)
        found = discovery.run(self.person, present=self.present(connection))
        plan = make_plan(
            self.part,
            found,
            self.kind,
            map_sha256=self.data_map.sha256,
            today=self.today,
            deferrable=[e for e in self.part.edges if self._waits(live, e)],
            cascades=self._cascades(live),
        )
        mark = self.marks.find(connection, self.subject) if self.subject else None
        return Survey(found, plan, mark, self.state(connection, plan) if self.key else "")

    @staticmethod
    def _waits(live: Live, edge: Edge) -> bool:
        """Can the constraint behind *edge* be checked at the commit?"""
        if live.dialect == "sqlite":
            return True
        found = live.key_of(edge)
        return found is not None and found.deferrable

    def _cascades(self, live: Live) -> list[str]:
        core = set(walked(self.part, self.kind))
        return sorted(
            f"{key.table}.{', '.join(key.columns)}: ON DELETE {key.on_delete}"
            for key in live.keys
            if key.target in core and key.on_delete in ("CASCADE", "SET NULL", "SET DEFAULT")
        )

    def state(self, connection: sa.Connection, plan: Plan) -> str:
        """A keyed digest of the values that stand in the treated columns now."""
        mac = fingerprint(self.key or b"")
        for table in sorted(plan.tables, key=lambda table: table.table):
            if not table.columns or not table.treat:
                continue
            source = self.tables[table.table]
            own = columns_of(source, self.part.tables[table.table].key)
            wanted = columns_of(source, [name for name, _ in table.columns])
            for batch in batches(table.treat, len(own)):
                query = sa.select(*own, *wanted).where(matches(own, batch))
                lines = sorted(
                    json.dumps([table.table, *(plain(value) for value in row)], default=str)
                    for row in connection.execute(query)
                )
                mac.update("\n".join(lines).encode())
        return mac.hexdigest()
