"""``flask seed``."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from backend.extensions import db
from backend.projects.models import Member, Project
from backend.seed import command
from backend.users.models import User


def dump() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {
        table.name: sorted(map(tuple, db.session.execute(sa.select(table))), key=repr)
        for table in db.metadata.sorted_tables
    }


def test_seed_fills_every_table_the_same_each_time(backend: Flask) -> None:
    """All tables get rows, and the same number of people gives the same rows."""
    found = []
    for _ in range(2):
        db.create_all()
        result = backend.test_cli_runner().invoke(command, ["--people", "40"])
        assert (result.exit_code, result.output) == (0, "40 people, 8 plugins, 4 templates, 13 projects\n")
        found.append(dump())
        db.session.remove()
        db.drop_all()
    assert found[0] == found[1]
    assert all(found[0].values())


def test_first_person_owns_and_joins(served: Flask) -> None:
    """Person 1, whom the documentation uses, has a project and works in somebody else's."""
    served.test_cli_runner().invoke(command)
    with served.app_context():
        assert db.session.scalars(sa.select(Project.id).where(Project.owner_id == 1)).all()
        roles = db.session.scalars(sa.select(Member.role).where(Member.user_id == 1)).all()
    assert {"owner"} < set(roles)


def test_second_seed_refuses(served: Flask) -> None:
    """A database with people in it is left alone."""
    runner = served.test_cli_runner()
    assert runner.invoke(command, ["--people", "3"]).exit_code == 0
    second = runner.invoke(command, ["--people", "3"])
    assert second.exit_code == 1
    assert "only fills an empty one" in second.output


@pytest.mark.parametrize("people", [3, 500])
def test_addresses_are_unique_and_reserved(served: Flask, people: int) -> None:
    """Invented people have invented addresses, one each, and no password."""
    served.test_cli_runner().invoke(command, ["--people", str(people)])
    with served.app_context():
        users = db.session.scalars(sa.select(User)).all()
    assert len({user.email for user in users}) == people
    assert {user.email.split("@")[1] for user in users} == {"example.org", "example.test"}
    assert {user.password_hash for user in users} == {"!"}
