"""Marked values in a database do not reach any log while our commands run, whatever the application set."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from dihya_migrate.audit.quiet import quiet_sql

CANARY = "zqcanary"


@pytest.fixture(autouse=True)
def no_echo_left_behind() -> Iterator[None]:
    """``echo`` hangs a handler on a logger for good; it would write to another test's closed stream."""
    yield
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("sqlalchemy"):
            logging.getLogger(name).handlers.clear()


def _use(engine: sa.Engine) -> None:
    """Bound parameters, literals, rows, and an error that quotes a value."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE person (name VARCHAR(50) PRIMARY KEY, born INTEGER)")
        connection.execute(
            sa.text("INSERT INTO person VALUES (:name, :born)"), {"name": f"{CANARY}-1", "born": 1}
        )
        connection.exec_driver_sql(f"INSERT INTO person VALUES ('{CANARY}-2', 77777)")
        connection.execute(sa.text("SELECT * FROM person WHERE name LIKE :it"), {"it": f"{CANARY}%"}).all()
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO person VALUES ('{CANARY}-2', 1)")


@pytest.mark.parametrize("echo", [False, True, "debug"])
def test_no_value_is_logged(
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    *,
    echo: bool | str,
) -> None:
    """With ``echo``, with every logger at DEBUG, on each server; the statements stay visible."""
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "psycopg"):
        caplog.set_level(logging.DEBUG, logger=name)
    engine = sa.create_engine(database_url, echo=echo, echo_pool=echo or None, logging_name="named")
    with quiet_sql():
        _use(engine)
        engine.dispose()
    captured = capfd.readouterr()
    seen = captured.out + captured.err + caplog.text
    assert CANARY not in seen
    assert "77777" not in seen
    assert "INSERT INTO person VALUES (?, ?)" in caplog.text


def test_a_logger_that_is_born_inside_is_quiet_too(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """An engine made by ``env.py`` while a command runs has a logger nobody could know before."""
    caplog.set_level(logging.DEBUG)
    with quiet_sql():
        engine = sa.create_engine(sqlite_url, echo=True, logging_name="born-later", pool_logging_name="later")
        _use(engine)
        engine.dispose()
    assert CANARY not in caplog.text


def test_the_application_logs_as_before_afterwards(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is left behind on its loggers."""
    engine = sa.create_engine(sqlite_url, echo=True)
    with quiet_sql():
        pass
    _use(engine)
    engine.dispose()
    assert CANARY in caplog.text
