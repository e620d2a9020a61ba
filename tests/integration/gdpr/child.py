"""A process of its own that erases person 1 of the blog, and may die at its nth write; see test_failures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import sqlalchemy as sa

from dihya_migrate.actions import gdpr
from dihya_migrate.errors import DihyaError
from dihya_migrate.gdpr import delete_row, personal

from .house import key, open_house, pointer, users

WATCHED = ("users", "posts", "dihya_erasure")


def blog_tables() -> sa.MetaData:
    """``users`` and ``posts(id, user_id[own], body)!delete_row``."""
    metadata = sa.MetaData()
    users(metadata)
    body = sa.Column("body", sa.Text, nullable=False, info=personal("content", purpose="posts"))
    sa.Table("posts", metadata, key(), pointer(), body, info=delete_row())
    return metadata


def main(url: str, folder: str, dies_at: int) -> int:
    """Erase; leave with our exit code, or with 99 right before the nth write to a watched table."""
    with open_house(url, blog_tables(), Path(folder), create=False) as house:
        writes = 0

        def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            nonlocal writes
            words = statement.replace('"', "").replace("`", "").split()
            written = words[0] in ("UPDATE", "DELETE", "INSERT") and any(w in WATCHED for w in words[1:3])
            writes += written
            if written and writes == dies_at:
                os._exit(99)

        sa.event.listen(house.engine, "before_cursor_execute", count)
        try:
            print(gdpr.erase(house.runtime, user="1").outcome)  # noqa: T201
        except DihyaError as error:
            print(type(error).__name__)  # noqa: T201
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
