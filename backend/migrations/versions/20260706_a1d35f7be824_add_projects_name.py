"""Rename projects.title to name, step 1 of 3: expand.

Purpose: call the name of a project ``name`` everywhere, as plugins and templates have a title and projects
    a name.
Context: code that still runs reads and writes ``title``, so the column is not renamed in place. Step 1 adds
    the new column; then code is deployed that reads ``title`` and writes both.
Impact: a nullable column without default: no rewrite, a short lock.
Rollback: drops the new column; ``title`` still has every value.

Revision ID: a1d35f7be824
Revises: 4ea8d06c9b13
Create Date: 2026-07-06 08:30:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a1d35f7be824"
down_revision = "4ea8d06c9b13"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add ``name``."""
    op.add_column("projects", sa.Column("name", sa.String(length=120), nullable=True))


def downgrade() -> None:
    """Drop ``name``."""
    with op.batch_alter_table("projects") as batch:
        batch.drop_column("name")
