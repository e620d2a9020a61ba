"""Rename projects.title to name, step 2 of 3: copy.

Purpose: give every project its value under the new name.
Context: code that writes both columns runs everywhere. After this step code is deployed that uses ``name``
    alone, which is why ``title`` is no longer required.
Impact: one statement fills ``name`` where it is empty, then it is required. On SQLite the table is copied.
Rollback: fills ``title`` from ``name`` where it is empty and requires it again; no value is lost.

Revision ID: 06f9c8e2d47a
Revises: a1d35f7be824
Create Date: 2026-07-20 08:30:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "06f9c8e2d47a"
down_revision = "a1d35f7be824"
branch_labels = None
depends_on = None

projects = sa.table("projects", sa.column("title", sa.String), sa.column("name", sa.String))
TEXT = sa.String(length=120)


def upgrade() -> None:
    """Copy, require ``name``, stop requiring ``title``."""
    op.execute(projects.update().where(projects.c.name.is_(None)).values(name=projects.c.title))
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("name", existing_type=TEXT, nullable=False)
        batch.alter_column("title", existing_type=TEXT, nullable=True)


def downgrade() -> None:
    """Copy back, require ``title``, stop requiring ``name``."""
    op.execute(projects.update().where(projects.c.title.is_(None)).values(title=projects.c.name))
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("title", existing_type=TEXT, nullable=False)
        batch.alter_column("name", existing_type=TEXT, nullable=True)
