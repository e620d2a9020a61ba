"""The whole story, told by the real commands: ``python -m backend.demo``.

A database is built and filled, one person receives a copy of their data and is then erased, the last run is
rolled back and made again, and the trail of all that is verified. Every command is the ``flask`` a user
types, in a process of its own; the first unexpected exit code ends the story.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAST_BUT_ONE = "d8e1b46a7c05"
"""The revision before the newest one, so that the newest one is a run of its own and can be rolled back."""


@dataclass(frozen=True)
class Scene:
    """One command: what it is for, what comes after ``flask``, and the exit code it should have."""

    words: str
    command: str
    expected: int = 0


STORY = (
    Scene("Build the database as the previous release knew it.", f"db upgrade {LAST_BUT_ONE}"),
    Scene("Fill it with invented people and projects.", "seed"),
    Scene("Deploy the newest release: one revision is pending.", "db upgrade"),
    Scene("Look at the result.", "db status"),
    Scene("Person 1 asks for a copy of their data.", "gdpr export --user 1 --output export-1.zip"),
    Scene("Person 1 asks to be erased.", "gdpr erase --user 1 --yes"),
    Scene("Look for anything that is left of them.", "gdpr verify --user 1"),
    Scene("Something is wrong with the release: back to where its run started.", "db rollback --yes"),
    Scene("It was not; once more.", "db upgrade"),
    Scene("Did anybody touch the record of all this?", "audit verify"),
)


def tell(story: Sequence[Scene], folder: Path) -> int:
    """Run *story* with *folder* as the instance folder and the place for files; return the exit code."""
    environment = {
        **os.environ,
        "FLASK_APP": "backend.app",
        "FLASK_SKIP_DOTENV": "1",
        "BACKEND_ENV": "development",
        "BACKEND_INSTANCE_PATH": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    environment.pop("DATABASE_URL", None)
    started = time.monotonic()
    for scene in story:
        code = show(scene, folder, environment)
        if code != scene.expected:
            say(f"\nStopped: 'flask {scene.command}' left with exit code {code}, expected {scene.expected}.")
            return 1
    say(f"\nThe whole story took {time.monotonic() - started:.0f} seconds.")
    return 0


def show(scene: Scene, folder: Path, environment: Mapping[str, str]) -> int:
    """Print the command of *scene*, run it, print what it says, and return its exit code."""
    say(f"\n# {scene.words}\n$ flask {scene.command}")
    done = subprocess.run(  # noqa: S603 - the commands stand above
        [sys.executable, "-m", "flask", *shlex.split(scene.command)],
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    for line in done.stdout.rstrip().splitlines():
        say(f"  {line}")
    return done.returncode


def say(text: str) -> None:
    """Print at once, so that a slow command is seen to run."""
    print(text, flush=True)  # noqa: T201 - printing is what this program is for


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the story in a folder that is removed afterwards, or in ``--folder``, which has to be empty."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.demo", description="The whole story, told by flask."
    )
    parser.add_argument("--folder", type=Path, help="an empty or new folder to work in and to keep")
    folder: Path | None = parser.parse_args(arguments).folder
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="dihya-demo-") as temporary:
            return tell(STORY, Path(temporary))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error("the folder is not empty")
    return tell(STORY, folder.absolute())


if __name__ == "__main__":
    sys.exit(main())
