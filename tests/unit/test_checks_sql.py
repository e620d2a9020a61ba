"""Raw SQL is understood far enough to see what it destroys, and no further."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dihya_migrate.checks.sql import actions

CASES = [
    ("DROP TABLE t", [("drop_table", "t", "")]),
    (
        'drop  table\nif exists "My Table" , s.`b` CASCADE;',
        [("drop_table", "My Table", ""), ("drop_table", "s.b", "")],
    ),
    ("-- DROP TABLE a\nDROP /* TABLE b */ TABLE c", [("drop_table", "c", "")]),
    ("INSERT INTO t VALUES ('; DROP TABLE x; ')", []),
    ("INSERT INTO t VALUES ('it''s; DROP TABLE x')", []),
    ("CREATE FUNCTION f() RETURNS void AS $$ DROP TABLE x; $$ LANGUAGE sql", []),
    ("DO $body$ BEGIN DELETE FROM x; END $body$", []),
    ("ALTER TABLE t DROP COLUMN a", [("drop_column", "t", "a")]),
    (
        "ALTER TABLE ONLY s.t DROP IF EXISTS a, DROP b",
        [("drop_column", "s.t", "a"), ("drop_column", "s.t", "b")],
    ),
    ("ALTER TABLE t DROP CONSTRAINT c, DROP FOREIGN KEY f, DROP INDEX i, DROP PRIMARY KEY", []),
    ("ALTER TABLE t ALTER COLUMN a DROP NOT NULL", []),
    ("ALTER TABLE t ALTER a DROP DEFAULT, DROP COLUMN b", [("drop_column", "t", "b")]),
    ("TRUNCATE a, b", [("truncate", "a", ""), ("truncate", "b", "")]),
    ("TRUNCATE TABLE ONLY a RESTART IDENTITY", [("truncate", "a", "")]),
    ("DROP SCHEMA IF EXISTS s CASCADE", [("drop_schema", "s", "")]),
    ("DROP DATABASE d", [("drop_database", "d", "")]),
    ("DELETE FROM t", [("delete_all", "t", "")]),
    ("DELETE FROM t WHERE TRUE", [("delete_all", "t", "")]),
    ("DELETE FROM t WHERE 1 = 1;", [("delete_all", "t", "")]),
    ("DELETE FROM t WHERE a = 1", []),
    ("DELETE FROM t USING u WHERE t.id = u.id", []),
    ("DELETE FROM t LIMIT 10", []),
    ("UPDATE t SET a = (SELECT b FROM u WHERE u.id = t.id)", [("update_all", "t", "")]),
    ("UPDATE t SET a = b #>> '{x}' WHERE id = 1", []),
    ("UPDATE OR IGNORE t SET a = 1", [("update_all", "t", "")]),
    ("UPDATE t AS x SET a = 1 FROM u WHERE u.id = x.id", []),
    ("UPDATE t JOIN u ON t.id = u.id SET t.a = u.a", []),
    ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2", []),
    ("CREATE TABLE IF NOT EXISTS s.t (a int)", [("create_table", "s.t", "")]),
    ("CREATE TEMPORARY TABLE t AS SELECT 1", [("create_table", "t", "")]),
    ("CREATE INDEX i ON t (a)", []),
    ("SELECT 1; DROP TABLE a; SELECT 2; DELETE FROM b", [("drop_table", "a", ""), ("delete_all", "b", "")]),
    ("", []),
    (";;", []),
    ("DROP TABLE", []),
    ("DROP TABLE 'x", []),
    ("ALTER TABLE", []),
    ("DELETE", []),
    ("UPDATE", []),
    ("$$", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_statement_is_understood(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Names, not words inside strings, comments and bodies."""
    assert [(action.kind, action.table, action.column) for action in actions(text)] == expected


_KEYWORDS = ["DROP", "TABLE", "ALTER", "UPDATE", "SET", "DELETE", "FROM", "WHERE", "t", "1", "é"]
_MARKS = [".", ",", ";", "(", ")", "'", '"', "`", "$$", "--", "/*", "*/", "[", "]", "="]
WORDS = st.sampled_from([*_KEYWORDS, *_MARKS])


@given(st.lists(WORDS, max_size=30), st.booleans())
def test_any_text_is_survived(words: list[str], spaced: bool) -> None:
    """However broken, text never raises."""
    actions((" " if spaced else "").join(words))
