"""What the trail may say: a closed catalogue of events and the one shape each of them has.

Nothing enters the trail that is not named here; ``docs/reference/audit-events.md`` says why each part is not
personal data. Pure: standard library only.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from types import MappingProxyType

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning; a new optional field does not raise it."""

MAX_TEXT = 500
"""Characters of one text; what is longer is cut, so that an event always fits its column."""
MAX_ITEMS = 200
"""Entries of one list or mapping."""

_RUN = frozenset(
    {"command", "profile", "target", "skipped", "engine", "version_table", "backup", "expected_plan"}
)
_ERASE = frozenset({"mode", "trigger", "physical", "kept", "chunks", "resumed", "strategy", "pending"})
_EXPORT = frozenset({"format", "scope", "encrypted", "file_sha256", "manifest_sha256", "withheld"})

EVENTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "run.started": _RUN,
        "run.finished": _RUN,
        "run.refused": _RUN,
        "run.failed": _RUN | {"rolled_back"},
        "run.half_applied": _RUN | {"landed", "operation"},
        "run.interrupted": _RUN | {"landed", "operation"},
        "run.accepted": _RUN,
        "step.applied": frozenset({"engine", "transaction"}),
        "stamp.applied": frozenset({"target"}),
        "lock.timeout": frozenset({"command", "holder", "waited_ms"}),
        "baseline": frozenset({"command", "target", "origin"}),
        "export.started": _EXPORT,
        "export.finished": _EXPORT,
        "export.failed": _EXPORT,
        "erase.planned": _ERASE,
        "erase.finished": _ERASE,
        "erase.failed": _ERASE,
        "erase.nothing": _ERASE,
        "subject.unknown": frozenset({"command", "kind"}),
        "trail.created": frozenset({"chain", "tables_version"}),
    }
)
"""Every event's name, and the keys its ``detail`` may have."""

ERROR_KEYS = frozenset({"class", "code", "constraint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that happened; what is None or empty is left out of the trail.

    Raises:
        ValueError: The name is not in :data:`EVENTS`, or a key of ``detail`` or ``error`` is not foreseen.
    """

    name: str
    run_id: str | None = None
    direction: str | None = None
    revision: str | None = None
    script_sha256: str | None = None
    from_heads: tuple[str, ...] | None = None
    """None: not told. An empty tuple is told: the database had no revision."""
    to_heads: tuple[str, ...] | None = None
    plan_sha256: str | None = None
    map_sha256: str | None = None
    subject: str | None = None
    """A keyed pseudonym, never the identifier itself."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows by table."""
    duration_ms: int | None = None
    outcome: str | None = None
    """``ok``, ``refused``, ``failed``, ``half-applied`` …"""
    reason: str | None = None
    """A word of a closed vocabulary, or what an operator typed; never data."""
    error: Mapping[str, object] = field(default_factory=dict)
    """``failure.reduce(...).document()``."""
    codes: tuple[str, ...] = ()
    """Codes of findings."""
    detail: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in EVENTS:
            raise ValueError(f"{self.name!r} is not an event of the trail")
        for what, given, allowed in (
            ("detail", self.detail, EVENTS[self.name]),
            ("error", self.error, ERROR_KEYS),
        ):
            if unknown := set(given) - allowed:
                raise ValueError(f"{self.name} has no {what} {', '.join(sorted(unknown))}")

    def fields(self) -> dict[str, object]:
        """What is set, by field name, without the event's own name."""
        told = {name: getattr(self, name) for name in _EVENT_FIELDS}
        heads = ("from_heads", "to_heads")
        return {
            key: value for key, value in told.items() if value or value == 0 or (key in heads and value == ())
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who speaks: the same for all events of one process and database."""

    actor: str
    host: str
    pid: int
    app: str
    version: str
    """Of this package."""
    bind: str = ""
    dialect: str = ""
    server_version: str = ""

    def fields(self) -> dict[str, object]:
        """What is set, by field name; the default bind is named by the empty string."""
        told = {name: getattr(self, name) for name in _ORIGIN_FIELDS}
        return {key: value for key, value in told.items() if value != "" or key == "bind"}


_ORIGIN_FIELDS = tuple(f.name for f in fields(Origin))
_EVENT_FIELDS = tuple(f.name for f in fields(AuditEvent) if f.name != "name")
FIELDS = frozenset({"schema", "id", "time", "event", *_ORIGIN_FIELDS, *_EVENT_FIELDS})
"""Every key an event document may have."""


def document(event: AuditEvent, origin: Origin, now: datetime) -> dict[str, object]:
    """The canonical form of *event*: only known keys, no floats, nothing that is not set.

    Raises:
        TypeError: A value is of a kind its field does not have.
        ValueError: A count is not a whole number.
    """
    told: dict[str, object] = {
        "schema": SCHEMA_VERSION,
        "id": uuid7(now),
        "time": timestamp(now),
        "event": event.name,
        **origin.fields(),
        **event.fields(),
    }
    return {key: _plain(key, value) for key, value in told.items()}


def _plain(key: str, value: object) -> object:
    if type(value) in (str, int):
        return value
    if isinstance(value, tuple | list):
        return [str(item) for item in value]
    if isinstance(value, Mapping):
        return _mapping(key, value)
    raise TypeError(f"the field {key} of an event cannot hold a {type(value).__name__}")


def _mapping(key: str, value: Mapping[str, object]) -> dict[str, object]:
    if key != "counts":
        return {name: str(item) for name, item in value.items() if item not in (None, "")}
    if not all(type(count) is int for count in value.values()):
        raise ValueError("counts maps names of tables to numbers")
    return dict(value)


def timestamp(now: datetime) -> str:
    """RFC 3339 in UTC with microseconds; a time without a zone is taken for UTC."""
    aware = now if now.tzinfo else now.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def uuid7(now: datetime) -> str:
    """A UUID of version 7 (RFC 9562): milliseconds since 1970, then 74 random bits."""
    aware = now if now.tzinfo else now.replace(tzinfo=timezone.utc)
    random = int.from_bytes(os.urandom(10), "big")
    number = (int(aware.timestamp() * 1000) & ((1 << 48) - 1)) << 80 | random
    number = number & ~(0xF << 76) | 0x7 << 76  # the version
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))  # the variant
