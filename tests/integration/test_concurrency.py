"""Several processes and threads at one database: one runs, others wait, and a dead one holds nobody up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import dihya_migrate
from dihya_migrate.engines import LockScope, server_of
from tests.project import Project

REPEATS = int(os.environ.get("DIHYA_TEST_REPEATS", "3"))
PROCESSES = 4
CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
CREATE_B = 'op.create_table("b", sa.Column("id", sa.Integer, primary_key=True))'
NAP = "import time; time.sleep(0.05)"
WAIT = """
import os, pathlib, time
if os.environ.get("SLOW"):
    pathlib.Path("reached").touch()
    while not pathlib.Path("leave").exists():
        time.sleep(0.01)
"""
CHILD = """
import pathlib, sys, time
import alembic.command
from app import app
from flask.cli import main
pathlib.Path("ready-" + sys.argv[1]).touch()
while not pathlib.Path("go").exists():
    time.sleep(0.001)
sys.argv = ["flask", "db", "upgrade"]
main()
"""


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Project:
    """A project on each engine."""
    return Project.make(tmp_path / "project", database_url)


def until(reached: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for *reached*."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def start(project: Project, *command: str, **more: str) -> subprocess.Popen[str]:
    """A process of the project."""
    return subprocess.Popen(
        command,
        cwd=project.root,
        env=project.environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def slow_upgrade(project: Project) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of an upgrade, until a file called ``leave`` appears."""
    process = start(project, *project.command("db", "upgrade"), SLOW="1")
    try:
        until((project.root / "reached").exists)
        yield process
    finally:
        (project.root / "leave").touch()
        process.communicate(timeout=30)


@pytest.mark.parametrize("turn", range(REPEATS))
def test_one_of_four_processes_runs(project: Project, turn: int) -> None:
    """All start at once on an empty database: all exit 0, there is one run, and the trail verifies."""
    project.write("r1", None, f"{CREATE_A}\n{NAP}")
    project.write("r2", "r1", f"{NAP}\n{CREATE_B}")
    numbers = [str(number) for number in range(PROCESSES)]
    processes = [start(project, sys.executable, "-c", CHILD, number) for number in numbers]
    until(lambda: all((project.root / f"ready-{number}").exists() for number in numbers))
    (project.root / "go").touch()
    told = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, told
    assert project.head() == "r2"
    assert project.rows("SELECT direction, state FROM dihya_run") == [("upgrade", "done")]
    assert [project.told().count(name) for name in ("run.started", "step.applied", "run.finished")] == [
        1,
        2,
        1,
    ]
    assert sum("Upgraded 2 revisions" in out for out, _ in told) == 1
    verified = project.cli("audit", "verify")
    assert verified.exit_code == 0, verified.output


def test_threads_of_one_application_take_turns(project: Project) -> None:
    """Alembic keeps its context in module globals: one thread runs, the others wait and find the head."""
    project.write("r1", None, f"{CREATE_A}\n{NAP}")
    results: list[int] = []
    with project.opened() as app:

        def work() -> None:
            with app.app_context():
                results.append(len(app.extensions["migrate"].migrate.upgrade().applied))

        in_threads(work, work, work)
    assert sorted(results) == [0, 0, 1]
    assert project.rows("SELECT state FROM dihya_run") == [("done",)]


def test_threads_of_two_applications_keep_apart(tmp_path: Path, database_url: str, second_url: str) -> None:
    """No thread's migration runs against the other one's database."""
    projects = []
    for name, url, table in (("one", database_url, CREATE_A), ("two", second_url, CREATE_B)):
        made = Project.make(tmp_path / name, url)
        made.write("r1", None, f"{NAP}\n{table}\n{NAP}")
        projects.append(made)

    def work(made: Project) -> None:
        with made.opened() as app, app.app_context():
            dihya_migrate.upgrade()

    in_threads(*(lambda made=made: work(made) for made in projects))
    assert [made.tables() for made in projects] == [{"a", "alembic_version"}, {"b", "alembic_version"}]


