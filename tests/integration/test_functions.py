"""The Python side: Flask-Migrate's functions with their manners, and ours with types."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import flask_migrate
import pytest
from flask import Flask

import dihya_migrate
from dihya_migrate import Migrate
from dihya_migrate.errors import LockTimeoutError, MigrationError, NotFoundError, ValidationRefusedError
from tests.project import Project

CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
FUNCTIONS = (
    *("list_templates", "init", "revision", "migrate", "edit", "merge", "upgrade", "downgrade", "show"),
    *("history", "heads", "branches", "current", "stamp", "check"),
)
SAME_OBJECTS = ("Config", "alembic_version", "catch_errors", "log")


def shape(function: Any) -> list[tuple[str, object, object]]:
    """Names, kinds and defaults of the parameters; types may be added."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_has_flask_migrates_signature(name: str) -> None:
    """Same parameters, same order, same defaults; ``purge`` came with Flask-Migrate 4.1."""
    ours, theirs = (shape(getattr(module, name)) for module in (dihya_migrate, flask_migrate))
    assert ours[: len(theirs)] == theirs
    assert [parameter[0] for parameter in ours[len(theirs) :]] in ([], ["purge"])


@pytest.mark.parametrize(
    "name", ["__init__", "init_app", "configure", "call_configure_callbacks", "get_config"]
)
def test_extension_has_flask_migrates_signatures(name: str) -> None:
    """So has the extension object; ``self`` aside."""
    assert shape(getattr(Migrate, name)) == shape(getattr(flask_migrate.Migrate, name))


@pytest.mark.parametrize("name", SAME_OBJECTS)
def test_helpers_are_flask_migrates_own(name: str) -> None:
    """What is no function of a command is passed through."""
    assert getattr(dihya_migrate, name) is getattr(flask_migrate, name)


