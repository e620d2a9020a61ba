"""Every ``env.py`` that Flask-Migrate lays down, unedited, and ours: what a run gains by the import."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa

from dihya_migrate.engines import LockScope, server_of
from tests.integration.conftest import MANY, SINGLE
from tests.project import Project

CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
CREATE_B = 'op.create_table("b", sa.Column("id", sa.Integer, primary_key=True))'
DROP_A, DROP_B = 'op.drop_table("a")', 'op.drop_table("b")'
FAIL = "raise ValueError('person@marked.example')"
INDEX_A = """
with op.get_context().autocommit_block():
    op.create_index("ix_a", "a", ["id"], postgresql_concurrently=True)
"""


def test_upgrade_and_downgrade_are_recorded(project: Project) -> None:
    """Every database gets the tables, one run in its journal, a trail that verifies; and the way back."""
    project.write("r1", None, CREATE_A, DROP_A)
    project.write("r2", "r1", CREATE_B, DROP_B)
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    for url in project.urls:
        assert (project.tables(url), project.head(url)) == ({"a", "b", "alembic_version"}, "r2")
        assert project.rows("SELECT state FROM dihya_run", url) == [("done",)]
        assert project.told(url)[-4:] == ["run.started", "step.applied", "step.applied", "run.finished"]
    done = project.cli("db", "downgrade")
    assert done.exit_code == 0, done.output
    assert [project.head(url) for url in project.urls] == ["r1"] * len(project.urls)
    assert project.cli("audit", "verify").exit_code == 0


def test_script_that_drops_everything_is_refused(project: Project) -> None:
    """Tables with rows in them stay, and the refusal is in every trail."""
    project.write("r1", None, f"{CREATE_A}\n{CREATE_B}")
    assert project.cli("db", "upgrade").exit_code == 0
    for url in project.urls:
        project.do("INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)", url=url)
    project.write("r2", "r1", f"{DROP_A}\n{DROP_B}")
    done = project.cli("db", "upgrade")
    assert done.exit_code == 1
    assert "DM203" in done.stderr
    for url in project.urls:
        assert {"a", "b"} < project.tables(url)
        assert project.told(url)[-1] == "run.refused"


@pytest.mark.parametrize("project", ["flask-multidb"], indirect=True)
def test_env_speaks_once(project: Project) -> None:
    """What ``env.py`` logs is shown when it migrates, not when we only have it look."""
    project.write("r1", None)
    done = project.cli("db", "upgrade")
    assert done.stderr.count("Migrating database other") == 1


def test_lock_of_any_database_holds_the_run_off(project: Project) -> None:
    """Somebody else is migrating the last database: nothing starts anywhere, and the holder is named."""
    project.write("r1", None, CREATE_A)
    engine = sa.create_engine(project.urls[-1], poolclass=sa.NullPool)
    with server_of(engine).lock(engine, LockScope(), 5):
        done = project.cli("db", "upgrade", "--lock-timeout", "0")
    assert done.exit_code == 7
    assert "another run holds the lock (" in done.stderr
    assert all("a" not in project.tables(url) for url in project.urls)


def test_failed_step_leaves_nothing(project: Project) -> None:
    """A failure after an operation: as before on SQLite and PostgreSQL, recorded on MariaDB."""
    project.write("r1", None, f"{CREATE_A}\n{FAIL}")
    done = project.cli("db", "upgrade")
    assert "marked" not in done.output
    if project.url.startswith("mysql"):
        assert done.exit_code == 5
        assert "CREATE TABLE a" in done.stderr
    else:
        assert done.exit_code == 4
        assert all(project.tables(url) <= {"alembic_version"} for url in project.urls)
    assert project.cli("audit", "verify").exit_code == 0


def test_autocommit_block_works(project: Project) -> None:
    """An index is built concurrently, also where ``env.py`` holds the transaction."""
    project.write("r1", None, f"{CREATE_A}\n{INDEX_A}\n{CREATE_B}")
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    for url in project.urls:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        assert [index["name"] for index in sa.inspect(engine).get_indexes("a")] == ["ix_a"]
        assert "b" in project.tables(url)


def test_failure_after_an_autocommit_block_is_half_applied(project: Project) -> None:
    """What came before the end of the block is committed: the run is recorded so on every engine."""
    project.write("r1", None, f"{CREATE_A}\n{INDEX_A}\n{CREATE_B}\n{FAIL}")
    done = project.cli("db", "upgrade")
    assert done.exit_code == 5, done.output
    assert "CREATE TABLE a; CREATE INDEX ix_a" in done.stderr
    assert project.head() is None
    assert project.cli("db", "upgrade").exit_code == 5


def test_transaction_per_migration_keeps_what_was_done(project: Project) -> None:
    """With one transaction a revision, the revisions before the failing one stay."""
    project.write("r1", None, CREATE_A)
    project.write("r2", "r1", FAIL)
    done = project.cli("db", "upgrade", transaction_per_migration=True)
    assert done.exit_code == 4
    assert project.head() == "r1"
    assert "1 earlier revision(s) stay applied" in done.stderr


@pytest.mark.parametrize("project", MANY, indirect=True)
def test_failure_on_the_second_database(project: Project) -> None:
    """Nobody's failing step stays; the next run goes on from where each database really is."""
    project.write_each("r1", None, {"": CREATE_A, "other": f"{CREATE_A}\n{FAIL}"})
    done = project.cli("db", "upgrade")
    assert done.exit_code == (5 if project.url.startswith("mysql") else 4), done.output
    assert "revision r1 failed at r1.py:22 on bind 'other': ValueError" in done.stderr
    if project.url.startswith("mysql"):
        assert "other: CREATE TABLE a" in done.stderr
        return
    assert project.tables(project.urls[1]) <= {"alembic_version"}
    project.write_each("r1", None, {"": CREATE_A, "other": CREATE_A})
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert [project.head(url) for url in project.urls] == ["r1", "r1"]
    assert project.cli("audit", "verify").exit_code == 0


