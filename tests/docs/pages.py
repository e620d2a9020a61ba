"""The documentation as programs: what a reader would type is typed, what a page shows is compared.

How a page is written, so that it can be run from top to bottom, in one shell, in one scratch folder:

* A ``python`` block whose first line is a comment with a path, ``# app.py``, is that file; with
  ``# app.py, at the end`` it is added to it. Other blocks are only read by people.
* In a ``console`` block, lines that begin with ``$`` are typed, and below stands what they print on a
  terminal. A line ``…`` stands for lines that are left out, ``…`` in a line for words. What differs from run
  to run (revision ids, hashes, times, hosts) is compared as what it is. In a ``bash`` block every line is
  typed and nothing is compared.
* A command leaves with 0, unless ``$ echo $?`` comes next and shows what else.
* ``<!-- begins with: … -->`` names where the page starts, a key of :data:`BEGINNINGS`; without it in an empty
  folder. ``<!-- database: mysql -->`` asks for another engine than SQLite.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

ADD_ADA = (
    "python -c \"from app import *; app.app_context().push(); db.session.add(User(name='Ada'));"
    ' db.session.commit()"'
)
BEGINNINGS = {
    "nothing": (),
    "the app of the README": (),
    "the project of the README": (
        "flask db init",
        'flask db migrate -m "Create users" --rev-id a1',
        "flask db upgrade",
        ADD_ADA,
    ),
}
"""What has been typed before a page begins; the README's ``app.py`` is there, but for ``nothing``."""

NOT_RUN = {
    "make": "it builds its own environment, and one of its targets is this test; the targets are looked up",
    "python -m venv": "the tests have their environment",
    ". .venv": "the tests have their environment",
    "pip install": "the tests have the package; the names of the extras are looked up",
}
"""Commands that no test types, by how they begin, and why."""

_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (begins with|database): (.+?) -->")
_FILE = re.compile(r"# ([\w./-]+\.\w+)(, at the end)?$")
_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d UTC\b"), "TIME"),
    (re.compile(r"\b\d{8}_"), "DATE_"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "ID"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s)\b"), "DURATION"),
    (re.compile(r", [\w.-]+:\d+\.$"), ", PROCESS."),
    (re.compile(r"\S+@\S+$"), "ACTOR"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True)
class Write:
    """A file of the page."""

    path: str
    text: str
    append: bool


@dataclass(frozen=True)
class Command:
    """Something to type."""

    line: str
    shown: tuple[str, ...] | None
    """What the page shows below it; None: nothing is compared."""


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    command: Command
    code: int
    printed: tuple[str, ...]


def pages() -> list[Path]:
    """The README, in both languages, and all of ``docs/``."""
    return [ROOT / "README.md", ROOT / "README.fr.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """The page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of every block of code."""
    return [(match[1], match[2]) for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def marks(page: Path) -> dict[str, str]:
    """What the page says of where it begins."""
    return dict(_MARK.findall(page.read_text(encoding="utf-8")))


def steps(page: Path) -> Iterator[Write | Command]:
    """The files and commands of *page*, in order."""
    for language, text in blocks(page):
        first, _, rest = text.partition("\n")
        if found := _FILE.match(first):
            yield Write(found[1], rest if found[2] else text, bool(found[2]))
        elif language == "bash":
            yield from (Command(line, None) for line in map(_bare, text.splitlines()) if line)
        elif language == "console":
            yield from _typed(text)


def _typed(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        yield Command(_bare(line), tuple(shown))


def _bare(line: str) -> str:
    """*line* without the words for the reader behind it."""
    return re.sub(r"(^|\s+)# .*$", "", line).strip()


def start_of(page: Path) -> list[Write | Command]:
    """What has happened before *page* begins."""
    beginning = marks(page).get("begins with", "nothing")
    app = [step for step in steps(ROOT / "README.md") if isinstance(step, Write) and step.path == "app.py"][
        :1
    ]
    return [
        *(app if beginning != "nothing" else ()),
        *(Command(line, None) for line in BEGINNINGS[beginning]),
    ]


def run(todo: list[Write | Command], folder: Path, **variables: str) -> list[Outcome]:
    """Type *todo* into one shell in *folder*, whatever the commands leave with."""
    commands = [step for step in todo if isinstance(step, Command)]
    done = subprocess.run(
        ["bash", "-c", _script(todo)],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=_environment(folder, variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=True,
    )
    parts = re.split(r"\n@@@ (\d+)\n", done.stdout)
    return [
        Outcome(command, int(code), tuple(printed.splitlines()))
        for command, printed, code in zip(commands, parts[::2], parts[1::2], strict=False)
    ]


def runs(line: str) -> bool:
    """Is *line* typed by the tests?"""
    return not line.startswith(tuple(NOT_RUN))


def _script(todo: list[Write | Command]) -> str:
    lines = ["code=0"]
    for step in todo:
        if isinstance(step, Write):
            lines += [
                f"mkdir -p $(dirname {step.path})",
                f"cat {'>>' if step.append else '>'} {step.path} <<'@@@'",
            ]
            lines += [step.text + "@@@"]
        else:
            lines += ["(exit $code)", step.line, "code=$?", r"printf '\n@@@ %s\n' $code"]
    return "\n".join([*lines, ""])


def _environment(folder: Path, variables: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "DIHYA_", "PY"))
    }
    path = os.pathsep.join((str(Path(sys.executable).parent), kept["PATH"]))
    return {**kept, "PATH": path, "HOME": str(folder), "PYTHONUNBUFFERED": "1", **variables}


def matches(shown: tuple[str, ...], printed: tuple[str, ...]) -> bool:
    """Does a page that shows *shown* tell the truth about *printed*?"""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(_settled(line)).replace("…", ".*") + r"\n"
        for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{_settled(line)}\n" for line in printed)) is not None


def _settled(line: str) -> str:
    """*line* with what differs from run to run called by its kind."""
    for varying, kind in _VARYING:
        line = varying.sub(kind, line)
    return line.strip()
