"""SQLite copies a table to alter it: no row is lost by that, whatever the application set up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

import dihya_migrate
from tests.project import Project

LISTENER = """
import sqlite3
from sqlalchemy import event

def keys(connection, _record):
    connection.execute("PRAGMA foreign_keys=ON")
    {more}

with app.app_context():
    event.listen(db.engine, "connect", keys)
    {begin}
"""
RECIPE = {
    "more": "connection.isolation_level = None",
    "begin": 'event.listen(db.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))',
}
FAMILY = """
op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
op.create_table(
    "child",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", ondelete="CASCADE"), nullable=False),
)
"""
COPY = """
with op.batch_alter_table("parent", recreate="always") as batch:
    batch.alter_column("name", type_=sa.String(40))
"""
BY_HAND = """
op.execute("CREATE TABLE parent_new (id INTEGER PRIMARY KEY, name VARCHAR(40))")
op.execute("INSERT INTO parent_new SELECT id, name FROM parent")
op.execute("DROP TABLE parent")
op.execute("ALTER TABLE parent_new RENAME TO parent")
"""
WITH_PRAGMAS = f'op.execute("PRAGMA foreign_keys=OFF")\n{COPY}\nop.execute("PRAGMA foreign_keys=ON")'
UNREADABLE = f'assert op.get_bind().execute(sa.text("SELECT count(*) FROM parent")).scalar() == 2\n{COPY}'
SET_UPS: dict[str, dict[str, Any]] = {
    "plain": {},
    "WAL": {"more": 'connection.execute("PRAGMA journal_mode=WAL")'},
    "own BEGIN": RECIPE,
    "one connection": {"engine": {"pool_size": 1, "max_overflow": 0, "pool_timeout": 2}},
    "no pool": {"engine": {"poolclass": NullPool}},
    "shared connection": {"engine": {"poolclass": StaticPool}},
    "autocommit": {"engine": {"isolation_level": "AUTOCOMMIT"}},
}


def family(folder: Path, url: str, **options: Any) -> Project:
    """Two parents with two children each, in an application that asks for foreign keys."""
    listener = LISTENER.format(more=options.pop("more", "pass"), begin=options.pop("begin", "pass"))
    engine = options.pop("engine", {})
    project = Project.make(folder / "project", url)
    project.models, project.config = listener, {**project.config, "SQLALCHEMY_ENGINE_OPTIONS": engine}
    project.write("r1", None, FAMILY)
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    project.do(
        "INSERT INTO parent VALUES (1, 'one'), (2, 'two')",
        "INSERT INTO child VALUES (1, 1), (2, 1), (3, 2), (4, 2)",
    )
    return project


@pytest.fixture
def project(tmp_path: Path, sqlite_url: str) -> Project:
    """The family in a plain set-up."""
    return family(tmp_path, sqlite_url)


def children(project: Project) -> int:
    """How many there are."""
    return int(str(project.rows("SELECT count(*) FROM child")[0][0]))


def width(project: Project) -> str:
    """The type of the altered column."""
    engine = sa.create_engine(project.url, poolclass=NullPool)
    return next(str(c["type"]) for c in sa.inspect(engine).get_columns("parent") if c["name"] == "name")


@pytest.mark.parametrize("name", SET_UPS)
def test_copying_a_parent_keeps_every_child(tmp_path: Path, sqlite_url: str, name: str) -> None:
    """DROP TABLE deletes its rows first, and ON DELETE CASCADE would follow; here it does not."""
    project = family(tmp_path, sqlite_url, **SET_UPS[name])
    project.write("r2", "r1", COPY, COPY)
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert (children(project), width(project)) == (4, "VARCHAR(40)")
    assert project.cli("db", "downgrade").exit_code == 0
    assert children(project) == 4


@pytest.mark.parametrize(
    "script", [BY_HAND, WITH_PRAGMAS, UNREADABLE], ids=["by hand", "pragmas", "unreadable"]
)
def test_other_ways_to_copy(project: Project, script: str) -> None:
    """A copy by hand, one with pragmas around it, one in a script that only a database can follow."""
    project.write("r2", "r1", script)
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert (children(project), width(project)) == (4, "VARCHAR(40)")


@pytest.mark.parametrize("name", SET_UPS)
def test_orphans_after_a_copy_are_refused(tmp_path: Path, sqlite_url: str, name: str) -> None:
    """A run that copies tables and leaves rows pointing at nothing is rolled back as a whole."""
    project = family(tmp_path, sqlite_url, **SET_UPS[name])
    project.write("r2", "r1", f'{COPY}\nop.execute("DELETE FROM parent WHERE id = 1")')
    done = project.cli("db", "upgrade")
    assert done.exit_code == 4
    assert "2 row(s) would point at nothing (child -> parent)" in done.stderr
    assert (children(project), width(project), project.head()) == (4, "VARCHAR(20)", "r1")
    assert project.rows("SELECT count(*) FROM parent") == [(2,)]
    assert project.cli("audit", "verify").exit_code == 0


def test_the_refusals_advice_works(project: Project) -> None:
    """A cascade in one revision and a copy in the next: each in a run of its own goes through."""
    project.write("r2", "r1", 'op.execute("DELETE FROM parent WHERE id = 1")')
    project.write("r3", "r2", COPY)
    together = project.cli("db", "upgrade")
    assert together.exit_code == 4
    assert "in a run of its own" in together.stderr
    assert project.cli("db", "upgrade", "r2").exit_code == 0
    assert project.cli("db", "upgrade").exit_code == 0
    assert (children(project), project.head()) == (2, "r3")


def test_orphans_from_before_are_nobodys_fault(project: Project) -> None:
    """Rows that pointed at nothing before the run do not stop it."""
    project.do("INSERT INTO child VALUES (9, 99)")
    project.write("r2", "r1", COPY)
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert children(project) == 5


@pytest.mark.parametrize("name", SET_UPS)
@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_foreign_keys_are_on_again(tmp_path: Path, sqlite_url: str, name: str, *, fails: bool) -> None:
    """On every connection the application gets afterwards, whether the run came to its end or not."""
    project = family(tmp_path, sqlite_url, **SET_UPS[name])
    project.write("r2", "r1", f"{COPY}\nraise ValueError" if fails else COPY)
    with project.opened() as app, app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        before = _session(engine)
        if fails:
            with pytest.raises(ValueError):  # noqa: PT011 - the script's own, without a text
                dihya_migrate.upgrade()
        else:
            dihya_migrate.upgrade()
        assert _session(engine) == before
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM parent WHERE id = 1"))
    assert children(project) == 2


def _session(engine: sa.Engine) -> tuple[object, ...]:
    """What a run might leave behind on a pooled connection."""
    with engine.connect() as connection:
        keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
        driver = connection.connection.dbapi_connection
        assert driver is not None
        return keys, driver.isolation_level, getattr(driver, "autocommit", None)


def test_deleting_a_parent_still_cascades_without_a_copy(project: Project) -> None:
    """Foreign keys are only suspended for runs that copy tables."""
    project.write("r2", "r1", 'op.execute("DELETE FROM parent WHERE id = 1")')
    assert project.cli("db", "upgrade").exit_code == 0
    assert children(project) == 2


def test_every_step_counts_in_one_transaction(project: Project) -> None:
    """A failure in the last of three revisions, with copies before it: everything as before."""
    project.write("r2", "r1", COPY)
    project.write("r3", "r2", 'op.add_column("child", sa.Column("age", sa.Integer))')
    project.write("r4", "r3", f"{COPY}\nraise ValueError")
    before = project.rows("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%dihya%'")
    assert project.cli("db", "upgrade").exit_code == 4
    assert project.rows("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%dihya%'") == before


def test_wal_stays_and_readers_read_on(tmp_path: Path, sqlite_url: str) -> None:
    """In WAL mode another connection reads the old state while the run is under way."""
    project = family(tmp_path, sqlite_url, **SET_UPS["WAL"])
    peek = f"""
    import sqlite3
    other = sqlite3.connect({project.url.removeprefix("sqlite:///")!r})
    assert other.execute("SELECT count(*) FROM child").fetchall() == [(4,)]
    other.close()
    """
    project.write("r2", "r1", f"{COPY}\nop.execute('DELETE FROM child')\n" + _dedented(peek))
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert project.rows("PRAGMA journal_mode") == [("wal",)]


def _dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


@pytest.mark.parametrize("folder", ["with spaces", "ümlaut", "100%", "question?mark"])
def test_odd_paths(tmp_path: Path, folder: str) -> None:
    """The lock file, the audit and the copies do with any path SQLite does with."""
    (tmp_path / folder).mkdir()
    url = sa.URL.create("sqlite", database=str(tmp_path / folder / "my data.db"))
    project = family(tmp_path, url.render_as_string())
    project.write("r2", "r1", COPY)
    assert project.cli("db", "upgrade").exit_code == 0
    assert children(project) == 4


@pytest.mark.parametrize(
    ("url", "pool"),
    [
        ("sqlite://", {}),
        ("sqlite:///:memory:", {}),
        ("sqlite:///file:x?mode=memory&cache=shared&uri=true", {"poolclass": QueuePool}),
    ],
)
def test_database_in_memory(tmp_path: Path, url: str, pool: dict[str, Any]) -> None:
    """As test-suites use it: the application sees the tables in the same process, and copies keep rows."""
    project = Project.make(
        tmp_path / "project", url, config={"TESTING": True, "SQLALCHEMY_ENGINE_OPTIONS": pool}
    )
    project.models = LISTENER.format(more="pass", begin="pass")
    project.write("r1", None, FAMILY)
    project.write("r2", "r1", COPY)
    with project.opened() as app, app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        with engine.connect():  # the shared one in memory lives as long as a connection does
            dihya_migrate.upgrade(revision="r1")
            with engine.begin() as connection:
                connection.execute(sa.text("INSERT INTO parent VALUES (1, 'one')"))
                connection.execute(sa.text("INSERT INTO child VALUES (1, 1)"))
            dihya_migrate.upgrade()
            with engine.connect() as connection:
                assert connection.execute(sa.text("SELECT count(*) FROM child")).scalar() == 1
                found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            assert found == "r2"
            dihya_migrate.upgrade()


def test_listener_on_all_engines(tmp_path: Path, sqlite_url: str) -> None:
    """The form most applications use: a listener on the class, in a process of its own."""
    listener = """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def keys(connection, _record):
        connection.execute("PRAGMA foreign_keys=ON")
    """
    project = Project.make(tmp_path / "project", sqlite_url, models="")
    app = project.root / "app.py"
    app.write_text(app.read_text() + "\n".join(line[4:] for line in listener.splitlines()))
    project.write("r1", None, FAMILY)
    assert project.run("db", "upgrade").returncode == 0
    project.do("INSERT INTO parent VALUES (1, 'one')", "INSERT INTO child VALUES (1, 1)")
    project.write("r2", "r1", COPY)
    done = project.run("db", "upgrade")
    assert done.returncode == 0, done.stderr
    assert children(project) == 1
