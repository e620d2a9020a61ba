"""What the journal tells of past runs: where the last one started, what is half applied."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from ..errors import NotFoundError, RefusedError
from . import journal as journals
from .journal import RunRecord
from .ports import Look
from .runner import reachable
from .site import Site


def runs(site: Site, bind: str, *states: str, limit: int | None = None) -> tuple[RunRecord, ...]:
    """Past runs on *bind*, newest first; none when the journal does not exist yet."""
    database = site.database(bind)
    with database.server.side_engine(database.engine) as side, side.connect() as connection:
        if not site.journal.installed(connection):
            return ()
        return site.journal.runs(connection, *states, limit=limit)


def start_of_last(site: Site, looks: Mapping[str, Look], count: int) -> str:
    """The revision where the last *count* runs started.

    A run counts when it led to where the database is; then the one that led to its start, and so on.

    Raises:
        NotFoundError: The journal knows no such run.
        RefusedError: The databases, or the heads of one, would have to go to different revisions.
    """
    starts = {bind: _start(site, bind, looks[bind].heads, count) for bind in reachable(looks)}
    different = set(starts.values())
    if len(different) != 1 or len(next(iter(different))) > 1:
        raise RefusedError(
            "the last run started from more than one revision",
            "flask db downgrade REVISION goes to one of them",
        )
    return next(iter(different.pop()), "base")


def _start(site: Site, bind: str, heads: tuple[str, ...], count: int) -> tuple[str, ...]:
    upgrades = [r for r in runs(site, bind, journals.DONE) if r.direction == "upgrade"]
    for _ in range(count):
        last = next((r for r in upgrades if set(r.to_heads) == set(heads)), None)
        if last is None:
            raise NotFoundError(
                "the journal knows no run that led to where the database is",
                "flask db downgrade REVISION goes to a revision by its id",
            )
        upgrades = upgrades[upgrades.index(last) + 1 :]
        heads = last.from_heads
    return heads


def accept(site: Site, looks: Mapping[str, Look]) -> tuple[tuple[str, RunRecord], ...]:
    """Close what is half applied, under the lock, as put right by hand.

    Raises:
        NotFoundError: Nothing is half applied.
    """
    accepted: list[tuple[str, RunRecord]] = []
    with ExitStack() as locks:
        for bind in sorted(reachable(looks)):
            database = site.database(bind)
            locks.enter_context(database.lock(site.lock_timeout))
            half = [r for r in runs(site, bind, journals.RUNNING, journals.HALF_APPLIED) if r.revision]
            with database.server.side_engine(database.engine) as side, side.begin() as connection:
                for record in half:
                    site.journal.close(
                        connection, record.id, journals.ACCEPTED, site.now(), landed=record.landed
                    )
            accepted += [(bind, record) for record in half]
    if not accepted:
        raise NotFoundError("nothing is half applied")
    return tuple(accepted)
