"""Everything about a person, streamed in one of four formats; the manifest says what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import sqlalchemy as sa

from ..errors import NotFoundError
from .case import Case
from .discover import Discovery
from .formats import Format, Table, write
from .graph import touched
from .records import ColumnRule
from .rows import Reader
from .tokens import REDACTED


@dataclass(frozen=True)
class Exported:
    """What an export held; counts only."""

    counts: Mapping[str, int]
    """Rows by table."""
    redacted: Mapping[str, int]
    withheld: tuple[str, ...]
    """Secret columns, as ``table.column``."""
    people: int
    """Other people, who have tokens."""


def export(
    connection: sa.Connection,
    case: Case,
    stream: BinaryIO,
    fmt: Format,
    *,
    now: datetime,
    controller: str = "",
    revision: str = "",
) -> Exported:
    """Write everything about one person to *stream*.

    Args:
        connection: One that reads an unchanging state.
        case: The person.
        stream: Takes the bytes; a pipe will do.
        fmt: The file's format.
        now: In UTC.
        controller: Who answers for the data.
        revision: The database's Alembic revision.

    Raises:
        NotFoundError: There is no such person, or only what an erasure left.
    """
    reader = open_reader(connection, case)
    state: dict[str, Exported] = {}

    def finish(members: list[dict[str, object]]) -> Mapping[str, object]:
        done = _summary(reader, members)
        state["done"] = done
        return _manifest(case, done, members, fmt, now=now, controller=controller, revision=revision)

    write(stream, fmt, _tables(reader), _schema(case), finish)
    return state["done"]


def open_reader(connection: sa.Connection, case: Case) -> Reader:
    """Find the person's rows for reading.

    Raises:
        NotFoundError: There is no such person, or only what an erasure left.
    """
    live = case.live(connection, erasing=False)
    if not case.present(connection):
        raise NotFoundError("there is no such person", "check the identifier and the kind")
    if case.subject and case.marks.find(connection, case.subject) and case.survey(connection, live).clean:
        raise NotFoundError("this person has been erased", "nothing personal is left to export")
    discovery = Discovery(connection, case.part, case.tables, case.kind, through_shared=True, pointers=False)
    return Reader(connection, case, discovery.run(case.person, present=True))


def _tables(reader: Reader) -> Iterator[Table]:
    for name in reader.tables():
        yield name, reader.columns(name), reader.records(name)


def _summary(reader: Reader, members: list[dict[str, object]]) -> Exported:
    counts = {str(m["table"]): int(str(m["rows"])) for m in members if "table" in m}
    part, kind = reader.case.part, reader.case.kind
    withheld = tuple(
        column.full_name
        for name in touched(part, kind)
        for column in part.tables[name].columns
        if column.state == "secret"
    )
    return Exported(counts, dict(sorted(reader.redacted.items())), withheld, reader.tokens.people)


def _manifest(
    case: Case,
    done: Exported,
    members: list[dict[str, object]],
    fmt: Format,
    *,
    now: datetime,
    controller: str,
    revision: str,
) -> Mapping[str, object]:
    columns = [c for name in touched(case.part, case.kind) for c in case.part.tables[name].columns]
    told = {c.full_name: _told(c) for c in columns if c.state == "personal"}
    gaps = [
        f"{name}: no {what}"
        for name, about in told.items()
        for what in ("basis", "retention")
        if not about[what]
    ]
    return {
        "format": "dihya-export",
        "version": 1,
        "file": fmt,
        "created_at": now.isoformat(timespec="seconds"),
        "controller": controller,
        "subject": {"kind": case.kind, "key": dict(zip(case.home.key, map(str, case.person), strict=True))},
        "complete": True,
        "database_revision": revision,
        "map_sha256": case.data_map.sha256,
        "rows": dict(done.counts),
        "members": members,
        "columns": told,
        "withheld": list(done.withheld),
        "redacted": dict(done.redacted),
        "redaction_mark": REDACTED,
        "other_people": done.people,
        "formula_guard": "'" if fmt == "csv" else "",
        "gaps": ([] if controller else ["no controller: set DIHYA_CONTROLLER"]) + gaps,
    }


def _told(column: ColumnRule) -> dict[str, object]:
    """What Article 15(1) wants to be told of one column."""
    kept = column.strategy if column.strategy and column.strategy.do == "keep" else None
    return {
        "category": column.category or "third party",
        "purposes": list(column.purposes),
        "basis": column.basis,
        "retention": column.retention,
        "origin": column.origin,
        "recipients": list(column.recipients),
        "kept": f"{kept.reason}, until {kept.until}" if kept else "",
    }


_JSON_TYPES = {"boolean": "boolean", "integer": ["integer", "string"], "json": True}


def _schema(case: Case) -> Mapping[str, object]:
    """A JSON Schema of one row's ``data``, a table each."""
    tables = {}
    for name in touched(case.part, case.kind):
        properties = {}
        for column in case.part.tables[name].columns:
            if column.state == "secret":
                continue
            kind = _JSON_TYPES.get(
                column.family, ["string", "number"] if column.family == "numeric" else "string"
            )
            listed = kind if isinstance(kind, list) else [kind]
            about: dict[str, object] = {"x-sql-type": column.type, "x-state": column.state}
            if kind is not True:
                about["type"] = sorted({*map(str, listed), "null", "string"})
            if column.family == "binary":
                about["contentEncoding"] = "base64"
            properties[column.name] = about
        tables[name] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": tables}
