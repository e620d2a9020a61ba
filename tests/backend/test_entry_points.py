"""The ways into the application: from the root of the repository, from the web server, from plain Alembic."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from flask.cli import ScriptInfo

ROOT = Path(__file__).parents[2]
HEAD = "72c0f5a91e6d"


def test_flask_finds_the_application_at_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What ``.flaskenv`` names can be loaded where it lies, at the root of the repository."""
    name, _, value = (ROOT / ".flaskenv").read_text(encoding="utf-8").strip().partition("=")
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BACKEND_INSTANCE_PATH", str(tmp_path))
    assert name == "FLASK_APP"
    assert ScriptInfo(app_import_path=value).load_app().name == "backend"


def test_plain_alembic_is_the_same_run(tmp_path: Path) -> None:
    """``alembic upgrade head`` in the migrations folder migrates the application's database, audited."""
    environment = {
        **os.environ,
        "BACKEND_ENV": "development",
        "BACKEND_INSTANCE_PATH": str(tmp_path),
    }
    for unwanted in ("DATABASE_URL", "FLASK_APP", "PYTHONPATH"):
        environment.pop(unwanted, None)
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT / "backend" / "migrations",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "dihya.db") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert connection.execute("SELECT count(*) FROM dihya_audit").fetchone() > (0,)
    connection.close()


@pytest.mark.parametrize("name", ["env.py", "script.py.mako"])
def test_folder_follows_the_template(name: str) -> None:
    """The backend's migrations folder is what ``flask db init`` would lay down today."""
    template = ROOT / "dihya_migrate" / "templates" / "dihya" / name
    assert lines(ROOT / "backend" / "migrations" / name) == lines(template)


def lines(path: Path) -> list[str]:
    """The file's lines without the empty ones, which a formatter may add."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
