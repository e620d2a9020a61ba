"""What an application may set and expect around a run: logging, names, options, callbacks, neighbours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

import dihya_migrate
from dihya_migrate import Migrate
from tests.project import Project

CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
MODEL = """
class A(db.Model):
    id = db.Column(db.Integer, primary_key=True)
"""
SAY = "import pathlib; pathlib.Path({place!r}).write_text(str({what}))"


@pytest.fixture
def loggers() -> Iterator[dict[str, logging.Logger]]:
    """Loggers an application has before a command runs, with handlers and levels of their own."""
    names = ("app", "app.billing", "somebody.elses", "sqlalchemy.engine", "alembic", "")
    found = {name: logging.getLogger(name) for name in names}
    before = {name: (log.level, log.handlers[:], log.disabled, log.propagate) for name, log in found.items()}
    found["app"].setLevel(logging.DEBUG)
    found["app"].addHandler(logging.NullHandler())
    found["somebody.elses"].setLevel(logging.ERROR)
    yield found
    for name, log in found.items():
        log.level, log.handlers, log.disabled, log.propagate = before[name]


def _state(loggers: dict[str, logging.Logger]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (log.level, list(log.handlers), list(log.filters), log.disabled, log.propagate)
        for name, log in loggers.items()
    }


def test_no_logger_is_touched_from_code(embedded: Project, loggers: dict[str, logging.Logger]) -> None:
    """After every function the application's loggers are as they were, whatever ``alembic.ini`` says."""
    embedded.write("r1", None, CREATE_A)
    before = _state(loggers)
    with embedded.opened() as app, app.app_context():
        for function in ("upgrade", "current", "heads", "history", "downgrade", "stamp"):
            getattr(dihya_migrate, function)()
            assert _state(loggers) == before, function


@pytest.mark.parametrize("arguments", [("upgrade",), ("current",), ("check",), ("status",)])
def test_no_logger_is_touched_by_a_command(
    embedded: Project, loggers: dict[str, logging.Logger], arguments: tuple[str, ...]
) -> None:
    """Commands leave them as they were too, and ``app.logger`` still speaks."""
    embedded.write("r1", None, CREATE_A)
    before = _state(loggers)
    embedded.cli("db", *arguments)
    assert _state(loggers) == before
    assert loggers["app"].isEnabledFor(logging.DEBUG)


def test_app_logger_speaks_during_and_after_a_run(
    embedded: Project, loggers: dict[str, logging.Logger], caplog: pytest.LogCaptureFixture
) -> None:
    """A script that logs through the application is heard, and so is the application afterwards."""
    embedded.write("r1", None, "import logging; logging.getLogger('app').info('from the script')")
    with embedded.opened() as app, app.app_context():
        dihya_migrate.upgrade()
        app.logger.info("from the application")
    told = [record.getMessage() for record in caplog.records if record.name == "app"]
    assert told.count("from the script") == len(embedded.urls)
    assert told[-1] == "from the application"
    assert loggers["app"].disabled is False


def test_no_closure_survives_a_run(embedded: Project) -> None:
    """``upgrade()`` then ``migrate()`` in one process: no file without a change, one file with one."""
    with embedded.opened() as app, app.app_context():
        dihya_migrate.upgrade()
        dihya_migrate.migrate(message="nothing")
        assert list(embedded.versions.glob("*.py")) == []
    embedded.models = MODEL
    with embedded.opened() as app, app.app_context():
        dihya_migrate.upgrade()
        dihya_migrate.migrate(message="a table")
        assert len(list(embedded.versions.glob("*.py"))) == 1
        dihya_migrate.upgrade()
        dihya_migrate.migrate(message="nothing again")
        assert len(list(embedded.versions.glob("*.py"))) == 1
    assert "a" in embedded.tables()


def test_written_revision_goes_up_and_down(project: Project) -> None:
    """What ``migrate`` writes with each template runs, ``check`` is content, and so is the way back."""
    project.models = MODEL
    assert project.cli("db", "migrate", "-m", "Keep letters").exit_code == 0
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert project.cli("db", "check").exit_code == 0
    done = project.cli("db", "downgrade")
    assert done.exit_code == 0, done.output
    assert "a" not in project.tables()
    assert project.cli("db", "check").exit_code == 1


def test_group_of_another_name_has_variables_of_that_name(tmp_path: Path, sqlite_url: str) -> None:
    """With ``Migrate(command='database')`` the options come from FLASK_DATABASE_…, not from FLASK_DB_…."""
    project = Project.make(tmp_path / "project", sqlite_url, options="command='database'")
    project.write("r1", None, CREATE_A)
    (project.root / "migrations").rename(project.root / "elsewhere")
    done = project.run(
        "database", "upgrade", FLASK_DATABASE_DIRECTORY="elsewhere", FLASK_DB_DIRECTORY="wrong"
    )
    assert done.returncode == 0, done.stderr
    assert project.head() == "r1"
    assert project.run("db", "upgrade").returncode == 2


