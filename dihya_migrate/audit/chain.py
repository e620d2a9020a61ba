"""One chain of sealed records: making links, and telling where and how a chain was broken.

A link seals the one before it, the chain's name, the record's position, its lateness and its text, so that no
record can change, go, come or move without a link that no longer holds. Pure: no database, no files.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from ..sealing import GENESIS, key_id, link

LOOKAHEAD = 10_000
"""Records read beyond a break to tell a removal from a reordering."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event before it is linked."""

    id: str
    body: str
    """Canonical JSON."""
    late: bool = False
    """Another command wrote it than the one that links it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event with its seal, as the table or a line of the file holds it."""

    chain: str
    """Empty: a side line of the file, written when there was no table to go to."""
    position: int | None
    """From 1; None: not linked yet, or a side line."""
    prev: str
    link: str
    key_id: str
    body: str
    """Canonical JSON of the event."""
    late: bool = False
    event_id: str = field(default="", compare=False)
    """As the table's own column tells it; empty in the file."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain."""

    chain: str
    position: int = 0
    link: str = GENESIS


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a verification found.

    ``kind`` is ``edited``, ``removed``, ``inserted``, ``reordered``, ``cut``, ``differs``, ``unreadable``,
    ``wrong-key`` or ``unkeyed``.
    """

    kind: str
    where: str
    """``table`` or ``file``."""
    position: int
    """Of the first event concerned; in the file's side lines, the number of the line."""
    explanation: str = ""

    def __str__(self) -> str:
        return f"{self.where}, event {self.position}: {self.kind}" + (
            f" ({self.explanation})" if self.explanation else ""
        )


@dataclass
class End:
    """How far a verification came; filled while it runs."""

    head: Head
    events: int = 0
    keyed: int = 0
    late: int = 0


def seal(
    prev: str, chain: str, position: int | None, body: str, key: bytes | None, *, late: bool = False
) -> str:
    """The link of one record behind *prev*."""
    place = "side" if position is None else f"{position}{' late' if late else ''}"
    return link(prev, f"{chain or '-'} {place}\n{body}".encode(), key)


def birth_seal(body: str, key: bytes | None) -> str:
    """What a row carries until it is linked, so that a row put in by another hand is not linked with ours."""
    return link("unlinked", body.encode(), key)


def holds(record: Record, key: bytes | None, prev: str | None = None, position: int | None = None) -> bool:
    """Does the link of *record* hold, behind *prev* and at *position* (default: its own)?"""
    if record.event_id and f'"id":"{record.event_id}"' not in record.body:
        return False
    behind = record.prev if prev is None else prev
    place = record.position if position is None else position
    want = seal(behind, record.chain, place, record.body, key, late=record.late)
    return hmac.compare_digest(want, record.link)


def continue_chain(head: Head, entries: Iterable[Entry], key: bytes | None) -> list[Record]:
    """Link *entries* behind *head*, in their order."""
    name, prev, records = key_id(key), head.link, []
    for position, entry in enumerate(entries, head.position + 1):
        new = seal(prev, head.chain, position, entry.body, key, late=entry.late)
        records.append(Record(head.chain, position, prev, new, name, entry.body, entry.late, entry.id))
        prev = new
    return records


def walk(records: Iterable[Record], end: End, key: bytes | None, where: str) -> Problem | None:
    """Follow a chain from ``end.head`` on; the first problem, or None. *end* says how far it holds."""
    ours = key_id(key)
    iterator = iter(records)
    for record in iterator:
        if record.key_id not in (ours, "none"):
            name = record.key_id
            return Problem(
                "wrong-key", where, record.position or 0, f"sealed with key {name}, which is not ours"
            )
        if not _follows(record, end.head, None if record.key_id == "none" else key):
            return _diagnose(record, list(islice(iterator, LOOKAHEAD)), end.head, key, where)
        if record.key_id == "none" and end.keyed:  # a chain may begin without a key, never go back to none
            return Problem(
                "unkeyed", where, record.position or 0, "an event without a key behind events with one"
            )
        end.head = Head(record.chain, end.head.position + 1, record.link)
        end.events += 1
        end.late += record.late
        end.keyed += record.key_id != "none"
    return None


def _follows(record: Record, head: Head, key: bytes | None) -> bool:
    return (
        record.position == head.position + 1
        and record.prev == head.link
        and record.chain == head.chain
        and holds(record, key)
    )


def _diagnose(record: Record, later: list[Record], head: Head, key: bytes | None, where: str) -> Problem:
    """Name the break at *record*, which does not follow *head*."""
    expected = head.position + 1
    heir = next((r for r in later if r.prev == head.link and r.link != record.link), None)

    def genuine(candidate: Record, position: int | None = None) -> bool:
        sealed_with = None if candidate.key_id == "none" else key
        return holds(candidate, sealed_with, position=position)

    kind = _kind(record, heir, expected, genuine)
    explanation = ""
    if kind == "removed":
        last = (record.position or 0) - 1
        explanation = (
            "one event is missing" if last <= expected else f"events {expected} to {last} are missing"
        )
    return Problem(kind, where, expected, explanation)


def _kind(record: Record, heir: Record | None, expected: int, genuine: Callable[..., bool]) -> str:
    position = record.position or 0
    if genuine(record):
        if position < expected:
            return "inserted"  # a copy of an earlier event
        return "reordered" if heir else "removed"
    if heir is None:
        return "edited"
    if genuine(record, heir.position) and genuine(heir, expected):
        return "reordered"
    return "inserted"
