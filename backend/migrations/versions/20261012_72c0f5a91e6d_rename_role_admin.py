"""Call the role admin of project members maintainer.

Purpose: one word for one thing: the screens have said "maintainer" since summer.
Context: code since the release before this one understands both words and writes ``maintainer``.
Impact: changes the rows of ``project_members`` with the old word, in one statement. No schema change.
Rollback: gives every maintainer the old word back. Those who became maintainers since get it as well; code
    of that time reads both as the same role.

Revision ID: 72c0f5a91e6d
Revises: d8e1b46a7c05
Create Date: 2026-10-12 10:10:00+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "72c0f5a91e6d"
down_revision = "d8e1b46a7c05"
branch_labels = None
depends_on = None

members = sa.table("project_members", sa.column("role", sa.String))


def upgrade() -> None:
    """Write the new word."""
    op.execute(members.update().where(members.c.role == "admin").values(role="maintainer"))


def downgrade() -> None:
    """Write the old word."""
    op.execute(members.update().where(members.c.role == "maintainer").values(role="admin"))
