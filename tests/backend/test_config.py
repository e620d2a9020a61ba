"""Configuration: where the database and the secrets come from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from backend.app import create_app
from backend.config import SECRETS, SettingError, configuration, key_from, normal_url
from backend.extensions import db

PRODUCTION = dict.fromkeys(SECRETS, "k" * 40) | {"DATABASE_URL": "postgres://u:p@h/d"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h:5/d", "postgresql+psycopg://u:p@h:5/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+psycopg://h/d?sslmode=require"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("mysql://u@h/d", "mysql+pymysql://u@h/d?charset=utf8mb4"),
        ("mariadb://u@h/d?charset=latin1", "mysql+pymysql://u@h/d?charset=latin1"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_url_gets_the_driver_we_install(given: str, expected: str) -> None:
    """What a platform hands out becomes what SQLAlchemy can open; a password with signs survives."""
    assert normal_url(given) == expected


def test_password_with_signs_survives() -> None:
    """An encoded password comes out as it went in."""
    assert normal_url("postgres://u:p%40%2F%25@h/d") == "postgresql+psycopg://u:p%40%2F%25@h/d"


def test_development_makes_its_keys_once(tmp_path: Path) -> None:
    """Keys are random, the same the next time, and readable by their owner alone."""
    first, second = (configuration("development", tmp_path, {}) for _ in range(2))
    files = sorted((tmp_path / "keys").iterdir())
    assert {name: first[name] for name in SECRETS} == {name: second[name] for name in SECRETS}
    assert len({first[name] for name in SECRETS}) == 3
    assert [file.name for file in files] == sorted(name.lower() for name in SECRETS)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_key_that_another_process_made_first_wins(tmp_path: Path) -> None:
    """An existing key is never replaced."""
    (tmp_path / "key").write_text("theirs\n", encoding="ascii")
    assert key_from(tmp_path / "key") == "theirs"


@pytest.mark.parametrize("missing", [*SECRETS, "DATABASE_URL"])
def test_production_makes_nothing_up(tmp_path: Path, missing: str) -> None:
    """Each secret and the database have to be given; nothing is written."""
    with pytest.raises(SettingError, match=missing):
        configuration("production", tmp_path, {k: v for k, v in PRODUCTION.items() if k != missing})
    assert list(tmp_path.iterdir()) == []


def test_production_reads_secrets_from_files(tmp_path: Path) -> None:
    """``NAME_FILE`` names a file with the secret, as container platforms do it."""
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    environ = {k: v for k, v in PRODUCTION.items() if k != "SECRET_KEY"}
    settings = configuration("production", tmp_path, {**environ, "SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert (settings["SECRET_KEY"], settings["SESSION_COOKIE_SECURE"]) == ("from a file", True)


def test_unknown_environment_is_refused(tmp_path: Path) -> None:
    """A misspelt environment does not fall back to development."""
    with pytest.raises(SettingError, match="development, testing, production"):
        configuration("prodution", tmp_path, {})


@pytest.mark.parametrize(("proxies", "network"), [(0, "127.0.0.0/24"), (1, "198.51.100.0/24")])
def test_client_behind_our_proxy_is_logged(tmp_path: Path, proxies: int, network: str) -> None:
    """Only as many forwarded addresses are believed as there are proxies of ours."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    app = create_app(
        {
            "ENVIRONMENT": "testing",
            "INSTANCE_PATH": str(tmp_path),
            "SQLALCHEMY_DATABASE_URI": url,
            "PROXIES": proxies,
        }
    )
    with app.app_context():
        db.create_all()
    client = app.test_client()
    account = {"email": "a@example.org", "password": "a long secret", "given_name": "A", "family_name": "B"}
    client.post("/users", json=account, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert client.get("/activity").get_json()["activity"][0]["ip_prefix"] == network
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("text", ["-1", "one", "²"])
def test_number_of_proxies_is_a_number(tmp_path: Path, text: str) -> None:
    """Anything else is refused at the start."""
    with pytest.raises(SettingError, match="BACKEND_PROXIES"):
        configuration("development", tmp_path, {"BACKEND_PROXIES": text})
