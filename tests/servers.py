"""Find, or start, the database servers the tests need; run as a program it prints what it found.

Order: the environment variable, the server on this machine, one that can be installed here.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import NoReturn

import pytest
import sqlalchemy as sa

VARIABLES = {"postgresql": "DIHYA_TEST_POSTGRES_URL", "mysql": "DIHYA_TEST_MYSQL_URL"}
LOCAL = {
    "postgresql": (
        "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
        "postgresql+psycopg:///postgres",
    ),
    "mysql": (
        "mysql+pymysql://root@127.0.0.1:3306/?charset=utf8mb4",
        "mysql+pymysql://root@localhost/?unix_socket=/run/mysqld/mysqld.sock&charset=utf8mb4",
    ),
}


@cache
def url_of(dialect: str) -> str | None:
    """The URL of a server of *dialect* where databases may be made; None when there is none."""
    given = os.environ.get(VARIABLES[dialect])
    for url in [given] if given else LOCAL[dialect]:
        if _answers(url):
            return url
    return None


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except sa.exc.DBAPIError:
        return False
    return True


def missing(dialect: str) -> NoReturn:
    """Skip loudly; under CI a missing engine is a failure."""
    reason = f"NO {dialect.upper()} SERVER: set {VARIABLES[dialect]} or run 'make servers'"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def main() -> int:
    """Print the URL of each server; exit 1 when one is missing."""
    found = {dialect: url_of(dialect) for dialect in VARIABLES}
    for dialect, url in found.items():
        print(f"{dialect}: {'found' if url else 'MISSING'}")  # noqa: T201
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