@pytest.mark.parametrize("template", ["flask-multidb", "dihya"])
@pytest.mark.parametrize("swapped", [False, True], ids=["sqlite first", "server first"])
def test_databases_of_two_kinds(tmp_path: Path, server_url: str, template: str, *, swapped: bool) -> None:
    """SQLite beside a server: each is atomic, or recorded, as its own engine can."""
    both = [f"sqlite:///{tmp_path / 'embedded.db'}", server_url]
    first, second = reversed(both) if swapped else both
    project = Project.make(tmp_path / "project", first, template=template, binds={"other": second})
    project.write("r1", None, CREATE_A, DROP_A)
    assert project.cli("db", "upgrade").exit_code == 0
    assert [project.tables(url) for url in project.urls] == [{"a", "alembic_version"}] * 2
    assert project.cli("db", "downgrade").exit_code == 0
    assert [project.head(url) for url in project.urls] == [None, None]
    assert project.cli("audit", "verify").exit_code == 0


@pytest.mark.parametrize("template", ["flask", "flask-multidb", "aioflask", "aioflask-multidb"])
def test_stock_templates_are_listed_and_laid_down(tmp_path: Path, sqlite_url: str, template: str) -> None:
    """Byte for byte; the event loop of the aioflask experiment is its own affair."""
    project = Project.make(tmp_path / "project", sqlite_url, template=template)
    assert f"{template} - " in project.cli("db", "list-templates").stdout
    stock = Path(flask_migrate.__file__).parent / "templates" / template
    for file in ("env.py", "script.py.mako", "README"):
        assert (project.root / "migrations" / file).read_bytes() == (stock / file).read_bytes()


@pytest.mark.parametrize("embedded", SINGLE, indirect=True)
def test_what_env_finds_keeps_its_shape(embedded: Project) -> None:
    """``app.extensions['migrate']`` as ``env.py`` files and other extensions read it."""
    with embedded.opened(version_table="mine") as app:
        state = app.extensions["migrate"]
        assert state.db is app.extensions["sqlalchemy"]
        assert state.directory == state.migrate.directory == str(embedded.root / "migrations")
        wanted = {"version_table": "mine", "compare_type": True, "render_as_batch": True}
        assert state.configure_args == wanted
        assert state.metadata is state.db.metadata
        assert state.migrate.alembic_ctx_kwargs == wanted
