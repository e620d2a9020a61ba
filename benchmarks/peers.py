"""The same application twice: with Flask-Migrate, with us, or with no migration extension at all."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

APP = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
{imported}
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
db = SQLAlchemy(app)
{registered}
"""

REVISION = '''"""Revision {number}.

Revision ID: {id}
Revises: {down}
"""
from alembic import op
import sqlalchemy as sa

revision = {id!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    {body}


def downgrade():
    {undo}
'''

PEERS = {"flask_migrate": "Flask-Migrate", "dihya_migrate": "dihya_migrate", "": "no extension"}


@dataclass(frozen=True)
class Peer:
    """One application on disk, with its own copy of the same history."""

    package: str
    root: Path

    @classmethod
    def make(cls, package: str, root: Path, url: str, revisions: int) -> Peer:
        """Write the application; its folder is Flask-Migrate's template for all."""
        root.mkdir(parents=True)
        imported = f"from {package} import Migrate" if package else ""
        registered = "migrate = Migrate(app, db)" if package else ""
        (root / "app.py").write_text(APP.format(imported=imported, registered=registered, url=url))
        peer = cls(package, root)
        if package and revisions:
            peer.flask("db", "init", "-t", "flask")
            peer.write(revisions)
        return peer

    def write(self, revisions: int) -> None:
        """A line of *revisions*; the first makes a table, the others do nothing, so that overhead shows."""
        down = None
        for number in range(revisions):
            id_ = f"{number:012x}"
            body = (
                "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))"
                if not number
                else "pass"
            )
            text = REVISION.format(
                number=number, id=id_, down=down, body=body, undo="pass" if number else "op.drop_table('t')"
            )
            (self.root / "migrations" / "versions" / f"{id_}_r.py").write_text(text)
            down = id_

    def flask(self, *arguments: str) -> float:
        """Seconds that ``flask ARGUMENTS`` took, as a process."""
        return self.process("-m", "flask", *arguments)

    def process(self, *arguments: str) -> float:
        """Seconds that ``python ARGUMENTS`` took."""
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"FLASK_APP": "app", "PYTHONPATH": str(self.root)}
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(f"{self.package} {arguments}: {done.stderr[-2000:]}")
        return seconds

    def inside(self, code: str) -> float:
        """Seconds that *code* says it took, run inside the application's context; it prints them."""
        script = self.root / "measure.py"
        script.write_text(code)
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout.split()[-1])


def peak_memory() -> int:
    """Largest resident size of any process measured so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
