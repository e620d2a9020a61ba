"""Configuration: development, testing, production. Secrets never stand in the code."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

ENVIRONMENTS = ("development", "testing", "production")
SECRETS = ("SECRET_KEY", "DIHYA_AUDIT_KEY", "DIHYA_PSEUDONYM_KEY")
DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
DRIVERS["mariadb"] = DRIVERS["mysql"]


class SettingError(RuntimeError):
    """The environment lacks what this application cannot do without, or says something it does not know."""


def configuration(
    environment: str, instance: Path, environ: Mapping[str, str] | None = None
) -> dict[str, object]:
    """The settings of *environment*.

    Args:
        environment: ``development``, ``testing`` or ``production``.
        instance: The folder for the SQLite file and, in development, for the keys.
        environ: Environment variables; None: those of this process.

    Raises:
        SettingError: A variable is wrong, or production lacks a secret or ``DATABASE_URL``.
    """
    environ = os.environ if environ is None else environ
    if environment not in ENVIRONMENTS:
        raise SettingError(f"BACKEND_ENV is none of {', '.join(ENVIRONMENTS)}")
    settings: dict[str, object] = {
        "SQLALCHEMY_DATABASE_URI": _database(environment, instance, environ),
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": environment == "production",
        "PASSWORD_METHOD": "scrypt",
        "PROXIES": _proxies(environ),
        "DIHYA_PROFILE": "strict",
        "DIHYA_CONTROLLER": environ.get("DIHYA_CONTROLLER", "Dihya Coding"),
    }
    settings.update(_secrets(environment, instance, environ))
    if environment == "testing":
        settings.update(TESTING=True, PASSWORD_METHOD="pbkdf2:sha256:1")  # noqa: S106 - a method, not a password
    return settings


def normal_url(url: str) -> str:
    """*url* with the driver we install: platforms hand out ``postgres://`` and ``mysql://``.

    A driver that is named is left alone. MySQL and MariaDB get ``charset=utf8mb4`` unless a charset is given.
    """
    scheme, separator, rest = url.partition("://")
    parsed = sa.make_url(f"{DRIVERS.get(scheme, scheme)}{separator}{rest}")
    if parsed.get_backend_name() in ("mysql", "mariadb") and "charset" not in parsed.query:
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    return parsed.render_as_string(hide_password=False)


def _proxies(environ: Mapping[str, str]) -> int:
    """How many proxies of ours stand in front: the client's address is the one that the outermost saw."""
    text = environ.get("BACKEND_PROXIES", "0")
    if not (text.isascii() and text.isdigit()):
        raise SettingError("BACKEND_PROXIES is not a number")
    return int(text)


def _database(environment: str, instance: Path, environ: Mapping[str, str]) -> str:
    if given := environ.get("DATABASE_URL"):
        return normal_url(given)
    if environment == "production":
        raise SettingError("DATABASE_URL is not set")
    return sa.URL.create("sqlite", database=str(instance / "dihya.db")).render_as_string()


def _secrets(environment: str, instance: Path, environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in SECRETS:
        if value := environ.get(name):
            found[name] = value
        elif (file := environ.get(f"{name}_FILE")) is not None:
            found[name] = Path(file).read_text(encoding="utf-8").strip()
        elif environment == "production":
            raise SettingError(f"neither {name} nor {name}_FILE is set")
        elif environment == "testing":
            found[name] = secrets.token_hex(32)
        else:
            found[name] = key_from(instance / "keys" / name.lower())
    return found


def key_from(path: Path) -> str:
    """The key in the file *path*; when there is none, make one that its owner alone can read.

    Several processes may start at once: the file appears under its name complete, and the first one wins.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(32)}\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
