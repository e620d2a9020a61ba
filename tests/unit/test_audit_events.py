"""The catalogue is closed: what is not foreseen cannot get into the trail."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from dihya_migrate.audit.events import EVENTS, FIELDS, AuditEvent, Origin, document, timestamp, uuid7
from dihya_migrate.failure import reduce
from dihya_migrate.sealing import canonical

NOW = datetime(2026, 11, 22, 14, 5, 6, 7, tzinfo=timezone.utc)
ORIGIN = Origin(actor="deploy", host="web-1", pid=7, app="shop", version="0.1.0")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "audit-events.md"


def test_only_what_is_set_is_told() -> None:
    """No nulls, no empty texts; an empty list of heads is an answer, though."""
    told = document(AuditEvent(name="run.started", from_heads=(), duration_ms=0), ORIGIN, NOW)
    assert told.pop("id")
    assert told == {
        "schema": 1,
        "time": "2026-11-22T14:05:06.000007Z",
        "event": "run.started",
        "actor": "deploy",
        "host": "web-1",
        "pid": 7,
        "app": "shop",
        "version": "0.1.0",
        "bind": "",
        "from_heads": [],
        "duration_ms": 0,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "run.stopped"},
        {"name": "step.applied", "detail": {"value": "ada@example.org"}},
        {"name": "run.failed", "error": {"class": "E", "message": "Key (email)=(ada@example.org)"}},
    ],
)
def test_the_unforeseen_is_refused(wrong: dict[str, Any]) -> None:
    """A name, a detail or a part of an error that the schema does not have."""
    with pytest.raises(ValueError, match=r"not an event|has no"):
        AuditEvent(**wrong)


@pytest.mark.parametrize("wrong", [{"duration_ms": 1.5}, {"counts": {"users": 1.0}}, {"outcome": object()}])
def test_a_value_of_another_kind_is_refused(wrong: dict[str, Any]) -> None:
    """Floats above all: they have no canonical spelling."""
    with pytest.raises((TypeError, ValueError)):
        document(AuditEvent(name="run.finished", **wrong), ORIGIN, NOW)


def test_a_document_is_canonical() -> None:
    """A reduced exception fits as it comes, and everything can be sealed."""
    event = AuditEvent(
        name="run.failed",
        error=reduce(ValueError("ada@example.org")).document(),
        counts={"users": 3},
        codes=("DM401",),
    )
    told = document(event, ORIGIN, NOW)
    assert told["error"] == {"class": "ValueError"}
    assert b"example.org" not in canonical(told)
    assert set(told) <= FIELDS


def test_ids_are_uuids_of_version_7_in_order_of_time() -> None:
    """Variant and version are those of RFC 9562; the time is in front."""
    ids = [uuid7(NOW + timedelta(milliseconds=n)) for n in range(50)]
    assert ids == sorted(ids)
    assert {(uuid.UUID(id_).version, uuid.UUID(id_).variant) for id_ in ids} == {(7, uuid.RFC_4122)}
    assert int(ids[0].replace("-", "")[:12], 16) == int(NOW.timestamp() * 1000)


def test_times_are_told_in_utc() -> None:
    """Whatever zone the clock speaks, with six digits always."""
    elsewhere = datetime(2026, 11, 22, 16, 0, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(elsewhere) == "2026-11-22T14:00:00.000000Z"
    assert timestamp(datetime(2026, 11, 22, 14, 0)) == "2026-11-22T14:00:00.000000Z"  # noqa: DTZ001


def test_every_event_field_and_detail_stands_in_the_reference() -> None:
    """The page and the catalogue name the same things."""
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([a-z0-9_.]+)`", page, re.MULTILINE))
    assert named == set(EVENTS) | FIELDS | {key for keys in EVENTS.values() for key in keys}


def test_looking_at_a_trail_does_not_load_structlog() -> None:
    """It is imported with the first event that is written."""
    program = "import sys, dihya_migrate.audit.log; print('structlog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
