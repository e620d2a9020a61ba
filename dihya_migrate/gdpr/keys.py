"""SQL that picks rows by their keys: one column or several, in batches that every driver takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, or_, tuple_

from .records import Key

_VALUES_A_STATEMENT = 900
"""Below SQLite's oldest limit of 999 parameters."""


def columns_of(table: Table, names: Iterable[str]) -> list[Column[Any]]:
    """Columns by the names they have in the database, which may differ from their attributes'."""
    by_name = {column.name: column for column in table.columns}
    return [by_name[name] for name in names]


def batches(keys: Iterable[Key], width: int) -> Iterator[list[Key]]:
    """*keys* of *width* values each, in lists that fit one statement."""
    left = iter(keys)
    size = max(_VALUES_A_STATEMENT // max(width, 1), 1)
    while batch := list(islice(left, size)):
        yield batch


def matches(columns: Sequence[ColumnElement[Any]], keys: Sequence[Key]) -> ColumnElement[bool]:
    """Is the row's (*columns*) one of *keys*? A None matches NULL, as in tables without a primary key."""
    whole = [key for key in keys if None not in key]
    partial = [key for key in keys if None in key]
    clauses: list[ColumnElement[bool]] = []
    if whole and len(columns) == 1:
        clauses.append(columns[0].in_([key[0] for key in whole]))
    elif whole:
        clauses.append(tuple_(*columns).in_(whole))
    for key in partial:
        equal = [c.is_(None) if v is None else c == v for c, v in zip(columns, key, strict=True)]
        clauses.append(and_(*equal))
    return or_(*clauses)
