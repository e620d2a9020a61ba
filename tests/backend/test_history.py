"""The backend's own migration history, on three engines."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from backend.extensions import db, migrate

from .conftest import backend_on

VERSIONS = Path(__file__).parents[2] / "backend" / "migrations" / "versions"
SCRIPTS = sorted(VERSIONS.glob("*.py"))
BEFORE_DISPLAY_NAME = "57c4e1f8093b"
BEFORE_RENAME = "4ea8d06c9b13"
EXPANDED = "a1d35f7be824"
BEFORE_ROLES = "d8e1b46a7c05"
NOW = "2026-01-05 08:00:00"


def execute(*statements: str) -> None:
    """Run SQL of this test's own."""
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def rows(query: str) -> list[tuple[object, ...]]:
    """What the query returns."""
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def shape() -> dict[str, object]:
    """The live schema: tables, columns, indexes and constraints by name; the order of columns is left out."""
    inspector = sa.inspect(db.engine)
    return {
        table: (
            sorted(
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ),
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
            sorted((str(key["name"]), str(key["options"])) for key in inspector.get_foreign_keys(table)),
            sorted(str(rule["name"]) for rule in inspector.get_unique_constraints(table)),
        )
        for table in own_tables()
    }


def own_tables() -> list[str]:
    """The application's tables, without Alembic's and the extension's."""
    names = sa.inspect(db.engine).get_table_names()
    return sorted(name for name in names if name != "alembic_version" and not name.startswith("dihya_"))


def differences() -> list[object]:
    """What Alembic would change to make the database equal to the models."""

    def ours(item: object, name: str | None, kind: str, *_rest: object) -> bool:
        return kind != "table" or not str(name).startswith("dihya_")

    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata))


def add_person_and_project(project_columns: str) -> None:
    """One account with one project, written with the columns of its time."""
    execute(
        "INSERT INTO users (id, email, password_hash, given_name, family_name, theme, created_at)"
        f" VALUES (1, 'one@example.org', '!', 'Given', 'Family', 'dark', '{NOW}')",
        f"INSERT INTO projects (id, owner_id, {project_columns}, created_at) VALUES (1, 1, 'Mill', '{NOW}')",
        f"INSERT INTO project_members (project_id, user_id, role, joined_at) VALUES (1, 1, 'admin', '{NOW}')",
    )


def test_head_is_what_the_models_say(backend: Flask) -> None:
    """At the head, the live schema and the models do not differ."""
    migrate.upgrade()
    assert differences() == []


def test_down_to_nothing_and_up_again(backend: Flask) -> None:
    """The whole way down leaves no table; the whole way up again gives the same schema."""
    migrate.upgrade()
    first = shape()
    migrate.downgrade(revision="base")
    assert own_tables() == []
    migrate.upgrade()
    assert shape() == first


@pytest.mark.slow
def test_each_step_down_is_the_mirror_of_its_step_up(backend: Flask) -> None:
    """On the way down, the schema at each revision is what it was there on the way up."""
    on_the_way_up = [shape()]
    for script in SCRIPTS:
        migrate.upgrade(revision=revision_of(script))
        on_the_way_up.append(shape())
    for script in reversed(SCRIPTS):
        assert shape() == on_the_way_up.pop(), script.name
        migrate.downgrade(revision="-1")
    assert [shape()] == on_the_way_up


def test_backfill_fills_every_row(backend: Flask) -> None:
    """Accounts from before the shown name get one, and children of the copied table survive."""
    migrate.upgrade(revision=BEFORE_DISPLAY_NAME)
    add_person_and_project("title")
    migrate.upgrade(revision="+1")
    assert rows("SELECT display_name, email FROM users") == [("Given Family", "one@example.org")]
    assert rows("SELECT count(*) FROM project_members") == [(1,)]
    migrate.downgrade(revision="-1")
    assert rows("SELECT given_name, family_name FROM users") == [("Given", "Family")]


