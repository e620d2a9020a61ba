"""What a team says of its columns, edges and tables: plain dicts for ``info=`` that combine with ``|``.

Keys are flat (``dihya.category``), because ``|`` would replace a nested dict as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .strategies import Info

PREFIX = "dihya."
STATE = "dihya.state"
REASON = "dihya.reason"
CATEGORY = "dihya.category"
PURPOSE = "dihya.purpose"
BASIS = "dihya.basis"
RETENTION = "dihya.retention"
ORIGIN = "dihya.origin"
RECIPIENTS = "dihya.recipients"
THIRD_PARTY = "dihya.third_party"
ROLE = "dihya.role"
KIND = "dihya.kind"
REFERS_TO = "dihya.refers_to"
SUBJECT = "dihya.subject"
LOOKUP = "dihya.lookup"
BORN = "dihya.born"


def personal(
    category: str,
    *,
    purpose: str | Sequence[str],
    basis: str = "",
    retention: str = "",
    origin: Literal["", "provided", "observed", "derived", "third_party"] = "",
    recipients: Sequence[str] = (),
    on_erase: Info | None = None,
) -> Info:
    """This column holds data about a person.

    Args:
        category: A dotted word of your own, e.g. ``contact`` or ``special.health``.
        purpose: One slug or several, e.g. ``account``.
        basis: The lawful basis, e.g. ``contract``.
        retention: How long, as an ISO 8601 duration, e.g. ``P3Y``.
        origin: Where the data comes from; empty when nobody said.
        recipients: To whom it is disclosed.
        on_erase: A strategy; default :func:`null`.
    """
    info: Info = {
        STATE: "personal",
        CATEGORY: category,
        PURPOSE: (purpose,) if isinstance(purpose, str) else tuple(purpose),
        BASIS: basis,
        RETENTION: retention,
        ORIGIN: origin,
        RECIPIENTS: (recipients,) if isinstance(recipients, str) else tuple(recipients),
    }
    return info | (on_erase or {})


def not_personal(reason: str) -> Info:
    """This column, or every undeclared column of this table, is not about a person; *reason* says why."""
    return {STATE: "not_personal", REASON: reason}


def secret(on_erase: Info | None = None) -> Info:
    """A password hash, token or seed: never exported, always erased.

    Args:
        on_erase: A strategy; default: NULL where the column allows it, else a random filler.
    """
    return {STATE: "secret"} | (on_erase or {})


def third_party(on_erase: Info | None = None) -> Info:
    """This column holds data about somebody else than the row's person: redacted in exports, erased with it.

    Args:
        on_erase: A strategy; default :func:`null`.
    """
    return {THIRD_PARTY: True} | (on_erase or {})


def subject(kind: str, lookup: Sequence[str] = (), born: str = "") -> Info:
    """On a table: each row is a person of *kind*.

    Args:
        kind: A slug, e.g. ``user``; ``--user`` on the command line means this kind.
        lookup: Columns by which a person may be looked up besides the key.
        born: The column that says when the row was made; tells reused keys apart.
    """
    return {SUBJECT: kind, LOOKUP: (lookup,) if isinstance(lookup, str) else tuple(lookup), BORN: born}


def owned_by(kind: str | None = None) -> Info:
    """On a foreign key: this row belongs to the person, or to the person's row, it points at.

    Args:
        kind: The kind of person it belongs to; None: any.
    """
    return {ROLE: "owned", KIND: kind}


def shared() -> Info:
    """On a foreign key: the row belongs to several people; it goes when the last of them goes."""
    return {ROLE: "shared"}


def mentions() -> Info:
    """On a foreign key: the row is somebody else's and names the person or a row of theirs."""
    return {ROLE: "mention"}


def stop() -> Info:
    """On a foreign key: nothing follows from it, and it is never changed."""
    return {ROLE: "stop"}


def refers_to(target: str) -> Info:
    """This column points at *target* (``table.column``) without a constraint; combine it with a role."""
    return {REFERS_TO: target}
