"""A run from lock to verdict: lock, look, recover, validate, carry out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from ..errors import HalfAppliedError
from ..model import RunResult
from . import journal as journals
from . import planning
from .execution import Execution
from .journal import RunRecord
from .ports import Gate, Look, Observer
from .site import Request, Site, look


def run(site: Site, request: Request, gate: Gate, observer: Observer) -> RunResult:
    """Carry out *request* alone among all processes.

    Raises:
        LockTimeoutError: Another run kept the lock.
        ValidationRefusedError: The gate said no; nothing was touched.
        HalfAppliedError: This run, or an earlier one, is half applied.
        MigrationError: A step failed; its transaction was rolled back.
    """
    looks = look(site)
    if _at_rest(site, request, looks):
        return _nothing_done(request, looks)
    with ExitStack() as locks:
        for bind in sorted(reachable(looks)):
            locks.enter_context(site.database(bind).lock(site.lock_timeout))
        looks = look(site)  # again, now that nobody else moves
        recover(site, looks, observer)
        gate.history(looks)
        plan = planning.plan(site.script, request, looks)
        if not plan.pending and request.direction != "stamp":
            return _nothing_done(request, looks)
        return Execution(site, request, plan, gate(plan), observer).carry_out()


def _nothing_done(request: Request, looks: Mapping[str, Look]) -> RunResult:
    heads = {bind: look.heads for bind, look in looks.items()}
    return RunResult(direction=request.direction, from_heads=heads, to_heads=heads)


def _at_rest(site: Site, request: Request, looks: Mapping[str, Look]) -> bool:
    """Is there nothing to upgrade and no open run? Then nobody needs the lock."""
    if request.direction != "upgrade":
        return False
    try:
        pending = planning.plan(site.script, request, looks).pending
    except Exception:  # noqa: BLE001 - a broken history or a wrong target; under the lock it is told properly
        return False
    return not pending and not any(_open_runs(site, bind) for bind in reachable(looks))


def reachable(looks: Mapping[str, Look]) -> tuple[str, ...]:
    """The binds whose database holds our tables too."""
    return tuple(bind for bind, look in looks.items() if look.ours)


def recover(site: Site, looks: Mapping[str, Look], observer: Observer) -> None:
    """Under the lock an open run has no owner any more: find out what it left.

    Raises:
        HalfAppliedError: Something is half applied, now or since an earlier run.
    """
    for bind in reachable(looks):
        for record in _without_owner(site, bind):
            if record.state == journals.RUNNING:
                observer.recovered(bind, record)
            if record.revision:
                raise half_applied(record, bind)


def _open_runs(site: Site, bind: str) -> tuple[RunRecord, ...]:
    database = site.database(bind)
    with database.server.side_engine(database.engine) as side, side.connect() as connection:
        if not site.journal.installed(connection):
            return ()
        return site.journal.runs(connection, journals.RUNNING, journals.HALF_APPLIED)


def _without_owner(site: Site, bind: str) -> tuple[RunRecord, ...]:
    """Open runs of *bind*, closed in the journal as what they turned out to be."""
    database = site.database(bind)
    with database.server.side_engine(database.engine) as side, side.begin() as connection:
        if not site.journal.installed(connection):
            return ()
        found = site.journal.runs(connection, journals.RUNNING, journals.HALF_APPLIED)
        for record in found:
            if record.state == journals.RUNNING:
                state = journals.HALF_APPLIED if record.revision else journals.INTERRUPTED
                site.journal.close(connection, record.id, state, site.now(), revision=record.revision)
    return found


def half_applied(record: RunRecord, bind: str) -> HalfAppliedError:
    """The refusal in front of a half-applied database."""
    where = f" on bind {bind!r}" if bind else ""
    landed = "; ".join(record.landed) or "not known, its process was killed"
    return HalfAppliedError(
        f"revision {record.revision} is half applied{where} since {record.started_at[:19]}Z"
        f" (landed: {landed})",
        "undo what landed by hand, or finish the revision by hand; then say so: "
        'flask db repair --accept --reason "..." (and flask db stamp REVISION, if you finished it)',
        landed=record.landed,
    )
