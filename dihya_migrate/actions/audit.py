"""Read the audit trail and verify it, over all databases of an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..audit.query import StoredEvent
    from ..audit.verify import VerifyReport
    from ..runtime import Runtime

DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """One stored event and the database it lies in."""

    bind: str
    event: StoredEvent

    def document(self) -> Mapping[str, object]:
        """For ``--format json``."""
        return {
            "bind": self.bind,
            "position": self.event.position,
            "late": self.event.late,
            "event": self.event.document,
        }


def list_events(
    runtime: Runtime,
    bind: str | None = None,
    event: str | None = None,
    run: str | None = None,
    revision: str | None = None,
    limit: int | None = DEFAULT_LIMIT,
) -> tuple[ListedEvent, ...]:
    """The newest events that fit, newest first; of several databases merged by time.

    Args:
        runtime: Of the application.
        bind: Only this database; None: all of them.
        event: The exact name of an event.
        run: The beginning of a run's id.
        revision: The beginning of a revision's id.
        limit: How many at most; None: all.

    Raises:
        UsageError: There is no such event, or *limit* is below 1.
        ConfigurationError: There is no such bind.
        TrailError: A trail cannot be read.
    """
    from ..audit.events import EVENTS

    if event is not None and event not in EVENTS:
        raise UsageError("there is no event of that name", "known are " + ", ".join(sorted(EVENTS)))
    if limit is not None and limit < 1:
        raise UsageError("the limit is below 1")
    found = [
        [
            ListedEvent(name, stored)
            for stored in runtime.trail(name).events(event=event, run=run, revision=revision, limit=limit)
        ]
        for name in _binds(runtime, bind)
    ]
    newest_first = merge(*found, key=lambda e: str(e.event.document.get("time", "")), reverse=True)
    return tuple(islice(newest_first, limit))


def verify(runtime: Runtime, bind: str | None = None) -> tuple[VerifyReport, ...]:
    """Verify the trail of every database, the default one first, or only of *bind*; reads only.

    Raises:
        ConfigurationError: There is no such bind.
        TrailError: A trail cannot be read.
    """
    return tuple(runtime.trail(name).verify() for name in _binds(runtime, bind))


def _binds(runtime: Runtime, bind: str | None) -> list[str]:
    """The binds to look at; of several that lead to one database the first."""
    if bind is not None:
        return [bind]
    by_url = {runtime.engine(name).url: name for name in reversed(runtime.binds)}
    return sorted(by_url.values())
