"""The backend on a new, empty database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.app import create_app
from backend.extensions import db


def backend_on(url: str, tmp_path: Path) -> Flask:
    """The application with its database at *url* and its instance folder below *tmp_path*."""
    return create_app(
        {
            "ENVIRONMENT": "testing",
            "INSTANCE_PATH": str(tmp_path / "instance"),
            "SQLALCHEMY_DATABASE_URI": url,
        }
    )


@pytest.fixture
def backend(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with an empty database, once an engine; its context is active."""
    app = backend_on(database_url, tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with all tables on SQLite, ready for requests."""
    app = backend_on(sqlite_url, tmp_path)
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


class Person:
    """One browser: an account that is signed in."""

    def __init__(self, client: FlaskClient, name: str) -> None:
        self.client, self.email = client, f"{name}@example.org"
        answer = client.post(
            "/users",
            json={
                "email": self.email,
                "password": f"a long secret of {name}",
                "given_name": name.title(),
                "family_name": "Test",
            },
        )
        assert answer.status_code == 201
        self.id: int = answer.get_json()["id"]

    def project(self, **fields: str) -> int:
        """A new project of this person."""
        answer = self.client.post("/projects", json={"name": "Project", **fields})
        assert answer.status_code == 201
        key = answer.get_json()["id"]
        assert isinstance(key, int)
        return key

    def welcome(self, project: int, other: Person, role: str = "member") -> None:
        """Make *other* a member of *project* by invitation."""
        invitation = self.client.post(
            f"/projects/{project}/invitations", json={"email": other.email, "role": role}
        )
        accepted = other.client.post(f"/invitations/{invitation.get_json()['id']}/accept")
        assert accepted.status_code == 201


@pytest.fixture
def ada(served: Flask) -> Person:
    """A person."""
    return Person(served.test_client(), "ada")


@pytest.fixture
def bob(served: Flask) -> Person:
    """Another person."""
    return Person(served.test_client(), "bob")