def test_rename_keeps_every_value_both_ways(backend: Flask) -> None:
    """Old and new values pass through the three steps up, and back."""
    migrate.upgrade(revision=BEFORE_RENAME)
    execute(f"INSERT INTO projects (id, title, created_at) VALUES (1, 'Mill', '{NOW}'), (2, 'Well', '{NOW}')")
    migrate.upgrade(revision=EXPANDED)
    execute(f"INSERT INTO projects (id, title, name, created_at) VALUES (3, 'Oven', 'Oven', '{NOW}')")
    migrate.upgrade()
    assert rows("SELECT id, name FROM projects ORDER BY id") == [(1, "Mill"), (2, "Well"), (3, "Oven")]
    execute(f"INSERT INTO projects (id, name, created_at) VALUES (4, 'Barn', '{NOW}')")
    migrate.downgrade(revision=BEFORE_RENAME)
    assert [title for _, title in rows("SELECT id, title FROM projects ORDER BY id")] == [
        "Mill", "Well", "Oven", "Barn",
    ]  # fmt: skip


def test_roles_are_renamed_both_ways(backend: Flask) -> None:
    """The data step changes the old word and no other, and goes back."""
    migrate.upgrade(revision=BEFORE_DISPLAY_NAME)
    add_person_and_project("title")
    migrate.upgrade()
    assert rows("SELECT role FROM project_members") == [("maintainer",)]
    migrate.downgrade(revision=BEFORE_ROLES)
    assert rows("SELECT role FROM project_members") == [("admin",)]


def test_keys_of_people_are_never_reused(backend: Flask) -> None:
    """A new account does not get the key of a deleted one, also after the table was copied."""
    migrate.upgrade()
    columns = "email, password_hash, given_name, family_name, display_name, theme, created_at"
    insert = f"INSERT INTO users ({columns}) VALUES ('a@example.org', '!', 'A', 'B', 'A B', 'dark', '{NOW}')"
    execute(insert, "DELETE FROM users", insert)
    assert rows("SELECT id FROM users") == [(2,)]


def revision_of(script: Path) -> str:
    """The revision named in a script's file name."""
    return script.name.split("_")[1]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_explains_itself(script: Path) -> None:
    """File name, identifiers and the four sections agree with the conventions."""
    module = ast.parse(script.read_text(encoding="utf-8"))
    words = ast.get_docstring(module) or ""
    assert re.fullmatch(r"\d{8}_[0-9a-f]{12}_[a-z0-9_]+\.py", script.name)
    assert f"\nRevision ID: {revision_of(script)}\n" in words
    assert all(f"\n{section}: " in words for section in ("Purpose", "Context", "Impact", "Rollback"))
    assert script.name[:8] == re.sub("-", "", words.partition("Create Date: ")[2][:10])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_holds_no_personal_data(script: Path) -> None:
    """No address, of mail or of a network, stands in a script."""
    text = script.read_text(encoding="utf-8")
    assert not re.search(r"[\w.]+@\w+\.\w+|\b\d{1,3}(\.\d{1,3}){3}\b", text)


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://nobody@localhost:1/none", "mysql+pymysql://nobody@localhost:1/none"]
)
def test_history_can_be_printed_without_a_server(url: str, tmp_path: Path) -> None:
    """``flask db upgrade --sql`` renders every revision for a database administrator, offline."""
    app = backend_on(url, tmp_path)
    result = app.test_cli_runner().invoke(args=["db", "upgrade", "--sql"])
    assert result.exit_code == 0
    assert all(f"version_num='{revision_of(script)}'" in result.output for script in SCRIPTS[1:])


def test_checks_have_nothing_to_say(backend: Flask) -> None:
    """The whole history passes the strict profile: on an empty database, and read again without one."""
    runner = backend.test_cli_runner()
    for asked in (["pending"], ["--offline", "all"]):
        result = runner.invoke(args=["db", "validate", *asked])
        assert result.exit_code == 0, result.output
        assert "12 revisions: nothing to say" in result.output
