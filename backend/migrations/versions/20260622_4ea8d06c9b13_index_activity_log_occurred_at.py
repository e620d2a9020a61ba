"""Index the activity log by time.

Purpose: remove old entries and page through recent ones without reading the whole log.
Context: the log is the table that grows fastest, and retention looks at it by age every night.
Impact: building the index makes writers of ``activity_log`` wait on PostgreSQL; at the log's present size
    that is less than a second. No data changes.
Rollback: drops the index; queries by time become slow again, nothing is lost.

Revision ID: 4ea8d06c9b13
Revises: b92a7e350cf6
Create Date: 2026-06-22 16:45:00+00:00
"""

from __future__ import annotations

from alembic import op

revision = "4ea8d06c9b13"
down_revision = "b92a7e350cf6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index."""
    op.create_index(op.f("ix_activity_log_occurred_at"), "activity_log", ["occurred_at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(op.f("ix_activity_log_occurred_at"), table_name="activity_log")
