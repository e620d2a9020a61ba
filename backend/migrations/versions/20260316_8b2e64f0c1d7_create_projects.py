"""Create projects and their members.

Purpose: let people work together in projects.
Context: a project belongs to one person and has members with a role. The owner may be unknown: a project
    that others work in stays when its owner asks to be erased.
Impact: two new, empty tables. Titles and descriptions are free text and count as personal data.
Rollback: drops both tables with every project in them. Back up first.

Revision ID: 8b2e64f0c1d7
Revises: 3f1c9a7d5e20
Create Date: 2026-03-16 10:40:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8b2e64f0c1d7"
down_revision = "3f1c9a7d5e20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create ``projects`` and ``project_members``."""
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_projects_owner_id_users")),
    )
    op.create_index(op.f("ix_projects_owner_id"), "projects", ["owner_id"])
    op.create_table(
        "project_members",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_project_members")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_project_members_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_project_members_user_id_users")),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["users.id"], name=op.f("fk_project_members_invited_by_id_users")
        ),
    )
    op.create_index(op.f("ix_project_members_user_id"), "project_members", ["user_id"])
    op.create_index(op.f("ix_project_members_invited_by_id"), "project_members", ["invited_by_id"])


def downgrade() -> None:
    """Drop both, the one that points first."""
    op.drop_table("project_members")
    op.drop_table("projects")