def in_threads(*work: Callable[[], None]) -> None:
    """Run all at once and wait; a failure in one of them is a failure of the test."""
    failed: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - reported below
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_waiting_ends_with_the_holders_name(project: Project) -> None:
    """Exit code 7 when the wait is over, saying who runs; the database is as the other one left it."""
    project.write("r1", None, f"{CREATE_A}\n{WAIT}")
    with slow_upgrade(project) as process:
        done = project.cli("db", "upgrade", "--lock-timeout", "0.1")
        assert done.exit_code == 7
        if project.url.startswith("mysql"):
            assert "connection " in done.stderr
        else:
            assert socket.gethostname() in done.stderr
            assert str(process.pid) in done.stderr
    assert process.returncode == 0
    assert project.head() == "r1"


def test_waiters_find_the_head(project: Project) -> None:
    """Who waited long enough has nothing to do any more."""
    project.write("r1", None, f"{CREATE_A}\n{WAIT}")
    with slow_upgrade(project) as process:
        waiter = start(project, *project.command("db", "upgrade"))
        time.sleep(0.3)
        assert waiter.poll() is None
    out, err = waiter.communicate(timeout=30)
    assert (process.returncode, waiter.returncode) == (0, 0), err
    assert "Nothing to do, already at r1" in out


def test_lock_goes_with_its_owner(project: Project) -> None:
    """SIGKILL frees the lock at once; the next run says what happened."""
    project.write("r1", None, f"{WAIT}\n{CREATE_A}")
    with slow_upgrade(project) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = project.cli("db", "upgrade", "--lock-timeout", "10")
    assert done.exit_code == 0, done.output
    assert "was interrupted" in done.stderr


def test_waiters_do_not_stall_a_concurrent_index(tmp_path: Path) -> None:
    """CREATE INDEX CONCURRENTLY waits for every old snapshot; a polling waiter holds none."""
    from tests.conftest import fresh_database

    for url in fresh_database("postgresql", tmp_path):
        project = Project.make(tmp_path / "project", url)
        index = 'op.create_index("ix", "a", ["id"], postgresql_concurrently=True)'
        project.write(
            "r1", None, f"{CREATE_A}\n{WAIT}\nwith op.get_context().autocommit_block():\n    {index}"
        )
        with slow_upgrade(project) as process:
            waiters = [start(project, *project.command("db", "upgrade")) for _ in range(2)]
            _until_lockers(project, 3)
        ends = [waiter.communicate(timeout=20) for waiter in waiters]
        assert [process.returncode, *(waiter.returncode for waiter in waiters)] == [0, 0, 0], ends


def _until_lockers(project: Project, count: int) -> None:
    """Wait for *count* sessions that hold the lock or try to."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'dihya_migrate %'"
        " AND datname = current_database()"
    )
    until(lambda: project.rows(query) == [(count,)])


@pytest.mark.parametrize("edited", [False, True], ids=["known env.py", "edited env.py"])
def test_at_head_nobody_waits(project: Project, *, edited: bool) -> None:
    """Another process holds the lock; with nothing to do that is no obstacle."""
    project.write("r1", None, CREATE_A)
    assert project.cli("db", "upgrade").exit_code == 0
    if edited:
        env = project.root / "migrations" / "env.py"
        env.write_text(env.read_text() + "\nMINE = 1\n")
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with server_of(engine).lock(engine, LockScope(), 5):
        done = project.cli("db", "upgrade", "--lock-timeout", "0")
    assert done.exit_code == 0, done.output
    assert "Nothing to do, already at r1" in done.stdout


@pytest.mark.parametrize("edited", [False, True], ids=["known env.py", "edited env.py"])
def test_run_that_died_at_head_is_told(project: Project, *, edited: bool) -> None:
    """Killed after its commit and before its last word: the next upgrade finds it, although at head."""
    project.write("r1", None, CREATE_A)
    assert project.cli("db", "upgrade").exit_code == 0
    if edited:
        env = project.root / "migrations" / "env.py"
        env.write_text(env.read_text() + "\nMINE = 1\n")
    project.do("UPDATE dihya_run SET state = 'running', finished_at = NULL")
    done = project.cli("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert "was interrupted" in done.stderr
    assert project.rows("SELECT state FROM dihya_run") == [("interrupted",)]
    assert project.told()[-1] == "run.interrupted"