@pytest.mark.parametrize("variable", ["FLASK_DB_UPGRADE_TAG", "FLASK_DB_X_ARG", "FLASK_DB_UPGRADE_X_ARG"])
def test_options_from_the_environment_reach_the_script(
    tmp_path: Path, sqlite_url: str, variable: str
) -> None:
    """Flask's own prefix makes every option a variable."""
    project = Project.make(tmp_path / "project", sqlite_url)
    what = "context.get_tag_argument()" if variable.endswith("TAG") else "context.get_x_argument()"
    place = str(tmp_path / "told")
    project.write("r1", None, f"from alembic import context; {SAY.format(place=place, what=what)}")
    assert project.run("db", "upgrade", **{variable: "blue"}).returncode == 0
    assert "blue" in (tmp_path / "told").read_text()


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (["-x", "a=1"], [], ["a=1"]),
        ([], ["-x", "b=2", "-x", "c"], ["b=2", "c"]),
        (["-x", "a=1"], ["-x", "b=2"], ["a=1", "b=2"]),
    ],
)
def test_x_arguments_reach_env_once(
    tmp_path: Path, sqlite_url: str, before: list[str], after: list[str], wanted: list[str]
) -> None:
    """``-x`` of the group and of the command, each given once."""
    project = Project.make(tmp_path / "project", sqlite_url)
    place = str(tmp_path / "told")
    what = "context.get_x_argument()"
    project.write("r1", None, f"from alembic import context; {SAY.format(place=place, what=what)}")
    assert project.cli("db", *before, "upgrade", *after).exit_code == 0
    assert (tmp_path / "told").read_text() == str(wanted)


@pytest.mark.parametrize("arguments", [("-d", "other", "upgrade"), ("upgrade", "-d", "other")])
def test_directory_may_be_given_to_group_and_command(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """``-d`` before or after the name of the command, relative to where one stands."""
    project = Project.make(tmp_path / "project", sqlite_url)
    project.write("r1", None, CREATE_A)
    (project.root / "migrations").rename(project.root / "other")
    monkeypatch.chdir(project.root)
    done = project.cli("db", *arguments)
    assert done.exit_code == 0, done.output
    assert project.head() == "r1"


@pytest.mark.parametrize("kind", [str, Path])
def test_directory_may_be_a_path(tmp_path: Path, sqlite_url: str, kind: type) -> None:
    """In the extension and in the functions."""
    project = Project.make(tmp_path / "project", sqlite_url)
    project.write("r1", None, CREATE_A)
    folder = project.root / "migrations"
    assert project.cli("db", "upgrade", directory=kind(folder)).exit_code == 0
    with project.opened(directory="nowhere") as app, app.app_context():
        dihya_migrate.downgrade(directory=kind(folder))
    assert project.head() is None


def test_configure_callbacks_are_called_in_order(tmp_path: Path, sqlite_url: str) -> None:
    """Each gets Alembic's config and hands it on; what they set holds for the run."""
    project = Project.make(tmp_path / "project", sqlite_url)
    project.write("r1", None, CREATE_A)
    called: list[str] = []
    (project.root / "migrations" / "versions").rename(project.root / "scripts")
    with project.opened() as app:
        migrate: Migrate = app.extensions["migrate"].migrate

        @migrate.configure
        def first(config: Any) -> Any:
            called.append("first")
            config.set_main_option("version_locations", str(project.root / "scripts"))
            return config

        @migrate.configure
        def second(config: Any) -> Any:
            called.append("second")
            return config

        done = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert done.exit_code == 0, done.output
    assert called[:2] == ["first", "second"]
    assert project.head() == "r1"


def test_two_applications_share_no_command(tmp_path: Path) -> None:
    """Each has groups of its own: what one adds, the other does not have."""
    first, second = Flask("first", instance_path=str(tmp_path)), Flask("second", instance_path=str(tmp_path))
    for app in (first, second):
        app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        Migrate(app, SQLAlchemy(app), command="db" if app is first else "schema")

    @first.cli.commands["db"].command("extra")  # type: ignore[attr-defined,untyped-decorator]
    def extra() -> None:
        """A command of the first one."""

    assert first.test_cli_runner().invoke(args=["db", "extra"]).exit_code == 0
    assert second.test_cli_runner().invoke(args=["schema", "extra"]).exit_code == 2
    assert second.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 2
    assert "extra" not in second.test_cli_runner().invoke(args=["schema", "--help"]).stdout
    assert first.cli.commands["gdpr"] is not second.cli.commands["gdpr"]


def test_one_extension_for_two_applications(tmp_path: Path) -> None:
    """A module-level ``Migrate()`` and a factory: every application keeps its own database and keywords."""
    migrate = Migrate()
    folders = [tmp_path / name for name in ("one", "two")]
    projects = []
    for folder in folders:
        folder.mkdir()
        project = Project.make(folder / "project", f"sqlite:///{folder / 'test.db'}")
        project.write("r1", None, CREATE_A)
        app = Flask("app", instance_path=str(folder / "instance"))
        app.config.update(project.config, SQLALCHEMY_DATABASE_URI=project.url)
        migrate.init_app(app, SQLAlchemy(app), directory=project.root / "migrations")
        projects.append((project, app))
    (_, first), (_, second) = projects
    assert first.extensions["migrate"].db is not second.extensions["migrate"].db
    assert first.extensions["migrate"].directory != second.extensions["migrate"].directory
    for project, app in projects:
        done = app.test_cli_runner().invoke(args=["db", "-d", str(project.root / "migrations"), "upgrade"])
        assert done.exit_code == 0, done.output
        assert project.head() == "r1"
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()
