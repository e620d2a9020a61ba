"""Create the activity log.

Purpose: show what happened in a project and let people see what was done with their account.
Context: an entry is a word of a closed list and keys; no free text. Of a network address only the prefix is
    kept. Entries stay when their person is erased, without naming them.
Impact: a new, empty table with personal data: actor, network prefix.
Rollback: drops the table with every entry in it. Back up first.

Revision ID: 57c4e1f8093b
Revises: e06b5d49f2a8
Create Date: 2026-05-04 11:20:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "57c4e1f8093b"
down_revision = "e06b5d49f2a8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create ``activity_log``."""
    op.create_table(
        "activity_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("ip_prefix", sa.String(length=45), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_log")),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_activity_log_actor_id_users")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_activity_log_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["about_id"], ["users.id"], name=op.f("fk_activity_log_about_id_users")),
    )
    op.create_index(op.f("ix_activity_log_actor_id"), "activity_log", ["actor_id"])
    op.create_index(op.f("ix_activity_log_project_id"), "activity_log", ["project_id"])
    op.create_index(op.f("ix_activity_log_about_id"), "activity_log", ["about_id"])


def downgrade() -> None:
    """Drop ``activity_log``."""
    op.drop_table("activity_log")
