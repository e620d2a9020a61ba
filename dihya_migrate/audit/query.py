"""Find stored events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from .sinks.table import AuditTable


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as the table holds it."""

    position: int | None
    """None: not linked yet."""
    late: bool
    """Another command linked it than the one that wrote it."""
    document: Mapping[str, object]
    """As ``docs/reference/audit-events.md`` describes it."""


def select(
    table: AuditTable, connection: Connection, wanted: Mapping[str, str], limit: int | None
) -> Iterator[StoredEvent]:
    """Events whose fields begin with what is *wanted* (``event``: equal it), newest first."""
    if not table.exists(connection) or limit == 0:
        return
    # bodies are canonical JSON, so a field looks the same in each; most rows need no parsing
    needles = [f'"{key}":{json.dumps(value, ensure_ascii=False)[:-1]}' for key, value in wanted.items()]
    found = 0
    for record in table.newest(connection, ""):
        if not all(needle in record.body for needle in needles):
            continue
        document = _document(record.body)
        if not _fits(document, wanted):
            continue
        yield StoredEvent(record.position, record.late, document)
        found += 1
        if found == limit:
            return


def _fits(document: Mapping[str, object], wanted: Mapping[str, str]) -> bool:
    if "event" in wanted and document.get("event") != wanted["event"]:
        return False
    return all(str(document.get(key, "")).startswith(value) for key, value in wanted.items())


def _document(body: str) -> Mapping[str, object]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"event": "unreadable"}
