"""``flask gdpr``: exit code, stdout and stderr of each command."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from dihya_migrate import Migrate
from dihya_migrate.gdpr import const, delete_row, keep, owned_by, personal, pseudonym, subject

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Two people with an order each; the tax law keeps the orders' names."""
    app = Flask("shop", instance_path=str(tmp_path / "instance"))
    app.config.update(SQLALCHEMY_DATABASE_URI=sqlite_url, DIHYA_PSEUDONYM_KEY=KEY)
    db = SQLAlchemy(app, metadata=shop())
    Migrate(app, db)
    with app.app_context():
        db.metadata.create_all(db.engine)
        with db.engine.begin() as connection:
            people = [{"id": n, "email": f"canary{n}@example.org", "name": "Canary"} for n in (1, 2)]
            connection.execute(db.metadata.tables["users"].insert(), people)
            orders = [{"id": n, "user_id": n, "name": "Canary"} for n in (1, 2)]
            connection.execute(db.metadata.tables["orders"].insert(), orders)
            notes = [{"id": n, "user_id": n} for n in (1, 2)]
            connection.execute(db.metadata.tables["notes"].insert(), notes)
    yield app
    with app.app_context():
        db.engine.dispose()


def shop() -> sa.MetaData:
    """The tables."""
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    mail = personal("contact", purpose="account", on_erase=pseudonym())
    name = personal("identity", purpose="account", on_erase=const("[erased]"))
    sa.Table(
        "users",
        metadata,
        key,
        sa.Column("email", sa.String(100), unique=True, info=mail),
        sa.Column("name", sa.String(50), nullable=False, info=name),
        info=subject("user"),
    )
    billed = personal("billing", purpose="tax", on_erase=keep("tax law", until="2999-12-31"))
    for table, info, extra in (
        ("orders", owned_by(), [sa.Column("name", sa.String(50), info=billed)]),
        ("notes", owned_by() | delete_row(), []),
    ):
        sa.Table(
            table,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False, info=info),
            *extra,
        )
    return metadata


def flask(app: Flask, *arguments: str) -> Result:
    """Run ``flask gdpr …``."""
    return app.test_cli_runner().invoke(args=["gdpr", *arguments])


def mails(app: Flask) -> list[str]:
    """The addresses in the database."""
    with app.app_context():
        db = app.extensions["sqlalchemy"]
        with db.engine.connect() as connection:
            return list(connection.execute(sa.text("SELECT email FROM users ORDER BY id")).scalars())


def test_map(app: Flask) -> None:
    """Text for people, JSON and Markdown for files."""
    result = flask(app, "map")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "on erase: pseudonym" in result.stdout
    document = json.loads(flask(app, "map", "--format", "json").stdout)
    assert document["subjects"] == {"user": "users"}
    assert "| users | email | personal |" in flask(app, "map", "--format", "markdown").stdout


def test_check_says_that_all_is_decided(app: Flask) -> None:
    """Exit code 0, one calm line."""
    result = flask(app, "check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "3 tables: every column is decided\n", "")


def test_check_names_what_is_not(app: Flask) -> None:
    """Exit code 1, the column, and code to paste."""
    with app.app_context():
        metadata = app.extensions["sqlalchemy"].metadata
        metadata.tables["users"].append_column(sa.Column("nick", sa.String(9)))
    result = flask(app, "check")
    assert (result.exit_code, result.stderr) == (1, "")
    assert "users.nick" in result.stdout
    assert 'info=personal("' in result.stdout
    document = json.loads(flask(app, "check", "--format", "json").stdout)
    assert document["undecided"][0]["column"] == "nick"


def test_declarations_that_contradict_are_errors(app: Flask) -> None:
    """Exit code 1 for every command, with all problems."""
    with app.app_context():
        metadata = app.extensions["sqlalchemy"].metadata
        bad = sa.Column("nick", sa.String(9), nullable=False, info=personal("x", purpose="y"))
        metadata.tables["users"].append_column(bad)
    for arguments in (["map"], ["check"], ["erase", "--user", "1", "--yes"]):
        result = flask(app, *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "users.nick" in result.stderr


def test_export_to_a_file(app: Flask, tmp_path: Path) -> None:
    """Counts on stdout, nothing of the content."""
    result = flask(app, "export", "--user", "1", "--output", str(tmp_path / "one.zip"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Exported 3 rows of 3 tables" in result.stdout
    assert "canary" not in result.stdout.lower()
    assert zipfile.is_zipfile(tmp_path / "one.zip")


def test_export_report_as_json(app: Flask, tmp_path: Path) -> None:
    """One document on stdout."""
    path = str(tmp_path / "one.json")
    result = flask(app, "export", "--user", "1", "--output", path, "--format", "json", "--report", "json")
    document = json.loads(result.stdout)
    assert document["rows"] == {"users": 1, "notes": 1, "orders": 1}
    assert json.loads(Path(path).read_text())["tables"]["users"][0]["pk"] == 1


def test_export_to_stdout(app: Flask) -> None:
    """The file on stdout, the report on stderr."""
    result = flask(app, "export", "--user", "1", "--output", "-", "--format", "json")
    assert json.loads(result.stdout_bytes)["tables"]["users"][0]["data"]["email"] == "canary1@example.org"
    assert "Exported 3 rows" in result.stderr
    archive = flask(app, "export", "--subject", "user:1", "--output", "-")
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(archive.stdout_bytes)).namelist()


@pytest.mark.parametrize("command", ["export", "erase"])
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (["--user", "9"], 3),
        (["--user", "1x-secret"], 2),
        (["--user", "\x1b[2J"], 2),
        (["--subject", "lead:1"], 2),
        (["--subject", "1"], 2),
        ([], 2),
        (["--user", "1", "--subject", "user:1"], 2),
    ],
)
def test_who_is_not_there(app: Flask, command: str, who: list[str], code: int, tmp_path: Path) -> None:
    """One line on stderr that does not repeat what was typed; no file."""
    extra = ["--output", str(tmp_path / "x.zip")] if command == "export" else ["--yes"]
    result = flask(app, command, *who, *extra)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("Error: ")
    assert "secret" not in result.stderr
    assert "\x1b" not in result.stderr
    assert not (tmp_path / "x.zip").exists()


def test_erase_asks_first(app: Flask) -> None:
    """Without a terminal and without --yes nothing is read and nothing asked."""
    result = flask(app, "erase", "--user", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--yes" in result.stderr
    assert mails(app)[0] == "canary1@example.org"


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, False), ("n", 1, True)])
def test_erase_shows_the_plan_and_asks_on_a_terminal(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    left: bool,
) -> None:
    """What is agreed to is the plan that was shown."""
    monkeypatch.setattr("dihya_migrate.cli.gdpr._terminal", lambda: True)
    result = app.test_cli_runner().invoke(args=["gdpr", "erase", "--user", "1"], input=f"{answer}\n")
    assert result.exit_code == code
    assert "Plan hash" in result.stderr
    assert ("canary" in mails(app)[0]) is left


