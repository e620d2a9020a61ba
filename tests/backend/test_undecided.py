"""What happens to somebody who adds a column to the backend and forgets to say what it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPLICATION = """
from sqlalchemy.orm import mapped_column
from sqlalchemy import String
from backend.app import create_app
from backend.users.models import User
from dihya_migrate.gdpr import personal

User.phone = mapped_column(String(20), nullable=True, info={info})
"""
SCRIPT = '''"""Add a telephone number.

Purpose: reach people by telephone.
Context: a test.
Impact: a nullable column.
Rollback: drops the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0a1b2c3d4e5f"
down_revision = "72c0f5a91e6d"


def upgrade(engine_name: str = "") -> None:
    op.add_column("users", sa.Column("phone", sa.String(20), nullable=True))


def downgrade(engine_name: str = "") -> None:
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_column("phone")
'''


def upgrade(folder: Path, info: str) -> subprocess.CompletedProcess[str]:
    """Upgrade a database at the backend's head with one column more, declared with *info*."""
    (folder / "tried.py").write_text(APPLICATION.format(info=info), encoding="utf-8")
    shutil.copytree(ROOT / "backend" / "migrations", folder / "migrations")
    script = folder / "migrations" / "versions" / "20261122_0a1b2c3d4e5f_add_users_phone.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {
        **os.environ,
        "FLASK_APP": "tried:create_app",
        "BACKEND_ENV": "development",
        "BACKEND_INSTANCE_PATH": str(folder / "instance"),
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("DATABASE_URL", None)
    flask(folder, environment, "72c0f5a91e6d").check_returncode()
    return flask(folder, environment, "head")


def flask(folder: Path, environment: dict[str, str], revision: str) -> subprocess.CompletedProcess[str]:
    """Run ``flask db upgrade``."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "db", "-d", "migrations", "upgrade", revision],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("info", "code", "exists"),
    [("{}", 1, False), ('personal("contact.phone", purpose="account")', 0, True)],
    ids=["undecided", "declared"],
)
def test_column_needs_a_decision(tmp_path: Path, info: str, code: int, exists: bool) -> None:
    """Undecided, the run is refused and names the column, which is not made; declared, it passes."""
    done = upgrade(tmp_path, info)
    assert done.returncode == code, done.stderr
    assert ("users.phone" in done.stdout + done.stderr) is not exists
    with sqlite3.connect(tmp_path / "instance" / "dihya.db") as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
    connection.close()
    assert ("phone" in columns) is exists
