"""Flask-Migrate's own test-suite, taken from its source distribution, with the import swapped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

RELEASE = "4.1.0"
"""Older source distributions lack the sample applications, so this suite serves every installed version."""
CACHE = Path(__file__).parents[2] / ".cache" / "upstream"


def source_tests(folder: Path) -> Path:
    """The ``tests`` folder of Flask-Migrate's source distribution, fetched once."""
    kept = CACHE / RELEASE
    if not kept.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "-d", str(folder), f"flask-migrate=={RELEASE}"], check=True)
        archive = next(folder.glob("*.tar.gz"))
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "sdist", filter="data")
        found = next((folder / "sdist").glob("*/tests"))
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = CACHE / f"{RELEASE}.{os.getpid()}"
        shutil.copytree(found, draft)
        if kept.exists():
            shutil.rmtree(draft)
        else:
            draft.rename(kept)
    return kept


@pytest.mark.slow
def test_upstream_suite_passes_with_the_import_swapped(tmp_path: Path) -> None:
    """All of Flask-Migrate's tests pass on us, over the versions that are installed here."""
    suite = tmp_path / "suite"
    shutil.copytree(source_tests(tmp_path / "download"), suite / "tests")
    swapped = 0
    for path in (suite / "tests").glob("*.py"):
        text = path.read_text()
        swapped += text.count("from flask_migrate import")
        path.write_text(text.replace("from flask_migrate import", "from dihya_migrate import"))
    assert swapped >= 8
    scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": scripts + os.pathsep + os.environ["PATH"]}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:logging",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "tests",
        ],
        cwd=suite,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout
