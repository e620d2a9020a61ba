"""Whatever the shape of the tables, one person's rows all go and nobody else's change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dihya_migrate.gdpr import delete_row, mentions, not_personal, owned_by, subject
from dihya_migrate.gdpr.act import Actor
from dihya_migrate.gdpr.case import Case
from dihya_migrate.gdpr.mapping import build_map
from dihya_migrate.gdpr.marks import Marks
from dihya_migrate.gdpr.plan import Plan

PEOPLE = 3


@dataclass
class World:
    """A schema and its rows; each row has one owner."""

    parents: list[list[int]]
    """Table → tables it belongs to; table 0 is the people, so lower numbers only."""
    selves: list[bool]
    """Has the table a pointer to itself?"""
    namers: list[bool]
    """Has it a pointer to any person?"""
    person_goes: bool
    rows: list[list[dict[str, Any]]] = field(default_factory=list)

    def metadata(self) -> sa.MetaData:
        """The tables ``t0`` (the people), ``t1`` and so on."""
        metadata = sa.MetaData()
        for number, parents in enumerate(self.parents):
            columns: list[sa.Column[Any]] = [
                sa.Column(f"up{p}", sa.ForeignKey(f"t{p}.id"), nullable=False, info=owned_by() | delete_row())
                for p in parents
            ]
            if self.selves[number]:
                columns.append(sa.Column("me", sa.ForeignKey(f"t{number}.id"), info=mentions()))
            if self.namers[number]:
                columns.append(sa.Column("names", sa.ForeignKey("t0.id"), info=mentions()))
            info: dict[str, Any] = {} if number else subject("user")
            info = info | (delete_row() if self.person_goes and not number else {})
            owner = sa.Column("owner", sa.Integer, info=not_personal("for the test"))
            key = sa.Column("id", sa.Integer, primary_key=True)
            sa.Table(f"t{number}", metadata, key, owner, *columns, info=info)
        return metadata


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Trees and DAGs of up to six tables, with pointers to themselves and to people."""
    tables = draw(st.integers(1, 5))
    parents: list[list[int]] = [[]]
    for number in range(1, tables + 1):
        some = st.lists(st.integers(0, number - 1), min_size=1, max_size=2, unique=True)
        parents.append(sorted(draw(some)))
    flags = st.lists(st.booleans(), min_size=tables + 1, max_size=tables + 1)
    world = World(parents, draw(flags), draw(flags), draw(st.booleans()))
    world.rows.append([{"id": n, "owner": n} for n in range(1, PEOPLE + 1)])
    for number in range(1, tables + 1):
        world.rows.append(_rows(draw, world, number))
    for number, rows in enumerate(world.rows):
        _point(draw, world, number, rows)
    return world


def _rows(draw: st.DrawFn, world: World, number: int) -> list[dict[str, Any]]:
    """Rows whose parents have one and the same owner."""
    rows: list[dict[str, Any]] = []
    for owner in draw(st.lists(st.integers(1, PEOPLE), max_size=6)):
        ups = {
            p: [row["id"] for row in world.rows[p] if row["owner"] == owner] for p in world.parents[number]
        }
        if all(ups.values()):
            row = {f"up{p}": draw(st.sampled_from(ids)) for p, ids in ups.items()}
            rows.append({"id": len(rows) + 1, "owner": owner, **row})
    return rows


def _point(draw: st.DrawFn, world: World, number: int, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if world.selves[number]:
            row["me"] = draw(st.sampled_from([None, *(r["id"] for r in rows)]))
        if world.namers[number]:
            row["names"] = draw(st.sampled_from([None, *range(1, PEOPLE + 1)]))


@contextmanager
def database(world: World, metadata: sa.MetaData) -> Iterator[sa.Connection]:
    """SQLite in memory with foreign keys checked at every statement."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # an application in this process may set it
        connection.commit()
        metadata.create_all(connection)
        for number, rows in enumerate(world.rows):
            if rows:
                connection.execute(metadata.tables[f"t{number}"].insert(), rows)
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.commit()
        yield connection
    engine.dispose()


def expected(world: World) -> list[list[dict[str, Any]]]:
    """What must be left when person 1 is erased."""
    left = []
    for number, rows in enumerate(world.rows):
        stay = [dict(row) for row in rows if row["owner"] != 1 or (number == 0 and not world.person_goes)]
        gone = {row["id"] for row in rows} - {row["id"] for row in stay}
        for row in stay:
            if row.get("names") == 1:
                row["names"] = None
            if row.get("me") in gone or (number == 0 and row.get("me") == 1):
                row["me"] = None
        left.append(stay)
    return left


def erase(connection: sa.Connection, metadata: sa.MetaData) -> tuple[Plan, Plan]:
    """Plan, act, plan again."""
    data_map = build_map({"": metadata})
    part = data_map.parts[""]
    case = Case(data_map, part, dict(metadata.tables), "user", (1,), b"k" * 32, Marks(None), date(2026, 1, 1))
    live = case.live(connection, erasing=True)
    plan = case.survey(connection, live).plan
    Actor(connection, part, metadata.tables, b"k" * 32).run(plan)
    connection.commit()
    return plan, case.survey(connection, live).plan


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_one_persons_rows_go_and_no_other_row_changes(world: World) -> None:
    """All of person 1's rows go, pointers at them let go, and every other value is as it was."""
    metadata = world.metadata()
    with database(world, metadata) as connection:
        plan, again = erase(connection, metadata)
        assert not plan.conflicts
        for number, rows in enumerate(expected(world)):
            table = metadata.tables[f"t{number}"]
            found = connection.execute(sa.select(table).order_by(table.c.id)).mappings()
            assert [dict(row) for row in found] == [
                {c.name: row.get(c.name) for c in table.columns} for row in rows
            ]
        assert again.totals()["deleted"] == again.totals()["changed"] == 0


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_equal_worlds_have_equal_plans(world: World) -> None:
    """A plan's hash depends on nothing but the rows and the declarations."""
    hashes = set()
    for _ in range(2):
        metadata = world.metadata()
        with database(world, metadata) as connection:
            hashes.add(erase(connection, metadata)[0].sha256)
    assert len(hashes) == 1
