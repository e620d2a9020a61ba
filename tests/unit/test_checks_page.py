"""The reference page of the checks cannot fall behind the code."""

from __future__ import annotations

from pathlib import Path

from dihya_migrate.actions.validate import checks_page, explain
from dihya_migrate.checks import REGISTRY

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"


def test_page_is_written_from_the_code() -> None:
    """``docs/reference/checks.md`` is what ``checks_page()`` writes; ``make docs`` brings it up to date."""
    assert PAGE.read_text(encoding="utf-8") == checks_page()


def test_every_check_can_be_explained() -> None:
    """``--explain`` shows what a check speaks of, what it is quiet about, and the remedy."""
    for check in REGISTRY:
        text = explain(check.code)
        assert check.remedy.splitlines()[0] in text
    assert len(explain("all").splitlines()) == len(REGISTRY)
