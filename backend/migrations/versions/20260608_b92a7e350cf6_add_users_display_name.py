"""Let people choose the name that others see.

Purpose: separate the name shown in projects from the legal names.
Context: until somebody chooses, the shown name is given and family name, as it has been on screen so far.
Impact: ``users`` gets a column: nullable, filled for every account, then required. One statement fills it;
    with some ten thousand accounts that is well under a second. On SQLite the table is copied, keeping its
    rule that keys are never reused. Deploy code that writes ``display_name`` together with this revision.
Rollback: drops the column; names that people chose are lost, given and family names are untouched.

Revision ID: b92a7e350cf6
Revises: 57c4e1f8093b
Create Date: 2026-06-08 09:00:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b92a7e350cf6"
down_revision = "57c4e1f8093b"
branch_labels = None
depends_on = None

users = sa.table(
    "users",
    sa.column("given_name", sa.String),
    sa.column("family_name", sa.String),
    sa.column("display_name", sa.String),
)


def upgrade() -> None:
    """Add, fill, require."""
    op.add_column("users", sa.Column("display_name", sa.String(length=161), nullable=True))
    op.execute(
        users.update()
        .where(users.c.display_name.is_(None))
        .values(display_name=sa.func.trim(users.c.given_name + " " + users.c.family_name))
    )
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("display_name", existing_type=sa.String(length=161), nullable=False)


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_column("display_name")
