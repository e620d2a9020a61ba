"""Sign-up, login and profile."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.extensions import db
from backend.users.models import User

from .conftest import Person

GOOD = {
    "email": "Ada@Example.org",
    "password": "a long secret",
    "given_name": " Ada ",
    "family_name": "Test",
}


def test_sign_up_opens_an_account_and_a_session(served: Flask) -> None:
    """The address is stored in lower case, the name shown is both names, and one is signed in."""
    client = served.test_client()
    answer = client.post("/users", json=GOOD)
    assert answer.status_code == 201
    assert answer.get_json().items() >= {"email": "ada@example.org", "display_name": "Ada Test"}.items()
    assert client.get("/users/me").get_json() == answer.get_json()


def test_password_is_stored_as_a_hash(served: Flask, ada: Person) -> None:
    """Nothing of the password is in the row, nor in any answer."""
    with served.app_context():
        stored = db.session.scalars(db.select(User.password_hash)).one()
    assert stored.startswith("pbkdf2:")
    assert "password" not in ada.client.get("/users/me").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no-at.example.org"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"email": "a@nodot"}, "email"),
        ({"email": f"{'x' * 250}@example.org"}, "email"),
        ({"email": 7}, "email"),
        ({"password": "short"}, "password"),
        ({"given_name": "   "}, "given_name"),
        ({"family_name": "a\x00b"}, "family_name"),
        ({"theme": "pink"}, "theme"),
    ],
)
def test_bad_field_is_named_and_not_repeated(served: Flask, change: dict[str, object], field: str) -> None:
    """Each bad field is a 400 that names the field and not its value."""
    answer = served.test_client().post("/users", json={**GOOD, **change})
    assert answer.status_code == 400
    assert field in answer.get_json()["fields"]
    assert str(change[field]).strip() not in answer.text or not str(change[field]).strip()


def test_missing_and_unknown_fields_are_refused(served: Flask) -> None:
    """A missing field is named; an unknown one is counted, because its name is the caller's text."""
    answer = served.test_client().post("/users", json={"admin": "yes"})
    assert answer.status_code == 400
    assert answer.get_json()["fields"]["email"] == "is missing"
    assert answer.get_json()["unknown_fields"] == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [("[]", "application/json", 400), ("{", "application/json", 400), ("a=1", "text/plain", 415)],
)
def test_body_that_is_no_json_object(served: Flask, body: str, kind: str, status: int) -> None:
    """Anything but a JSON object gets a JSON error."""
    answer = served.test_client().post("/users", data=body, content_type=kind)
    assert (answer.status_code, answer.content_type) == (status, "application/json")


def test_address_is_one_account(served: Flask, ada: Person) -> None:
    """A second account for an address is a conflict, whatever its case."""
    answer = served.test_client().post("/users", json={**GOOD, "email": "ADA@example.org"})
    assert answer.status_code == 409


def test_login_needs_the_right_password(served: Flask, ada: Person) -> None:
    """A wrong password and an unknown address get the same answer; the right one opens a session."""
    client = served.test_client()
    wrong = client.post("/session", json={"email": ada.email, "password": "something else"})
    unknown = client.post("/session", json={"email": "who@example.org", "password": "something else"})
    assert (wrong.status_code, wrong.data) == (unknown.status_code, unknown.data) == (401, wrong.data)
    assert (
        client.post("/session", json={"email": ada.email, "password": "a long secret of ada"}).status_code
        == 200
    )
    assert client.get("/users/me").status_code == 200


def test_logout_ends_the_session(ada: Person) -> None:
    """After signing out one is nobody; signing out again is no error."""
    assert [ada.client.delete("/session").status_code for _ in range(2)] == [204, 204]
    assert ada.client.get("/users/me").status_code == 401


def test_session_of_an_account_that_is_gone_is_nobody(served: Flask, ada: Person) -> None:
    """A cookie outlives an erased account, and opens nothing."""
    with served.app_context():
        db.session.execute(db.text("DELETE FROM activity_log"))
        db.session.delete(db.session.get_one(User, ada.id))
        db.session.commit()
    assert ada.client.get("/users/me").status_code == 401


def test_profile_changes_what_is_given(ada: Person) -> None:
    """Name and theme can change, the rest cannot."""
    answer = ada.client.patch("/users/me", json={"display_name": "A.", "theme": "dark"})
    assert answer.get_json().items() >= {"display_name": "A.", "theme": "dark"}.items()
    assert ada.client.patch("/users/me", json={"email": "x@example.org"}).status_code == 400
