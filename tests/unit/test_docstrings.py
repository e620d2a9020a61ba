"""Docstrings of migrations are written from their operations and read back."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dihya_migrate.model import ColumnFact, Step
from dihya_migrate.revisions.docstrings import Documented, parse_docstring, render, render_docstring

WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters=":\\\"'"),
    min_size=1,
    max_size=12,
)
TEXT = st.lists(WORD, min_size=1, max_size=40).map(" ".join)


@given(st.builds(Documented, TEXT, TEXT, TEXT, TEXT, TEXT))
def test_written_docstring_is_read_back(documented: Documented) -> None:
    """Whatever the words, the parts come back as they were, also as part of a script."""
    text = render(documented)
    assert parse_docstring(text) == documented
    script = f'"""{text}\n\nRevision ID: a1\nRevises: b2\n"""\n'
    assert parse_docstring(ast.get_docstring(ast.parse(script)) or "") == documented


@given(st.text(max_size=300))
def test_any_message_gives_a_docstring(message: str) -> None:
    """A message cannot break out of its docstring, and leaves all four parts in place."""
    text = render_docstring(message, [], [])
    read = ast.get_docstring(ast.parse(f'"""{text}\n"""'.encode("utf-8", "replace")), clean=False) or ""
    assert parse_docstring(read).missing == ()


def step(kind: str, *columns: ColumnFact, **fields: object) -> Step:
    """A step of an upgrade on table users."""
    return Step("a1", "upgrade", kind, "users", columns=columns, **fields)  # type: ignore[arg-type]


def test_impact_and_rollback_are_told_from_the_operations() -> None:
    """Each operation in plain words, what is lost named."""
    added = step("add_column", ColumnFact("nick", "VARCHAR(20)", nullable=True))
    dropped = step("drop_column", ColumnFact("nick"))
    told = parse_docstring(render_docstring("add nick", [added], [dropped], "asked for by support"))
    assert told == Documented(
        summary="Add nick.",
        purpose="add nick",
        context="asked for by support",
        impact="adds column users.nick (VARCHAR(20), nullable).",
        rollback="drops column users.nick with its values.",
    )


def test_without_a_message_the_operations_are_the_purpose() -> None:
    """An empty message is filled from what is done."""
    told = parse_docstring(render_docstring(None, [step("drop_table")], []))
    assert told.purpose == "drops table users with its rows."
    assert told.rollback == "not possible; downgrade() does nothing."


def test_many_operations_are_counted() -> None:
    """A long list is cut short, and says so."""
    told = parse_docstring(render_docstring("x", [step("drop_table")] * 20, []))
    assert told.impact.endswith("and 14 more operations.")


def test_reason_of_an_irreversible_revision_is_the_rollback() -> None:
    """``irreversible("…")`` gives its reason."""
    there, back = step("drop_table"), step("irreversible", detail={"reason": "the rows are gone"})
    assert (
        parse_docstring(render_docstring("x", [there], [back])).rollback
        == "cannot be undone: the rows are gone"
    )


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", ("purpose", "context", "impact", "rollback")),
        ("x\n\nPurpose: a\nContext: b\nImpact: c\nRollback: d\n", ()),
        ("x\n\nPURPOSE : a\n\nContext:\n    b\n\nImpact: c\nRollback:\n", ("rollback",)),
        ("x\n\nBut : a\nContexte : b\nImpact : c\nRollback : d\n", ()),
        ("x\n\nPurpose: a\nContext: TODO: why now\nImpact: c\nRollback: d\n", ("context",)),
        ("x\n\nPurpose: a\nRevision ID: b\nContext: c\nImpact: d\nRollback: e", ()),
        ("about the Purpose: a\nContext b", ("purpose", "context", "impact", "rollback")),
    ],
)
def test_missing_parts_are_named(text: str, missing: tuple[str, ...]) -> None:
    """A part counts when it stands at the start of a line and says something."""
    assert parse_docstring(text).missing == missing
