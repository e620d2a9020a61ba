"""One person of the seeded backend is answered: their data goes out, then goes; everybody else's stays."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from backend.extensions import db, migrate

Row = dict[str, object]
POINTERS = {
    "owner_id",
    "author_id",
    "actor_id",
    "about_id",
    "invited_by_id",
    "installed_by_id",
}


@pytest.fixture
def seeded(backend: Flask) -> Flask:
    """The backend at its head with invented people; person 1 is also invited somewhere."""
    migrate.upgrade()
    assert flask(backend, "seed", "--people", "12").exit_code == 0
    with db.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE project_invitations SET email = (SELECT email FROM users WHERE id = 1) WHERE id = 2"
            )
        )
    db.session.remove()
    return backend


def flask(app: Flask, *arguments: str) -> Result:
    """Run one command."""
    return app.test_cli_runner().invoke(args=list(arguments))


def rows() -> dict[str, list[Row]]:
    """Every row of the application's tables."""
    with db.engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(sa.select(table))]
            for table in db.metadata.sorted_tables
        }


def names_person(row: Row, table: str) -> bool:
    """Is the row person 1's, or does it name them?"""
    own = row["id"] if table == "users" else row.get("user_id")
    return own == 1 or any(row.get(pointer) == 1 for pointer in POINTERS)


def test_erasure_takes_one_person_and_nobody_else(seeded: Flask) -> None:
    """Account, memberships and invitation go; what others need stays unnamed; other rows are untouched."""
    before = rows()
    email = next(row["email"] for row in before["users"] if row["id"] == 1)
    result = flask(seeded, "gdpr", "erase", "--user", "1", "--yes")
    assert result.exit_code == 0, result.output
    after = rows()
    assert str(email) not in repr(after)
    assert not [row for table, found in after.items() for row in found if names_person(row, table)]
    for table, found in before.items():
        others = [row for row in found if not names_person(row, table) and row.get("email") != email]
        assert [row for row in others if row not in after[table]] == [], table
    assert flask(seeded, "gdpr", "verify", "--user", "1").exit_code == 0


def test_project_of_an_erased_owner_stays_for_its_members(seeded: Flask) -> None:
    """Members, plugins and log of the project are kept; owner, name, description and network are not."""
    before = rows()
    assert flask(seeded, "gdpr", "erase", "--user", "1", "--yes").exit_code == 0
    project = next(row for row in rows()["projects"] if row["id"] == 1)
    assert (project["owner_id"], project["name"], project["description"]) == (None, "Untitled project", None)
    for table in ("plugin_installations", "activity_log"):
        assert len(rows()[table]) == len(before[table])
    mine = {row["id"] for row in before["activity_log"] if row["actor_id"] == 1}
    assert {row["ip_prefix"] for row in rows()["activity_log"] if row["id"] in mine} == {None}


def test_export_holds_everything_of_one_person(seeded: Flask, tmp_path: Path) -> None:
    """The file has their account, projects, memberships and log, and nobody else's address or password."""
    before = rows()
    result = flask(
        seeded, "gdpr", "export", "--user", "1", "--format", "json", "--output", str(tmp_path / "one.json")
    )
    assert result.exit_code == 0, result.output
    text = (tmp_path / "one.json").read_text(encoding="utf-8")
    tables = json.loads(text)["tables"]
    for table, pointer in (("users", "id"), ("projects", "owner_id"), ("project_members", "user_id")):
        expected = sum(row[pointer] == 1 for row in before[table])
        assert sum({"subject", "owned"} & set(row["roles"]) != set() for row in tables[table]) == expected > 0
    assert "password_hash" not in text or '"!"' not in text
    others = {str(row["email"]) for row in before["users"] if row["id"] != 1}
    guests = {str(row["email"]) for row in before["project_invitations"] if row["id"] != 2}
    assert {email for email in others | guests if email in text} == set()


def test_export_as_an_archive_verifies(seeded: Flask, tmp_path: Path) -> None:
    """The default file is a ZIP archive with a manifest."""
    result = flask(seeded, "gdpr", "export", "--user", "1", "--output", str(tmp_path / "one.zip"))
    assert result.exit_code == 0, result.output
    assert "manifest.json" in zipfile.ZipFile(tmp_path / "one.zip").namelist()


def test_person_who_never_existed_is_not_found(seeded: Flask, tmp_path: Path) -> None:
    """An unknown person is an error, and no file is made."""
    result = flask(seeded, "gdpr", "export", "--user", "999", "--output", str(tmp_path / "none.zip"))
    assert result.exit_code == 3
    assert not (tmp_path / "none.zip").exists()
