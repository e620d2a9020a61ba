"""Create the table of accounts.

Purpose: give people an account.
Context: first release. Keys are never reused, so that an erasure repeated after a restored backup cannot
    reach a person who came later; e-mail addresses are stored in lower case by the application.
Impact: a new, empty table. It holds personal data: address, names, times.
Rollback: drops the table with every account in it. Back up first.

Revision ID: 3f1c9a7d5e20
Revises:
Create Date: 2026-03-09 09:12:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3f1c9a7d5e20"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create ``users``."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("given_name", sa.String(length=80), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("theme", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop ``users``."""
    op.drop_table("users")
