"""Sign up, sign in and out, read and change one's own profile."""

from __future__ import annotations

from flask import Blueprint, jsonify, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ..columns import utc_now
from ..extensions import db
from ..http import Text, read, refuse
from ..logs.recorder import record
from .access import hashed, matches, sign_in, signed_in
from .models import User

blueprint = Blueprint("users", __name__)
EMAIL = Text(254, shortest=3)
PASSWORD = Text(128, shortest=12, strip=False)
THEME = Text(20, required=False, choices=("system", "light", "dark"))


def profile(user: User) -> dict[str, object]:
    """What a person sees of their own account."""
    return {
        "id": user.id,
        "email": user.email,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "display_name": user.display_name,
        "theme": user.theme,
        "created_at": user.created_at.isoformat(),
    }


def normal_email(text: str) -> str:
    """*text* as an address is stored; one that cannot be an address ends the request with 400."""
    local, at, domain = text.rpartition("@")
    if not (local and at and "." in domain.strip(".")) or any(sign.isspace() for sign in text):
        refuse(400, "some fields are wrong", fields={"email": "is not an e-mail address"})
    return text.lower()


def user_by_email(email: str) -> User | None:
    """The account with this normal address."""
    return db.session.scalar(select(User).where(User.email == email))


@blueprint.post("/users")
def sign_up() -> ResponseReturnValue:
    """Open an account and sign in."""
    given = read(
        {
            "email": EMAIL,
            "password": PASSWORD,
            "given_name": Text(80),
            "family_name": Text(80),
            "theme": THEME,
        }
    )
    user = User(
        email=normal_email(given["email"]),
        password_hash=hashed(given["password"]),
        given_name=given["given_name"],
        family_name=given["family_name"],
        display_name=f"{given['given_name']} {given['family_name']}",
        theme=given.get("theme", "system"),
    )
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        refuse(409, "there is an account with this address")
    record("account.opened", user)
    db.session.commit()
    sign_in(user)
    return jsonify(profile(user)), 201


@blueprint.post("/session")
def log_in() -> ResponseReturnValue:
    """Sign in; a wrong password and an unknown address get the same answer."""
    given = read({"email": EMAIL, "password": Text(128, strip=False)})
    user = user_by_email(normal_email(given["email"]))
    if not matches(user, given["password"]) or user is None:
        refuse(401, "address and password do not go together")
    user.last_login_at = utc_now()
    record("session.opened", user)
    db.session.commit()
    sign_in(user)
    return jsonify(profile(user))


@blueprint.delete("/session")
def log_out() -> ResponseReturnValue:
    """Sign out; doing so twice is no error."""
    session.clear()
    return "", 204


@blueprint.get("/users/me")
def show_profile() -> ResponseReturnValue:
    """One's own profile."""
    return jsonify(profile(signed_in()))


@blueprint.patch("/users/me")
def change_profile() -> ResponseReturnValue:
    """Change the name others see, or the theme."""
    user = signed_in()
    given = read({"display_name": Text(161, required=False), "theme": THEME})
    for name, value in given.items():
        setattr(user, name, value)
    record("account.changed", user)
    db.session.commit()
    return jsonify(profile(user))
