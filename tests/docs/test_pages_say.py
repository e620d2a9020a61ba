"""What the pages say beside their commands: names that exist, pages in step, links that lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from dihya_migrate.cli._groups import audit_group, db_group, gdpr_group
from docs import generate
from tests.docs import pages
from tests.docs.pages import ROOT, Command

GROUPS = {"db": db_group(), "gdpr": gdpr_group(), "audit": audit_group()}
COMMANDS = [
    (group, name) for group, found in GROUPS.items() for name in found.list_commands(click.Context(found))
]
README, FRENCH = ROOT / "README.md", ROOT / "README.fr.md"
WORDS = re.compile(r"`((?:FLASK_\S+ )?flask (?:db|gdpr|audit)(?: [^`\n]+)?)`")


@pytest.mark.parametrize(("name", "text"), generate.pages().items(), ids=list(generate.pages()))
def test_reference_pages_are_what_the_code_says(name: str, text: str) -> None:
    """``make docs`` would change nothing."""
    assert (generate.FOLDER / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("group", "name"), COMMANDS)
def test_every_command_explains_itself(group: str, name: str) -> None:
    """The help of a command says what it does."""
    command = _command(group, name)
    assert len((command.help or "").split()) >= 3


@pytest.mark.parametrize(("group", "name"), COMMANDS)
def test_every_command_with_options_shows_an_example(group: str, name: str) -> None:
    """The example in a command's help is one that the command understands."""
    command = _command(group, name)
    told = f"{command.help or ''} {command.epilog or ''}"
    assert "Example: " in told
    example = " ".join(told.partition("Example: ")[2].split())
    _understood(example)


@pytest.mark.parametrize("page", pages.pages(), ids=pages.name_of)
def test_commands_in_the_text_exist(page: Path) -> None:
    """Every ``flask …`` in a sentence or a table is a command, with options that it has."""
    for told in WORDS.findall(page.read_text(encoding="utf-8")):
        _named(told)


def test_commands_of_the_personal_data_page_are_understood() -> None:
    """They belong to an application that is shown in parts; so they are parsed, not typed."""
    page = pages.DOCS / "reference" / "personal-data.md"
    typed = [step.line for step in pages.steps(page) if isinstance(step, Command)]
    for line in typed:
        if line.startswith("flask"):
            _understood(line)


def test_the_french_readme_is_in_step() -> None:
    """Headings, blocks of code and rows of tables are as many, in the same order and of the same kind."""
    ours, theirs = _shape(README), _shape(FRENCH)
    assert ours == theirs


@pytest.mark.parametrize("page", [README, FRENCH], ids=pages.name_of)
def test_the_readme_names_every_command_setting_and_exit_code(page: Path) -> None:
    """What somebody looks for in the README's tables is there."""
    text = page.read_text(encoding="utf-8")
    missing = [name for _, name in COMMANDS if f"`{name}`" not in text]
    missing += [key for key in _keys() if f"`{key}`" not in text]
    missing += [f"code {code}" for code, *_ in generate.exit_codes() if f"\n| {code} |" not in text]
    assert not missing


def test_every_setting_stands_in_the_settings_page() -> None:
    """Each ``DIHYA_`` key that the code reads or names has its place in the reference."""
    text = (generate.FOLDER / "settings.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dihya_migrate").rglob("*.py"))
    named = set(re.findall(r"\bDIHYA_[A-Z_]*[A-Z]\b", code))
    assert not [key for key in sorted(named | set(_keys())) if f"`{key}`" not in text]


@pytest.mark.parametrize("page", [*pages.pages(), ROOT / "CHANGELOG.md"], ids=pages.name_of)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    """No page tells of a setting that nobody reads."""
    known = set(_keys()) | {f"{key}_FILE" for key in _keys() if key.endswith("_KEY")}
    named = set(re.findall(r"\bDIHYA_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named <= known


@pytest.mark.parametrize("page", [*pages.pages(), ROOT / "CHANGELOG.md"], ids=pages.name_of)
def test_no_page_names_a_path_of_a_machine(page: Path) -> None:
    """Nobody else has the folder in which somebody wrote a page."""
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?<![\w.:/])/(?:work|tmp|home|root|Users|usr|var|opt)\b\S*", text)


@pytest.mark.parametrize("page", [*pages.pages(), ROOT / "CHANGELOG.md"], ids=pages.name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """A link inside the repository ends at a file, and behind ``#`` at a heading."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)
    assert not [link for link in links if not _leads(page, link)]


def _leads(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_file():
        return False
    anchors = {
        _anchor(text) for text in re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    }
    return not heading or heading in anchors


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _keys() -> list[str]:
    return [f"DIHYA_{field.name.upper()}" for field in generate.setting_fields()]


def _command(group: str, name: str) -> click.Command:
    found = GROUPS[group].get_command(click.Context(GROUPS[group]), name)
    assert found is not None, f"flask {group} {name} does not exist"
    return found


def _understood(line: str) -> None:
    """Let Click parse *line*; it raises what a reader would see."""
    _flask, group, name, *arguments = shlex.split(line)
    _command(group, name).make_context(name, arguments, resilient_parsing=False)


def _named(told: str) -> None:
    """Check the group, the command and the options of *told*, whose values may be placeholders."""
    words = told.split()
    words = words[words.index("flask") + 1 :]
    if len(words) > 1 and not words[1].startswith("-"):
        command = _command(words[0], words[1])
        known = {name for parameter in command.params for name in parameter.opts} | {"--help", "--"}
        asked = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(words[2:]))
        assert set(asked) <= known, told


def _shape(page: Path) -> list[str]:
    """One letter a line that is a heading (with its depth), a fence (with its language) or a table's row."""
    return [
        found[0] if line.startswith("#") else line if line.startswith("```") else f"row of {line.count('|')}"
        for line in _outside(page.read_text(encoding="utf-8"))
        if (found := re.match(r"#+|```|\|", line))
    ]


def _outside(text: str) -> list[str]:
    """The lines of *text* without those inside blocks of code."""
    return re.sub(r"^(```\w*)\n.*?^```$", r"\1", text, flags=re.MULTILINE | re.DOTALL).splitlines()
