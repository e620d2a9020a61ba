"""Who is signed in."""

from __future__ import annotations

from functools import cache

from flask import current_app, session
from werkzeug.security import check_password_hash, generate_password_hash

from ..extensions import db
from ..http import refuse
from .models import User

KEY = "user_id"


def signed_in() -> User:
    """The person of this session; nobody, or an account that is gone, ends the request with 401."""
    user = db.session.get(User, session.get(KEY, 0))
    if user is None:
        session.clear()
        refuse(401, "sign in first")
    return user


def sign_in(user: User) -> None:
    """Start a session; whatever an earlier one held is forgotten."""
    session.clear()
    session[KEY] = user.id


def hashed(password: str) -> str:
    """*password* as it is stored."""
    return generate_password_hash(password, method=current_app.config["PASSWORD_METHOD"])


def matches(user: User | None, password: str) -> bool:
    """Whether *password* opens the account; an unknown account costs as much time as a known one."""
    expected = user.password_hash if user else _nobody(current_app.config["PASSWORD_METHOD"])
    return check_password_hash(expected, password) and user is not None


@cache
def _nobody(method: str) -> str:
    return generate_password_hash("nobody has this account", method=method)
