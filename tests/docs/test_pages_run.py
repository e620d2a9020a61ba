"""Every command of the README and of ``docs/`` is typed, in order, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.docs import pages
from tests.docs.pages import ROOT, Command, Outcome

ELSEWHERE = {
    "README.fr.md": "it has the commands of README.md, word for word",
    "docs/reference/personal-data.md": "it shows an application in parts; its commands are parsed",
}
"""Pages with commands that are not run from top to bottom, and how they are checked."""

TYPED = [
    page
    for page in pages.pages()
    if pages.name_of(page) not in ELSEWHERE and any(isinstance(s, Command) for s in pages.steps(page))
]


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED, ids=pages.name_of)
def test_a_page_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    """From top to bottom, each command leaves with the code and prints the lines that the page shows."""
    told = [*pages.start_of(page), *pages.steps(page)]
    todo = [step for step in told if not isinstance(step, Command) or pages.runs(step.line)]
    done = _run(todo, tmp_path, pages.marks(page).get("database", "sqlite"))
    assert len(done) == sum(isinstance(step, Command) for step in todo)
    if surprises := _surprises(done):
        pytest.fail(f"{pages.name_of(page)} does not show what happened:\n{surprises}", pytrace=False)


def test_the_french_readme_has_the_same_commands() -> None:
    """Files, commands and what they print are those of README.md."""
    ours, theirs = (list(pages.steps(ROOT / name)) for name in ("README.md", "README.fr.md"))
    assert ours == theirs


@pytest.mark.parametrize("page", pages.pages(), ids=pages.name_of)
def test_commands_that_no_test_types_could_be_typed(page: Path) -> None:
    """The targets of ``make`` exist and say what they do; the extras of ``pip install`` exist."""
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    extras = (ROOT / "setup.cfg").read_text().partition("[options.extras_require]")[2]
    for step in pages.steps(page):
        if isinstance(step, Command) and step.line.startswith("make"):
            assert step.line.removeprefix("make").strip() in targets
    for names in re.findall(r"pip install \S*\[([\w,]+)\]", page.read_text(encoding="utf-8")):
        assert all(re.search(rf"^{name} =", extras, re.MULTILINE) for name in names.split(","))


def _run(todo: list[pages.Write | Command], folder: Path, dialect: str) -> list[Outcome]:
    if dialect == "sqlite":
        return pages.run(todo, folder)
    for url in fresh_database(dialect, folder):
        return pages.run(todo, folder, FLASK_SQLALCHEMY_DATABASE_URI=url)
    raise AssertionError(f"no database of {dialect}")


def _surprises(done: list[Outcome]) -> str:
    """What a reader would not have expected, as they would see it."""
    followers = [*(outcome.command.line for outcome in done[1:]), ""]
    return "\n".join(
        f"$ {outcome.command.line}   [{outcome.code}]\n" + "\n".join(outcome.printed)
        for outcome, follower in zip(done, followers, strict=True)
        if not _as_shown(outcome) or (outcome.code != 0 and follower != "echo $?")
    )


def _as_shown(outcome: Outcome) -> bool:
    shown = outcome.command.shown
    return shown is None or pages.matches(shown, outcome.printed)
