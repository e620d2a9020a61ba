"""What happens to a value, a pointer or a row when a person is erased.

Each function returns a plain dict for ``info=``, given as ``on_erase=`` or joined with ``|``. Whether it
suits the column is checked when the map loads, so that all problems come in one list.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

Info = dict[str, Any]

ON_ERASE = "dihya.on_erase"
DELETE = "dihya.delete"


def null() -> Info:
    """The value goes; the column must allow NULL. This is what happens when nothing is declared."""
    return {ON_ERASE: {"do": "null"}}


def const(value: object) -> Info:
    """*value* takes the value's place; NULL stays NULL. Not for UNIQUE columns."""
    return {ON_ERASE: {"do": "const", "value": value}}


def opaque() -> Info:
    """A random filler that fits the column takes the value's place; NULL stays NULL."""
    return {ON_ERASE: {"do": "opaque"}}


def pseudonym(domain: str = "") -> Info:
    """A keyed digest of the value takes its place; NULL stays NULL.

    Equal values get equal pseudonyms in one *domain*, so that joins survive and UNIQUE columns stay unique.
    A pseudonym is still personal data for whoever holds ``DIHYA_PSEUDONYM_KEY``.

    Args:
        domain: Columns that must match each other share one; default: the column's own, ``table.column``.
    """
    return {ON_ERASE: {"do": "pseudonym", "domain": domain}}


def trunc_date(unit: Literal["year", "month", "day"] = "year") -> Info:
    """A date or time is cut to the first instant of its *unit*; NULL stays NULL."""
    return {ON_ERASE: {"do": "trunc_date", "unit": unit}}


def keep(reason: str, until: str | date) -> Info:
    """Nothing changes, because a law says so.

    Args:
        reason: The duty that demands it; printed in plans and exports.
        until: The last day it is kept, as a date or ``YYYY-MM-DD``.
    """
    text = until.isoformat()[:10] if isinstance(until, date) else until
    return {ON_ERASE: {"do": "keep", "reason": reason, "until": text}}


def refuse() -> Info:
    """On an edge or a table: an erasure that finds such a row is refused."""
    return {ON_ERASE: {"do": "refuse"}}


def reassign(to: object) -> Info:
    """On an edge: the pointer moves to another, existing row.

    Args:
        to: The key of that row, a tuple when the key has several columns; usually a placeholder person.
    """
    return {ON_ERASE: {"do": "reassign", "to": tuple(to) if isinstance(to, list | tuple) else (to,)}}


def delete_row() -> Info:
    """On an edge or a table: the whole row goes.

    A row that others must keep pointing at stays, with its personal columns treated.
    """
    return {DELETE: True}
