"""``flask audit list`` and ``verify``: exit codes, stdout and stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from dihya_migrate.audit.events import AuditEvent
from dihya_migrate.cli._group import LazyGroup
from dihya_migrate.runtime import KEY, Runtime
from dihya_migrate.settings import Settings
from tests.project import Project


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application with the group ``audit`` and a trail of three events, one of them with an escape."""
    app = Flask("shop", instance_path=str(tmp_path / "instance"))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=database_url,
        SQLALCHEMY_BINDS={"logs": f"sqlite:///{tmp_path / 'logs.db'}"},
        DIHYA_AUDIT_FILE=str(tmp_path / "audit.jsonl"),
        DIHYA_AUDIT_KEY="k" * 32,
    )
    db = SQLAlchemy(app)
    app.extensions[KEY] = Runtime(
        app_name=app.name,
        settings=Settings.from_mapping(app.config, app.instance_path),
        db=db,
        migrate=None,
        extensions=app.extensions,
    )
    app.cli.add_command(
        LazyGroup("audit", lazy={"list": "audit:list_command", "verify": "audit:verify_command"})
    )
    with app.app_context():
        trail = app.extensions[KEY].trail()
        trail.install()
        trail.write(AuditEvent(name="step.applied", run_id="run-1", revision="abc1", outcome="ok"))
        trail.write(AuditEvent(name="run.failed", run_id="run-1", outcome="failed", reason="\x1b[2Jbad"))
        yield app
        for engine in db.engines.values():
            engine.dispose()


def run(app: Flask, *args: str) -> Result:
    """One command."""
    return app.test_cli_runner().invoke(args=["audit", *args])


def execute(app: Flask, statement: str) -> None:
    """One statement behind the trail's back."""
    with app.extensions[KEY].engine().begin() as connection:
        connection.execute(sa.text(statement))


def test_list_shows_the_newest_first(app: Flask) -> None:
    """One line an event, below a heading."""
    result = run(app, "list")
    heading, *lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert heading.startswith("#  time (UTC)")
    assert [line.split()[3] for line in lines] == ["run.failed", "step.applied", "trail.created"]
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--event", "step.applied"], 1),
        (["--run", "run"], 2),
        (["--revision", "abc"], 1),
        (["--revision", "x"], 0),
        (["--limit", "2"], 2),
        (["--bind", "logs"], 0),
    ],
)
def test_list_filters(app: Flask, options: list[str], count: int) -> None:
    """By name, run, revision, database; JSON is one document."""
    result = run(app, "list", "--format", "json", *options)
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["events"]) == count


@pytest.mark.parametrize("options", [["--event", "run.stopped"], ["--limit", "0"], ["--bind", "nowhere"]])
def test_list_refuses_what_makes_no_sense(app: Flask, options: list[str]) -> None:
    """With the exit code of a usage error."""
    result = run(app, "list", *options)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_good_trail_verifies(app: Flask) -> None:
    """The end of the chain is printed, to be kept elsewhere."""
    result = run(app, "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("3 events hold; the file agrees\n  end of the chain: 3 ")
    assert "sealed with key" in result.stdout
    document = json.loads(run(app, "verify", "--format", "json").stdout)
    assert (document["ok"], [trail["events"] for trail in document["trails"]]) == (True, [3, 0])


def test_a_broken_trail_is_named(app: Flask) -> None:
    """Exit code 1 and the first break."""
    execute(app, "DELETE FROM dihya_audit WHERE position = 2")
    result = run(app, "verify")
    assert result.exit_code == 1
    assert result.stdout.startswith("BROKEN: table, event 2: removed (one event is missing)\n")
    document = json.loads(run(app, "verify", "--format", "json").stdout)
    assert document["trails"][0]["problems"][0]["kind"] == "removed"


def test_a_trail_that_cannot_be_read_is_not_called_good(app: Flask) -> None:
    """Exit code 6, on stderr, with a next step."""
    execute(app, "DROP TABLE dihya_audit")
    for command in ("verify", "list"):
        result = run(app, command)
        assert (result.exit_code, result.stdout) == (6, "")
        assert "the audit trail cannot be read" in result.stderr
        assert "next:" in result.stderr


def test_a_chain_without_a_key_says_so(app: Flask) -> None:
    """Everybody who reads the result learns what it is worth."""
    runtime = app.extensions[KEY]
    app.config.pop("DIHYA_AUDIT_KEY")
    runtime.settings = Settings.from_mapping(app.config, app.instance_path)
    runtime._trails.clear()
    runtime.trail("logs").install()
    assert "the chain is NOT KEYED" in run(app, "verify").stdout


@pytest.mark.parametrize("command", ["list", "verify"])
def test_help_has_an_example(app: Flask, command: str) -> None:
    """Ready to paste."""
    assert f"flask audit {command}" in run(app, command, "--help").stdout


def test_bind_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """A replica nobody can reach does not hide the default trail: ``--bind`` looks at one alone."""
    binds = {"bulk": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"}
    project = Project.make(
        tmp_path / "project", f"sqlite:///{tmp_path / 'one.db'}", template=None, binds=binds
    )
    assert project.cli("db", "init").exit_code == 0
    project.write("r1", None)
    assert project.cli("db", "upgrade").exit_code == 0
    refused = project.cli("audit", "verify")
    assert refused.exit_code == 6
    assert "'bulk'" in refused.stderr
    assert project.cli("audit", "verify", "--bind", "").exit_code == 0
    assert "run.finished" in project.cli("audit", "list", "--bind", "").stdout


def test_two_binds_at_one_database_have_one_trail(tmp_path: Path) -> None:
    """Each event is listed once."""
    url = f"sqlite:///{tmp_path / 'one.db'}"
    project = Project.make(tmp_path / "project", url, template=None, binds={"same": url})
    assert project.cli("db", "init").exit_code == 0
    project.write("r1", None)
    project.cli("db", "upgrade")
    assert project.cli("audit", "list").stdout.count("run.finished") == 1
