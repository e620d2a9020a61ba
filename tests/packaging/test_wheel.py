"""The wheel and the source distribution, installed in an empty environment far from the tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from dihya_migrate import Migrate

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"
db = SQLAlchemy(app)
migrate = Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
"""
STORY = (
    ("db", "init"),
    ("db", "migrate", "-m", "Create users"),
    ("db", "upgrade"),
    ("db", "check"),
    ("db", "rollback"),
    ("audit", "verify"),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built from what git would ship."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if name.startswith(("dihya_migrate/", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")):
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_both_archives_hold_the_templates(built: Path) -> None:
    """Templates, the typing marker and the licence travel; tests and the backend stay at home."""
    wheel = next(built.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    with tarfile.open(next(built.glob("*.tar.gz"))) as tar:
        shipped = tar.getnames()
    for wanted in ("templates/dihya/env.py", "templates/dihya/alembic.ini.mako", "py.typed"):
        assert f"dihya_migrate/{wanted}" in names
        assert any(name.endswith(f"dihya_migrate/{wanted}") for name in shipped)
    assert any(name.endswith("LICENSE") for name in names)
    assert not any(name.startswith(("tests", "backend")) for name in names)


@pytest.mark.slow
def test_wheel_works_on_a_new_project(built: Path, tmp_path: Path) -> None:
    """Init, migrate, upgrade, check, rollback, verify with nothing but the wheel and its dependencies."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", next(built.glob("*.whl"))], check=True)
    (tmp_path / "app.py").write_text(APP)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "PYTHON"))}
    for command in STORY:
        done = subprocess.run(
            [python, "-m", "flask", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
