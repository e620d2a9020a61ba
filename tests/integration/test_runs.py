"""Runs on real engines: atomic where the engine allows, recorded where it does not."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.project import Project

CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
CREATE_B = 'op.create_table("b", sa.Column("id", sa.Integer, primary_key=True))'
FAIL = "raise ValueError('person@marked.example')"


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Project:
    """A project with our template on each engine."""
    return Project.make(tmp_path / "project", database_url)


def test_upgrade_applies_and_says_so(project: Project) -> None:
    """An upgrade runs every revision, names each on stderr, and sums up on stdout."""
    project.write("r1", None, CREATE_A)
    project.write("r2", "r1", CREATE_B)
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert {"a", "b"} <= project.tables()
    assert "Upgraded 2 revisions to r2" in done.stdout
    assert "r1" in done.stderr
    assert project.head() == "r2"


def test_second_upgrade_has_nothing_to_do(project: Project) -> None:
    """At head, an upgrade says so and writes nothing."""
    project.write("r1", None, CREATE_A)
    project.cli("db", "upgrade")
    events = project.rows("SELECT count(*) FROM dihya_audit")
    done = project.cli("db", "upgrade")
    assert "Nothing to do, already at r1" in done.stdout
    assert project.rows("SELECT count(*) FROM dihya_audit") == events


def test_failed_step_is_rolled_back_or_recorded(project: Project) -> None:
    """After two operations and a failure SQLite and PostgreSQL are as before; MariaDB knows what landed."""
    project.write("r1", None, f"{CREATE_A}\n{CREATE_B}\n{FAIL}")
    done = project.cli("db", "upgrade")
    if project.url.startswith("mysql"):
        assert done.exit_code == 5
        assert "CREATE TABLE a; CREATE TABLE b" in done.stderr
        again = project.cli("db", "upgrade")
        assert again.exit_code == 5
        assert "r1 is half applied" in again.stderr
        assert "repair --accept" in again.stderr
    else:
        assert done.exit_code == 4
        assert "rolled back" in done.stderr
        assert project.tables() <= {"alembic_version"}
    assert "marked" not in done.output
    assert "ValueError" in done.stderr
    assert project.head() is None
    assert project.cli("audit", "verify").exit_code == 0


def test_failed_step_names_file_and_line(project: Project) -> None:
    """The message leads to the line of the script that failed."""
    path = project.write("r1", None, FAIL)
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "raise" in text)
    done = project.cli("db", "upgrade")
    assert f"r1.py:{line}" in done.stderr


def test_half_applied_is_accepted_with_a_reason(tmp_path: Path) -> None:
    """Once the operator has put things right, ``repair --accept`` lets runs go on, and the trail knows."""
    for url in _of("mysql", tmp_path):
        project = Project.make(tmp_path / "project", url)
        path = project.write("r1", None, f"{CREATE_A}\n{FAIL}")
        assert project.cli("db", "upgrade").exit_code == 5
        assert "HALF APPLIED" in project.cli("db", "status").stdout
        project.do("DROP TABLE a")
        accepted = project.cli("db", "repair", "--accept", "--reason", "dropped by hand")
        assert accepted.exit_code == 0, accepted.output
        path.write_text(path.read_text().replace(FAIL, "pass"))
        assert project.cli("db", "upgrade").exit_code == 0
        assert "run.accepted" in project.cli("audit", "list").stdout


def test_downgrade_failure_leaves_everything(project: Project) -> None:
    """A downgrade that fails is rolled back like an upgrade, without DDL on MariaDB too."""
    project.write("r1", None, CREATE_A, FAIL)
    project.cli("db", "upgrade")
    done = project.cli("db", "downgrade")
    assert done.exit_code == 4
    assert project.head() == "r1"
    assert "a" in project.tables()


def test_transaction_per_migration_keeps_what_was_done(project: Project) -> None:
    """With one transaction a revision, the revisions before the failing one stay."""
    project.write("r1", None, CREATE_A)
    project.write("r2", "r1", FAIL)
    done = project.cli("db", "upgrade", transaction_per_migration=True)
    assert done.exit_code == 4
    assert project.head() == "r1"
    assert "1 earlier revision(s) stay applied" in done.stderr


def test_rollback_goes_to_where_the_last_run_started(project: Project) -> None:
    """One run of two revisions is undone as one; the run before it needs a second rollback."""
    project.write("r1", None, CREATE_A, 'op.drop_table("a")')
    project.cli("db", "upgrade")
    project.write("r2", "r1", CREATE_B, 'op.drop_table("b")')
    project.write("r3", "r2")
    project.cli("db", "upgrade")
    assert project.cli("db", "rollback").exit_code == 0
    assert project.head() == "r1"
    assert project.cli("db", "rollback").exit_code == 0
    assert project.head() is None
    assert project.cli("db", "rollback").exit_code == 3


@pytest.mark.parametrize("verb", ["upgrade", "plan"])
def test_unknown_revision_exits_3(project: Project, verb: str) -> None:
    """A revision that does not exist is not found, and nothing is touched."""
    project.write("r1", None, CREATE_A)
    done = project.cli("db", verb, "nonsense")
    assert done.exit_code == 3
    assert "a" not in project.tables()


def test_killed_run_is_found_and_told(project: Project) -> None:
    """SIGKILL between two operations: the next command finds out, says so, and goes on or refuses."""
    path = project.write("r1", None, f"{CREATE_A}\nimport time; open('reached', 'w'); time.sleep(60)")
    process = subprocess.Popen(
        project.command("db", "upgrade"), cwd=project.root, env=project.environment(), stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not (project.root / "reached").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    path.write_text(path.read_text().replace("time.sleep(60)", "pass"))
    done = project.run("db", "upgrade")
    if project.url.startswith("mysql"):
        assert done.returncode == 5
        assert "r1 is half applied" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert "was interrupted" in done.stderr
        assert project.head() == "r1"
    assert project.cli("audit", "verify").exit_code == 0


def _of(dialect: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    from tests.conftest import fresh_database

    return fresh_database(dialect, tmp_path)


@pytest.mark.parametrize("command", ["upgrade", "plan", "status"])
def test_script_that_cannot_be_loaded_is_refused(project: Project, command: str) -> None:
    """A script that raises when it is imported is named with its line, without what it says."""
    project.write("r1", None, header="raise ValueError('person@marked.example')")
    done = project.cli("db", command)
    assert done.exit_code in (0, 1), done.output
    assert "marked" not in done.output
    if command != "status":
        assert done.exit_code == 1
        assert "r1.py:" in done.stderr
        assert project.head() is None


def test_step_lines_show_the_first_line_of_the_docstring(project: Project) -> None:
    """Not Alembic's trailer, which says what the line says already."""
    path = project.write("r1", None)
    path.write_text('"""Revision ID: r1"""\n' + path.read_text().split('"""\n', 1)[1])
    done = project.cli("db", "upgrade")
    assert "Revision ID" not in done.stderr