def test_nothing_public_is_missing() -> None:
    """Every name that Flask-Migrate defines or documents can be imported from here."""
    defined = {
        name
        for name, value in vars(flask_migrate).items()
        if getattr(value, "__module__", "") == "flask_migrate" and not name.startswith("_")
    }
    assert defined | set(FUNCTIONS) | set(SAME_OBJECTS) <= set(dihya_migrate.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dihya_migrate.nonsense


def test_history_is_a_function_after_a_run() -> None:
    """No package of ours hides a function of that name, whatever has been imported before."""
    code = (
        "import pkgutil, dihya_migrate, importlib\n"
        "for m in pkgutil.walk_packages(dihya_migrate.__path__, 'dihya_migrate.'):\n"
        "    if 'templates' not in m.name: importlib.import_module(m.name)\n"
        f"for name in {FUNCTIONS!r}:\n"
        "    scope = {}\n"
        "    exec(f'from dihya_migrate import {name}', scope)\n"
        "    assert callable(scope[name]), name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["flask", "dihya"])
def made(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Project:
    """A project of either template on each engine."""
    return Project.make(tmp_path / "project", database_url, template=request.param)


@pytest.fixture
def plain(tmp_path: Path, sqlite_url: str) -> Iterator[Project]:
    """A project on SQLite with the application's context open, for what no server makes different."""
    made = Project.make(tmp_path / "project", sqlite_url)
    with made.opened() as app, app.app_context():
        yield made


@pytest.fixture
def app(made: Project) -> Iterator[Flask]:
    """Its application, with the context open."""
    with made.opened() as app, app.app_context():
        yield app


def test_every_function_returns_none(made: Project, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those whose counterpart in Alembic returns something."""
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(made.root)
    assert dihya_migrate.check() is None
    made.write("r1", None, CREATE_A, 'op.drop_table("a")')
    calls: list[tuple[str, dict[str, Any]]] = [
        ("list_templates", {}),
        ("init", {"directory": "elsewhere"}),
        ("upgrade", {}),
        ("current", {"verbose": True}),
        ("show", {}),
        ("history", {"indicate_current": True}),
        ("edit", {"revision": "r1"}),
        ("revision", {"message": "empty"}),
        ("revision", {"message": "a second head", "head": "r1", "splice": True, "rev_id": "r2b"}),
        ("heads", {"verbose": True}),
        ("branches", {}),
        ("merge", {"revisions": "heads", "message": "joined"}),
        ("downgrade", {"revision": "base"}),
        ("stamp", {"revision": "r1"}),
    ]
    for name, arguments in calls:
        assert getattr(dihya_migrate, name)(**arguments) is None, name
    assert made.head() == "r1"


@pytest.mark.parametrize("cls", [RuntimeError, ValueError, KeyError])
def test_exception_of_a_script_reaches_the_caller(made: Project, app: Flask, cls: type[Exception]) -> None:
    """As it was raised, RuntimeError too, with its text and the line of the script in its traceback."""
    path = made.write("r1", None, f"{CREATE_A}\nraise {cls.__name__}('of the script')")
    with pytest.raises(cls, match="of the script") as caught:
        dihya_migrate.upgrade()
    assert type(caught.value) is cls
    assert any(Path(str(entry.path)) == path for entry in caught.traceback)


@pytest.mark.parametrize(
    ("function", "arguments", "code"),
    [
        ("upgrade", {"revision": "nonsense"}, 3),
        ("downgrade", {"revision": "nonsense"}, 3),
        ("show", {"revision": "nonsense"}, 3),
        ("upgrade", {"revision": "r1:r1"}, 1),
        ("check", {}, 1),
        ("merge", {"revisions": "nonsense"}, 3),
        ("init", {}, 1),
        ("init", {"template": "nonsense", "directory": "elsewhere"}, 1),
        ("upgrade", {"directory": "nowhere"}, 3),
        ("current", {"directory": "nowhere"}, 3),
        ("stamp", {"directory": "nowhere"}, 3),
        ("migrate", {"directory": "nowhere"}, 3),
    ],
)
def test_error_ends_the_process_with_its_code(
    plain: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    function: str,
    arguments: dict[str, Any],
    code: int,
) -> None:
    """``SystemExit`` as Flask-Migrate's functions do, one logged line, never a traceback."""
    monkeypatch.chdir(plain.root)
    plain.write("r1", None, CREATE_A)
    with pytest.raises(SystemExit) as left:
        getattr(dihya_migrate, function)(**arguments)
    assert left.value.code == code, caplog.text
    [line] = [record for record in caplog.records if record.name == "flask_migrate"]
    assert line.getMessage().startswith("Error: ")
    assert str(plain.root) not in line.getMessage()


def test_refused_run_ends_the_process(made: Project, app: Flask) -> None:
    """Validation said no: code 1, nothing touched."""
    made.write("r2", "missing", CREATE_A)
    with pytest.raises(SystemExit) as left:
        dihya_migrate.upgrade()
    assert left.value.code == 1
    assert made.tables() <= {"alembic_version"}


def test_typed_upgrade_tells_what_it_did(made: Project, app: Flask) -> None:
    """``migrate.upgrade()`` returns the run: from where, to where, which steps."""
    made.write("r1", None, CREATE_A, 'op.drop_table("a")', message="make a")
    migrate: Migrate = app.extensions["migrate"].migrate
    result = migrate.upgrade()
    assert (result.direction, result.from_heads, result.to_heads) == ("upgrade", {"": ()}, {"": ("r1",)})
    assert [(step.revision, step.message) for step in result.applied] == [("r1", "make a")]
    assert result.run_id
    again = migrate.upgrade()
    assert (again.applied, again.run_id, again.to_heads) == ((), "", {"": ("r1",)})
    back = migrate.downgrade()
    assert (back.direction, back.to_heads) == ("downgrade", {"": ()})


def test_typed_upgrade_raises_what_went_wrong(made: Project, app: Flask) -> None:
    """Errors of ours carry the reason without values, and the original for whoever wants it."""
    migrate: Migrate = app.extensions["migrate"].migrate
    made.write("r1", None, "raise ValueError('person@marked.example')")
    with pytest.raises(MigrationError, match=r"revision r1 failed at r1\.py:") as failed:
        migrate.upgrade()
    assert "marked" not in str(failed.value)
    assert isinstance(failed.value.original, ValueError)
    assert failed.value.reduced["class"] == "ValueError"
    made.write("r2", "missing", CREATE_A)
    with pytest.raises(ValidationRefusedError) as refused:
        migrate.upgrade()
    assert refused.value.codes


def test_typed_errors_are_not_system_exit(made: Project, app: Flask) -> None:
    """The typed side never ends the process."""
    migrate: Migrate = app.extensions["migrate"].migrate
    made.write("r1", None, CREATE_A)
    with pytest.raises(NotFoundError):
        migrate.upgrade("nonsense")
    assert issubclass(LockTimeoutError, dihya_migrate.DihyaError)
    assert not issubclass(dihya_migrate.DihyaError, SystemExit)


def test_functions_are_functions() -> None:
    """They can be passed around, and know their names and what they do."""
    for name in FUNCTIONS:
        function = getattr(dihya_migrate, name)
        assert isinstance(function, FunctionType)
        assert (function.__name__, bool(function.__doc__)) == (name, True)
