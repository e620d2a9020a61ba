"""Create invitations to projects.

Purpose: ask an address into a project before it has an account.
Context: an invitation holds the address of somebody who may not be a user. It is deleted when it is
    accepted.
Impact: a new, empty table with addresses of third parties.
Rollback: drops the table; open invitations are lost and have to be sent again.

Revision ID: c5a90b3e7f14
Revises: 8b2e64f0c1d7
Create Date: 2026-03-23 08:05:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c5a90b3e7f14"
down_revision = "8b2e64f0c1d7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create ``project_invitations``."""
    op.create_table(
        "project_invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_invitations")),
        sa.UniqueConstraint("project_id", "email", name=op.f("uq_project_invitations_project_id_email")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_project_invitations_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["users.id"], name=op.f("fk_project_invitations_invited_by_id_users")
        ),
    )
    op.create_index(op.f("ix_project_invitations_invited_by_id"), "project_invitations", ["invited_by_id"])


def downgrade() -> None:
    """Drop ``project_invitations``."""
    op.drop_table("project_invitations")
