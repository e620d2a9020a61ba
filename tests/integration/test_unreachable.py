"""A database that does not answer: a plain word, the right exit code, the old exception for old callers."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dihya_migrate import upgrade
from tests.project import Project

NOBODY_THERE = (
    "postgresql+psycopg://somebody:verysecret@127.0.0.1:1/nothing",
    "mysql+pymysql://somebody:verysecret@127.0.0.1:1/nothing",
)


@pytest.fixture(params=NOBODY_THERE, ids=["postgresql", "mysql"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A project whose server is not there."""
    project = Project.make(tmp_path / "project", request.param)
    project.write("r1", None)
    return project


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "status", "plan", "current", "check", "migrate"])
def test_unreachable_database_exits_10(project: Project, command: str) -> None:
    """No traceback, no password, and what to look at."""
    done = project.cli("db", command)
    assert done.exit_code == 10, done.output
    assert "does not answer" in done.stderr
    assert "SQLALCHEMY_DATABASE_URI" in done.stderr
    assert "verysecret" not in done.output


def test_callers_of_the_function_get_the_driver_error(project: Project) -> None:
    """Code that waits for its database by catching OperationalError around upgrade() goes on working."""
    with project.opened() as app, app.app_context(), pytest.raises(OperationalError):
        upgrade()