def test_dry_run_shows_the_plan(app: Flask) -> None:
    """Counts, strategies, what stays and why, the hash; nothing is written."""
    result = flask(app, "erase", "--user", "1", "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "")
    for words in ("1 deleted", "email: pseudonym", "tax law, until 2999-12-31", "Plan hash: "):
        assert words in result.stdout
    assert "still" in result.stdout or "stay personal data" in result.stdout
    assert mails(app)[0] == "canary1@example.org"
    document = json.loads(flask(app, "erase", "--user", "1", "--dry-run", "--format", "json").stdout)
    assert document["outcome"] == "planned"
    assert document["plan"]["plan_sha256"] in result.stdout


def test_erase_and_verify(app: Flask) -> None:
    """Erased, verified, and the second time nothing is left to do."""
    result = flask(app, "erase", "--user", "1", "--yes", "--reason", "request 7")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Erased: 1 row deleted, 1 changed" in result.stdout
    assert "canary" not in mails(app)[0]
    assert mails(app)[1] == "canary2@example.org"
    again = flask(app, "erase", "--user", "1", "--yes", "--format", "json")
    assert (again.exit_code, json.loads(again.stdout)["outcome"]) == (0, "nothing")
    verified = flask(app, "verify", "--user", "1")
    assert (verified.exit_code, verified.stdout) == (0, "Nothing personal is left of this person\n")


def test_verify_of_somebody_who_was_not_erased(app: Flask) -> None:
    """Exit code 1, or 3 when there never was such a person."""
    result = flask(app, "verify", "--user", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not been erased" in result.stderr
    assert flask(app, "verify", "--user", "9").exit_code == 3


def test_a_stale_plan_hash_is_refused(app: Flask) -> None:
    """Exit code 1; as JSON the error is a document."""
    result = flask(app, "erase", "--user", "1", "--yes", "--plan-hash", "0" * 64, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["type"] == "PlanRefusedError"
    assert mails(app)[0] == "canary1@example.org"


@pytest.mark.parametrize("command", ["map", "check", "export", "erase", "verify"])
def test_help_has_an_example(app: Flask, command: str) -> None:
    """Every command says how it is used."""
    result = flask(app, command, "--help")
    assert result.exit_code == 0
    assert f"Example: flask gdpr {command}" in result.stdout


def test_models_without_a_person(sqlite_url: str, tmp_path: Path) -> None:
    """A project that declared nothing is told where to begin."""

    class Base(DeclarativeBase):
        pass

    app = Flask("bare", instance_path=str(tmp_path / "instance"))
    app.config["SQLALCHEMY_DATABASE_URI"] = sqlite_url
    Migrate(app, SQLAlchemy(app, model_class=Base))
    assert flask(app, "check").exit_code == 0
    result = flask(app, "export", "--user", "1", "--output", str(tmp_path / "x.zip"))
    assert result.exit_code == 2
    assert 'subject("user")' in result.stderr
