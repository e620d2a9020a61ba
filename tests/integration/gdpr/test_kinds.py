"""Several kinds of people, several databases, schemas, and a database in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from dihya_migrate import Migrate
from dihya_migrate.actions import gdpr
from dihya_migrate.gdpr import delete_row, mentions, owned_by, personal, subject
from dihya_migrate.runtime import current_runtime

from .conftest import Settle
from .house import EMAIL, KEY, difference, key, open_house, people, pointer, users


def two_kinds() -> sa.MetaData:
    """Users and leads; calls belong to a lead and were made by a user."""
    metadata = sa.MetaData()
    users(metadata)
    sa.Table("leads", metadata, key(), sa.Column("email", sa.String(50), info=EMAIL), info=subject("lead"))
    sa.Table(
        "calls",
        metadata,
        key(),
        pointer("lead_id", "leads.id", info=owned_by("lead") | delete_row()),
        pointer("made_by", info=mentions(), nullable=True),
    )
    return metadata


def test_each_kind_has_its_own_rows(settle: Settle) -> None:
    """A lead takes the calls along; a user is only let go of."""
    house = settle(two_kinds())
    leads = [{"id": n, "email": f"lead{n}@example.org"} for n in (1, 2)]
    calls = [{"id": 1, "lead_id": 1, "made_by": 1}, {"id": 2, "lead_id": 2, "made_by": 1}]
    house.fill({"users": people(), "leads": leads, "calls": calls})
    before = house.dump()
    gdpr.erase(house.runtime, subject="lead:1")
    assert difference(before, house.dump()) == {"leads": {1: "changed"}, "calls": {1: "gone"}}
    before = house.dump()
    gdpr.erase(house.runtime, user="1")
    assert difference(before, house.dump()) == {"users": {1: "changed"}, "calls": {2: "changed"}}


def test_a_schema_of_its_own(tmp_path: Path, settle: Settle) -> None:
    """Tables of another schema than the default one, where the server has schemas."""
    metadata = sa.MetaData(schema="crm")
    mail = sa.Column("email", sa.String(50), info=EMAIL)
    sa.Table("people", metadata, key(), mail, info=subject("user"))
    sa.Table("notes", metadata, key(), pointer(target="crm.people.id", info=owned_by() | delete_row()))
    house = settle(metadata, create=False)
    if house.engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL has schemas in one database")
    with house.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA crm"))
        metadata.create_all(connection)
    persons = [{"id": n, "email": f"canary{n}@example.org"} for n in (1, 2)]
    house.fill({"crm.people": persons, "crm.notes": [{"id": n, "user_id": n} for n in (1, 2)]})
    assert house.tables() == {"crm.people": [1], "crm.notes": [1]}
    before = house.dump()
    house.erase()
    assert difference(before, house.dump()) == {"crm.people": {1: "changed"}, "crm.notes": {1: "gone"}}
    assert tmp_path.exists()


def test_a_key_from_another_schema_is_seen(settle: Settle) -> None:
    """A constraint may come from where no model looks."""
    metadata = sa.MetaData()
    users(metadata)
    house = settle(metadata)
    if house.engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL has schemas in one database")
    with house.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA other"))
        connection.execute(sa.text("CREATE TABLE other.spy (u integer REFERENCES users (id))"))
    house.fill({"users": people()})
    with pytest.raises(Exception, match=r"other\.spy\.u points at users"):
        house.plan()


def test_people_in_a_second_database(sqlite_url: str, tmp_path: Path) -> None:
    """A kind that lives in a bind is erased there, and recorded there."""
    app = Flask("two", instance_path=str(tmp_path / "instance"))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=sqlite_url,
        SQLALCHEMY_BINDS={"crm": f"sqlite:///{tmp_path / 'crm.db'}"},
        DIHYA_PSEUDONYM_KEY=KEY,
    )
    db = SQLAlchemy(app)
    Migrate(app, db)

    class Lead(db.Model):  # type: ignore[name-defined,misc]
        __bind_key__ = "crm"
        __table_args__ = {"info": subject("lead")}  # noqa: RUF012
        id = sa.Column(sa.Integer, primary_key=True)
        email = sa.Column(sa.String(50), info=personal("contact", purpose="sales"))

    with app.app_context():
        db.create_all()
        db.session.add(Lead(id=1, email="canary@example.org"))
        db.session.commit()
        assert gdpr.erase(current_runtime(), user="1").outcome == "erased"
        db.session.expire_all()
        assert db.session.scalars(sa.select(Lead.email)).all() == [None]
        with db.engines["crm"].connect() as connection:
            assert sa.inspect(connection).has_table("dihya_erasure")
        with db.engine.connect() as connection:
            assert not sa.inspect(connection).has_table("dihya_erasure")
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def test_a_database_in_memory(tmp_path: Path) -> None:
    """One connection for everything, as in many test-suites."""
    metadata = sa.MetaData()
    users(metadata)
    with open_house("sqlite://", metadata, tmp_path / "house") as house:
        house.fill({"users": people()})
        before: Any = house.dump()
        house.export()
        assert house.erase().outcome == "erased"
        assert difference(before, house.dump()) == {"users": {1: "changed"}}
