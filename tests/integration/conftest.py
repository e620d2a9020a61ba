"""Projects on every template and every engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import fresh_database
from tests.project import Project

SINGLE, MANY = ("flask", "dihya"), ("flask-multidb", "dihya-multidb")


@pytest.fixture
def second_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A second new database on the same engine."""
    folder = tmp_path / "second"
    folder.mkdir()
    yield from fresh_database(sa.make_url(database_url).get_backend_name(), folder)


@pytest.fixture(params=("postgresql", "mysql"))
def server_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database on each server."""
    yield from fresh_database(request.param, tmp_path)


@pytest.fixture(params=(*SINGLE, *MANY))
def embedded(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Project:
    """A project with each template on SQLite, for what no server makes different."""
    binds = {"other": f"sqlite:///{tmp_path / 'other.db'}"} if request.param in MANY else None
    return _made(tmp_path, sqlite_url, request.param, binds)


@pytest.fixture(params=(*SINGLE, *MANY))
def project(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Project:
    """A project with each template that can run; where it serves many databases, with two."""
    binds = {"other": request.getfixturevalue("second_url")} if request.param in MANY else None
    return _made(tmp_path, database_url, request.param, binds)


def _made(tmp_path: Path, url: str, template: str, binds: dict[str, str] | None) -> Project:
    name = template.removesuffix("-multidb") if template.startswith("dihya") else template
    return Project.make(tmp_path / "project", url, template=name, binds=binds)
