"""Secrets and personal data are found in strings and comments, and ordinary scripts are left alone."""

from __future__ import annotations

import pytest

from dihya_migrate.checks.literals import literals

SECRET = [
    ('x = "-----BEGIN RSA PRIVATE KEY-----"', "a private key"),
    ('x = "mysql+pymysql://root:hunter22@db/shop"', "an address with a password"),
    ('x = "redis://:hunter22@cache:6379/0"', "an address with a password"),
    ("x = \"CREATE USER a IDENTIFIED BY 'hunter22'\"", "a password in SQL"),
    ("x = \"CREATE ROLE a LOGIN ENCRYPTED PASSWORD 'hunter22'\"", "a password in SQL"),
    ('x = "ghp_' + "a1" * 18 + '"', "an access token"),
    ('x = "sk_live_' + "a1" * 12 + '"', "an access token"),
    ('x = "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"', "an access token"),
    ('x = "$2b$12$' + "a" * 53 + '"', "a password hash"),
    ('x = "pbkdf2:sha256:260000$abc$def"', "a password hash"),
    ('x = {"password": "hunter22!"}', "a password, key or token"),
    ('f(api_key="9f8e7d6c")', "a password, key or token"),
    ('DB_PASSWORD: str = "hunter22"', "a password, key or token"),
    ("# the old password was postgres://a:hunter22@h/d", "an address with a password"),
    ('x = "postgres://a:hunter\\x32\\x32@h/d"', "an address with a password"),
]
PERSONAL = [
    ('x = "jane.roe@gmail.com"', "an e-mail address"),
    ("# ask jane.roe+x@mail.corp.io about it", "an e-mail address"),
    ('"""Written by jane@corp.fr."""', "an e-mail address"),
    ('x = b"jane@corp.fr"', "an e-mail address"),
    ('x = f"{y} jane@corp.fr"', "an e-mail address"),
    ('x = "+49 151 23456789"', "a phone number"),
    ('x = "+33698765432"', "a phone number"),
    ('x = "DE89370400440532013000"', "a bank account (IBAN)"),
    ('x = "DE89 3704 0044 0532 0130 00"', "a bank account (IBAN)"),
    ('x = "4539-1488-0343-6467"', "a payment card"),
    ("x = 4539148803436467", "a payment card"),
]
CLEAN = [
    'x = "jane@example.com, bob@mail.example.org, a@b.test, c@localhost, d@x.invalid"',
    "@decorator\ndef f(): ...",
    'op.add_column("users", sa.Column("password", sa.String(60)))',
    'op.drop_column("users", "api_key")',
    'password_column = "password_hash"',
    'token = "token"',
    'password = "<password>"',
    'password = "${DB_PASSWORD}"',
    'password = "%(password)s"',
    'x = "postgresql://app:${PASSWORD}@db/shop"',
    'x = "postgresql://app:***@db/shop"',
    'x = "postgresql://db.internal/shop"',
    "x = \"ALTER ROLE a PASSWORD '${PASSWORD}'\"",
    'server_default="2026-01-01 00:00:00.000000+00:00"',
    'x = "1234567890123456"',
    "x = 9223372036854775807",
    'revision = "000000000042"',
    'revision = "4539148803ab"',
    'x = "GB00WEST12345698765432"',
    'x = "+1 202 555 0143"',
    'x = "+12"',
    'x = "a + 1234567890"',
    'x = "0.4539148803436467"',
    "def broken(:  # jane@corp.fr",
    "",
]


@pytest.mark.parametrize(("source", "kind"), SECRET)
def test_secret_is_found(source: str, kind: str) -> None:
    """Each kind of secret, wherever it stands."""
    assert [(literal.kind, literal.secret) for literal in literals(source)][:1] == [(kind, True)]


@pytest.mark.parametrize(("source", "kind"), PERSONAL)
def test_personal_data_is_found(source: str, kind: str) -> None:
    """Each kind of personal data, wherever it stands."""
    assert [(literal.kind, literal.secret) for literal in literals(source)] == [(kind, False)]


@pytest.mark.parametrize("source", CLEAN)
def test_ordinary_script_is_left_alone(source: str) -> None:
    """Placeholders, reserved domains, names of columns, times, ids and numbers are nobody's data."""
    assert literals(source) == ()


def test_line_inside_a_long_string_is_told() -> None:
    """The line is the one in the file, also in the middle of a string."""
    source = 'x = 1\ny = """\nSELECT 1;\nINSERT INTO t VALUES (\'jane@corp.fr\');\n"""\n'
    assert [literal.line for literal in literals(source)] == [4]
