"""The demonstration, as ``make demo`` runs it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backend.demo import STORY, Scene, tell

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_story_is_told_to_its_end(tmp_path: Path) -> None:
    """Every command of the story leaves with the expected code, and the export is a file that can be read."""
    done = subprocess.run(
        [sys.executable, "-m", "backend.demo", "--folder", str(tmp_path / "demo")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("$ ")] == [
        f"$ flask {scene.command}" for scene in STORY
    ]
    assert "manifest.json" in zipfile.ZipFile(tmp_path / "demo" / "export-1.zip").namelist()


def test_story_stops_at_the_first_unexpected_code(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command that leaves otherwise than expected is the last one."""
    story = (Scene("Wrong.", "no-such-command"), Scene("Never told.", "--version"))
    assert tell(story, tmp_path) == 1
    told = capfd.readouterr().out
    assert "exit code 2, expected 0" in told
    assert "Never told" not in told


def test_folder_with_files_is_refused(tmp_path: Path) -> None:
    """The demonstration touches no folder that somebody uses."""
    (tmp_path / "dihya.db").touch()
    done = subprocess.run(
        [sys.executable, "-m", "backend.demo", "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert [file.name for file in tmp_path.iterdir()] == ["dihya.db"]
