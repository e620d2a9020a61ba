"""Rename projects.title to name, step 3 of 3: contract.

Purpose: remove the old name.
Context: no code reads or writes ``title`` since the release before this one; every value is in ``name``.
Impact: drops a column whose values are all kept in ``name``. On SQLite the table is copied.
Rollback: adds ``title`` again and fills it from ``name``; no value is lost.

Revision ID: d8e1b46a7c05
Revises: 06f9c8e2d47a
Create Date: 2026-08-03 08:30:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d8e1b46a7c05"
down_revision = "06f9c8e2d47a"
branch_labels = None
depends_on = None

projects = sa.table("projects", sa.column("title", sa.String), sa.column("name", sa.String))


def upgrade() -> None:
    """Drop ``title``."""
    with op.batch_alter_table("projects") as batch:
        batch.drop_column("title")  # dihya: ignore[DM202] reason="every value is in name since 06f9c8e2d47a"


def downgrade() -> None:
    """Bring ``title`` back with its values."""
    op.add_column("projects", sa.Column("title", sa.String(length=120), nullable=True))
    op.execute(projects.update().where(projects.c.title.is_(None)).values(title=projects.c.name))
