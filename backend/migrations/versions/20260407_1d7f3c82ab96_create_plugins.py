"""Create the catalogue of plugins and their installations.

Purpose: let a project install plugins.
Context: plugins are published by organisations, so the catalogue holds no personal data; who installed one
    is recorded as long as that person has an account.
Impact: two new, empty tables.
Rollback: drops both tables; the catalogue can be published again, installations have to be repeated.

Revision ID: 1d7f3c82ab96
Revises: c5a90b3e7f14
Create Date: 2026-04-07 13:30:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1d7f3c82ab96"
down_revision = "c5a90b3e7f14"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create ``plugins`` and ``plugin_installations``."""
    op.create_table(
        "plugins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("version", sa.String(length=30), nullable=False),
        sa.Column("publisher", sa.String(length=120), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plugins")),
        sa.UniqueConstraint("slug", name=op.f("uq_plugins_slug")),
    )
    op.create_table(
        "plugin_installations",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("plugin_id", sa.Integer(), nullable=False),
        sa.Column("installed_by_id", sa.Integer(), nullable=True),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "plugin_id", name=op.f("pk_plugin_installations")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_plugin_installations_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["plugin_id"], ["plugins.id"], name=op.f("fk_plugin_installations_plugin_id_plugins")
        ),
        sa.ForeignKeyConstraint(
            ["installed_by_id"], ["users.id"], name=op.f("fk_plugin_installations_installed_by_id_users")
        ),
    )
    op.create_index(op.f("ix_plugin_installations_plugin_id"), "plugin_installations", ["plugin_id"])
    op.create_index(
        op.f("ix_plugin_installations_installed_by_id"), "plugin_installations", ["installed_by_id"]
    )


def downgrade() -> None:
    """Drop both, the one that points first."""
    op.drop_table("plugin_installations")
    op.drop_table("plugins")
