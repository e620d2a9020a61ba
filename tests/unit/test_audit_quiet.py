"""Statements keep their shape in the logs, and lose every value."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dihya_migrate.audit.quiet import quiet_sql, scrub


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT a FROM t WHERE b = 'x' AND c = 42", "SELECT a FROM t WHERE b = ? AND c = ?"),
        ("INSERT INTO t VALUES ('it''s', -1.5e3, X'ab')", "INSERT INTO t VALUES (?, ?, X?)"),
        ("UPDATE t1 SET c2 = %(p_1)s WHERE d = :x1", "UPDATE t1 SET c2 = %(p_1)s WHERE d = :x1"),
        ("SELECT 1 -- ada\n, 2 /* ada */ # ada", "SELECT ? ?\n, ? ? ?"),
        ("SELECT $q$ada's$q$, $$ada$$", "SELECT ?, ?"),
        ('SELECT "ada", `c` FROM t', "SELECT ?, `c` FROM t"),
        ("INSERT INTO t VALUES ('ada", "INSERT INTO t VALUES (?"),
        (r"INSERT INTO t VALUES ('a\'ada')", "INSERT …"),
        ("BEGIN (implicit)", "BEGIN (implicit)"),
    ],
)
def test_literals_are_replaced(statement: str, shown: str) -> None:
    """Texts, numbers, comments; where a backslash makes quotes doubtful, only the verb is left."""
    assert scrub(statement) == shown


@given(st.text(alphabet=st.characters(exclude_characters="\\"), max_size=30))
def test_no_quoted_text_survives(text: str) -> None:
    """However it is made up."""
    quoted = "'" + text.replace("'", "''") + "CANARY'"
    assert scrub(f"INSERT INTO t (a) VALUES ({quoted}, 7)") == "INSERT INTO t (a) VALUES (?, ?)"


def test_parameters_rows_and_tracebacks_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """As SQLAlchemy and a driver log them; outside the block nothing changes."""
    engine, pool = (
        logging.getLogger("sqlalchemy.engine.Engine"),
        logging.getLogger("sqlalchemy.pool.impl.QueuePool"),
    )
    with caplog.at_level(logging.DEBUG, logger="sqlalchemy"):
        with quiet_sql(), quiet_sql():
            engine.info("[%s] %r", "raw sql", ("CANARY",))
            engine.debug("Row %r", ("CANARY",))
            engine.info("SELECT 'CANARY'")
            pool.debug("Connection %r checked out from pool %s", "CANARY", 1)
            try:
                int("CANARY")
            except ValueError:
                pool.exception("Exception during reset or similar")
        engine.info("SELECT 'seen'")
    assert [record.getMessage() for record in caplog.records] == [
        "SELECT ?",
        "Connection … checked out from pool …",
        "Exception during reset or similar (ValueError)",
        "SELECT 'seen'",
    ]
    assert "CANARY" not in caplog.text
