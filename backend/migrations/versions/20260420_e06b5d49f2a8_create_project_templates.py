"""Create project templates and remember which one a project began with.

Purpose: start a project from a template instead of from nothing.
Context: a template is a published set of plugins. Its author may leave; the template stays.
Impact: two new, empty tables; ``projects`` gets a nullable column with a foreign key and an index. On
    SQLite the table is copied for the key, elsewhere the change needs a short lock.
Rollback: drops both tables and the column: projects forget which template they began with and keep their
    plugins.

Revision ID: e06b5d49f2a8
Revises: 1d7f3c82ab96
Create Date: 2026-04-20 07:55:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e06b5d49f2a8"
down_revision = "1d7f3c82ab96"
branch_labels = None
depends_on = None

KEY = "fk_projects_template_id_project_templates"


def upgrade() -> None:
    """Create ``project_templates`` and ``template_plugins``, then point to the first."""
    op.create_table(
        "project_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_templates")),
        sa.UniqueConstraint("slug", name=op.f("uq_project_templates_slug")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_project_templates_author_id_users")
        ),
    )
    op.create_index(op.f("ix_project_templates_author_id"), "project_templates", ["author_id"])
    op.create_table(
        "template_plugins",
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("plugin_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("template_id", "plugin_id", name=op.f("pk_template_plugins")),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["project_templates.id"],
            name=op.f("fk_template_plugins_template_id_project_templates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["plugin_id"], ["plugins.id"], name=op.f("fk_template_plugins_plugin_id_plugins")
        ),
    )
    op.create_index(op.f("ix_template_plugins_plugin_id"), "template_plugins", ["plugin_id"])
    with op.batch_alter_table("projects") as projects:
        projects.add_column(sa.Column("template_id", sa.Integer(), nullable=True))
        projects.create_index(op.f("ix_projects_template_id"), ["template_id"])
        projects.create_foreign_key(
            op.f(KEY), "project_templates", ["template_id"], ["id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    """Take the pointer away, its key before the index the key needs; then drop both tables."""
    with op.batch_alter_table("projects") as projects:
        projects.drop_constraint(op.f(KEY), type_="foreignkey")
        projects.drop_index(op.f("ix_projects_template_id"))
        projects.drop_column("template_id")
    op.drop_table("template_plugins")
    op.drop_table("project_templates")
