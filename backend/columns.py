"""Column types and defaults that several models share."""

from __future__ import annotations

from datetime import datetime, timezone

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


def utc_now() -> datetime:
    """The time in UTC, in whole seconds: the finest step that all three engines keep."""
    return datetime.now(timezone.utc).replace(microsecond=0)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A point in time: goes in with any offset, comes back in UTC.

    SQLite and MariaDB keep no offset, so the value is stored in UTC and marked so when it is read.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn *value* to UTC.

        Raises:
            ValueError: *value* has no offset, so nobody knows which moment it means.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a point in time needs an offset")
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark what the database returned as UTC."""
        if value is None or value.tzinfo is not None:
            return value if value is None else value.astimezone(timezone.utc)
        return value.replace(tzinfo=timezone.utc)
