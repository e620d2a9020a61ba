"""Looking ahead: what would run, as operations and SQL, and where everything stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..engines import server_of
from ..model import DatabaseStatus, Direction, PlannedRevision, PlanReport, RunFacts, Status
from ..revisions import commands, past, planning
from ..revisions import journal as journals
from ..revisions.ports import Look, Plan
from ..revisions.runner import reachable
from ..revisions.site import Request, Site, look
from ..revisions.watch import headline
from ..runtime import Runtime
from ..sealing import canonical, link
from ._boundary import alone
from ._gate import RunGate
from ._site import site_of
from ._types import XArg, folder_of


def plan(
    runtime: Runtime,
    revision: str = "head",
    *,
    direction: Direction = "upgrade",
    directory: str | Path | None = None,
    x_arg: XArg = None,
) -> PlanReport:
    """What a run to *revision* would do from where the databases stand; nothing is written.

    Raises:
        NotFoundError: No such revision.
        RefusedError: It cannot be reached, or the history is broken.
    """
    with alone(runtime):
        site = site_of(runtime, directory, x_arg)
        looks = look(site)
        gate = RunGate(runtime, site, direction, folder_of(runtime, directory))
        gate.history(looks)
        planned = planning.plan(site.script, Request(direction, revision), looks)
        findings = gate.remarks(planned)
        revisions = tuple(
            _planned(gate, site, bind, id_) for bind, ids in planned.revisions.items() for id_ in ids
        )
    return PlanReport(
        direction=direction,
        heads={bind: seen.heads for bind, seen in looks.items()},
        revisions=revisions,
        findings=findings,
        sha256=_hash(planned, {id_: script.revision.sha256 for id_, script in gate.scripts.items()}),
    )


def _planned(gate: RunGate, site: Site, bind: str, id_: str) -> PlannedRevision:
    script = site.script.get_revision(id_)
    return PlannedRevision(
        id=id_,
        message=headline(script.doc),
        bind=bind,
        operations=gate.operations(id_, bind),
        sql=gate.sql(id_, bind),
    )


def _hash(plan: Plan, sha256: dict[str, str]) -> str:
    body = {
        "direction": plan.direction,
        "heads": {bind: list(seen.heads) for bind, seen in plan.looks.items()},
        "revisions": {
            bind: [[id_, sha256.get(id_, "")] for id_ in ids] for bind, ids in plan.revisions.items()
        },
    }
    return link("", canonical(body), None)


def print_sql(
    runtime: Runtime,
    verb: Direction,
    revision: str | Sequence[str],
    *,
    directory: str | Path | None = None,
    tag: str | None = None,
    x_arg: XArg = None,
) -> None:
    """Print the SQL of *verb* without touching a database, as Alembic renders it."""
    with alone(runtime):
        commands.offline(site_of(runtime, directory, x_arg), verb, revision, tag)


def status(runtime: Runtime, *, directory: str | Path | None = None) -> Status:
    """Where the scripts and every database of the folder stand; nothing is written."""
    with alone(runtime):
        site = site_of(runtime, directory)
        looks = look(site)
        return Status(
            script_heads=tuple(sorted(site.script.get_heads())),
            databases=tuple(_status(site, looks[bind]) for bind in reachable(looks)),
        )


def _status(site: Site, seen: Look) -> DatabaseStatus:
    known = {script.revision for script in site.script.walk_revisions()}
    unknown = tuple(head for head in seen.heads if head not in known)
    pending = (
        () if unknown else planning.plan(site.script, Request("upgrade", "heads"), {seen.bind: seen}).pending
    )
    engine = site.engines[seen.bind]
    last = past.runs(site, seen.bind, limit=1)
    half = [r for r in past.runs(site, seen.bind, journals.RUNNING, journals.HALF_APPLIED) if r.revision]
    return DatabaseStatus(
        bind=seen.bind,
        dialect=server_of(engine).name,
        heads=seen.heads,
        pending=pending,
        unknown=unknown,
        last_run=_facts(last[0]) if last else None,
        half_applied=_facts(half[0]) if half else None,
    )


def _facts(record: journals.RunRecord) -> RunFacts:
    return RunFacts(
        id=record.id,
        direction=record.direction,
        state=record.state,
        started_at=record.started_at,
        finished_at=record.finished_at,
        host=record.host,
        revision=record.revision,
        landed=record.landed,
    )
