"""Plain ``alembic`` inside a folder of our making is guarded like ``flask db``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from dihya_migrate.engines import LockScope, server_of
from tests.project import Project

CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
CREATE_B = 'op.create_table("b", sa.Column("id", sa.Integer, primary_key=True))'
DROP_A, DROP_B = 'op.drop_table("a")', 'op.drop_table("b")'


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Project:
    """A project with our template on each engine, whose lock gives up at once."""
    return Project.make(tmp_path / "project", database_url, config={"DIHYA_LOCK_TIMEOUT": 0.2})


@pytest.fixture
def plain(tmp_path: Path, sqlite_url: str) -> Project:
    """One on SQLite, for what no server makes different."""
    return Project.make(tmp_path / "project", sqlite_url)


def alembic(
    project: Project, *arguments: str, folder: str = "migrations"
) -> subprocess.CompletedProcess[str]:
    """``alembic ARGUMENTS``, called in the migrations folder; FLASK_APP is not set."""
    environment = project.environment()
    del environment["FLASK_APP"], environment["PYTHONPATH"]
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=project.root / folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_up_and_down_is_audited(project: Project) -> None:
    """``upgrade head`` and ``downgrade -1`` leave the same trace as our own commands."""
    project.write("r1", None, CREATE_A, DROP_A)
    done = alembic(project, "upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "+ r1" in done.stderr
    assert project.head() == "r1"
    assert project.told()[-3:] == ["run.started", "step.applied", "run.finished"]
    done = alembic(project, "downgrade", "-1")
    assert done.returncode == 0, done.stderr
    assert project.tables() == {"alembic_version"}
    assert project.rows("SELECT direction, state FROM dihya_run ORDER BY started_at") == [
        ("upgrade", "done"),
        ("downgrade", "done"),
    ]
    assert project.cli("audit", "verify").exit_code == 0


def test_refusal_is_short_and_not_zero(project: Project) -> None:
    """A script that drops everything does not run; a few lines, no traceback."""
    project.write("r1", None, f"{CREATE_A}\n{CREATE_B}")
    assert project.cli("db", "upgrade").exit_code == 0
    project.do("INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)")
    project.write("r2", "r1", f"{DROP_A}\n{DROP_B}", "pass")
    done = alembic(project, "upgrade", "head")
    assert done.returncode != 0
    assert "validation refused this run" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert {"a", "b"} < project.tables()
    assert project.told()[-1] == "run.refused"


def test_failure_is_short_and_not_zero(project: Project) -> None:
    """A failing step: as before on SQLite and PostgreSQL, no value and no traceback anywhere."""
    project.write("r1", None, "raise ValueError('person@marked.example')")
    done = alembic(project, "upgrade", "head")
    assert done.returncode != 0
    assert "revision r1 failed at r1.py:" in done.stderr + done.stdout
    assert "marked" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert project.head() is None


def test_lock_is_respected(project: Project) -> None:
    """While somebody else migrates, ``alembic upgrade`` gives up and names the holder."""
    project.write("r1", None, CREATE_A)
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with server_of(engine).lock(engine, LockScope(), 5):
        done = alembic(project, "upgrade", "head")
    assert done.returncode != 0
    assert "another run holds the lock" in done.stderr + done.stdout
    assert "a" not in project.tables()


def test_looking_commands_answer(plain: Project) -> None:
    """``current``, ``check``, ``history``, ``heads`` and ``upgrade --sql`` do what they always did."""
    plain.write("r1", None, CREATE_A, DROP_A)
    assert alembic(plain, "heads").stdout.strip() == "r1 (head)"
    assert alembic(plain, "current").stdout.strip() == ""
    done = alembic(plain, "check")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    done = alembic(plain, "upgrade", "head", "--sql")
    assert done.returncode == 0, done.stderr
    assert "CREATE TABLE a" in done.stdout
    assert plain.tables() <= {"alembic_version"}
    assert alembic(plain, "upgrade", "head").returncode == 0
    assert alembic(plain, "current").stdout.strip() == "r1 (head)"


def test_stamp_and_revision(project: Project) -> None:
    """``stamp`` is audited, ``revision --autogenerate`` writes our form."""
    project.write("r1", None, CREATE_A, DROP_A)
    done = alembic(project, "stamp", "head")
    assert done.returncode == 0, done.stderr
    assert project.told()[-1] == "stamp.applied"
    done = alembic(project, "revision", "-m", "by hand")
    assert done.returncode == 0, done.stderr
    [written] = [path for path in project.versions.glob("*.py") if path.name != "r1.py"]
    assert "Purpose: by hand" in written.read_text()


def test_second_upgrade_has_nothing_to_do(project: Project) -> None:
    """At head it exits 0, also while somebody else holds the lock."""
    project.write("r1", None, CREATE_A, DROP_A)
    assert alembic(project, "upgrade", "head").returncode == 0
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with server_of(engine).lock(engine, LockScope(), 5):
        assert alembic(project, "upgrade", "head").returncode == 0


def test_x_and_tag_reach_the_script(tmp_path: Path, sqlite_url: str) -> None:
    """``-x`` and ``--tag`` pass through the guarded run."""
    project = Project.make(tmp_path / "project", sqlite_url)
    project.write(
        "r1",
        None,
        f"""
        from alembic import context
        with open({str(tmp_path / "told")!r}, "w") as file:
            file.write(f"{{context.get_x_argument()}} {{context.get_tag_argument()}}")
        """,
    )
    done = alembic(project, "-x", "tenant=1", "upgrade", "head", "--tag", "blue")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "told").read_text() == "['tenant=1'] blue"


def test_many_databases(tmp_path: Path, database_url: str, second_url: str) -> None:
    """The multi-database form of our folder is guarded too."""
    project = Project.make(tmp_path / "project", database_url, binds={"other": second_url})
    project.write("r1", None, CREATE_A, DROP_A)
    done = alembic(project, "upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert [project.head(url) for url in project.urls] == ["r1", "r1"]
    assert all("run.finished" in project.told(url) for url in project.urls)


def test_application_cannot_be_found(tmp_path: Path, sqlite_url: str) -> None:
    """Without FLASK_APP and without a name in ``alembic.ini`` the message says what to set."""
    project = Project.make(tmp_path / "project", sqlite_url)
    ini = project.root / "migrations" / "alembic.ini"
    lines = [line for line in ini.read_text().splitlines() if not line.startswith("flask_app")]
    ini.write_text("\n".join(lines))
    (project.root / "app.py").rename(project.root / "elsewhere.py")
    done = alembic(project, "upgrade", "head")
    assert done.returncode != 0
    assert "FLASK_APP" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
