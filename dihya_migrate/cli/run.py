"""``flask db upgrade``, ``downgrade``, ``rollback``, ``stamp`` and ``repair``."""

from __future__ import annotations

import click
from flask import g

from ..actions import run as actions
from ..errors import RefusedError
from ..model import Direction, RunResult, Severity
from ..reports.json import finding_document
from ..runtime import current_runtime
from ._options import directory_option, format_option, sql_options, x_arg_option, yes_option
from ._output import emit, say, show_findings
from ._progress import Progress, duration

_lock_timeout = click.option(
    "--lock-timeout", type=float, default=None, help="Seconds to wait for another run (default 300)."
)
_dry_run = click.option("--dry-run", is_flag=True, help="Show what would run, and run nothing.")


@click.command()
@directory_option
@sql_options
@x_arg_option
@_dry_run
@_lock_timeout
@format_option
@click.argument("revision", default="head")
def upgrade(
    directory: str | None,
    sql: bool,
    tag: str | None,
    x_arg: tuple[str, ...],
    dry_run: bool,
    lock_timeout: float | None,
    layout: str,
    revision: str,
) -> None:
    """Upgrade to a later version: validated, alone, atomic where the engine allows, audited.

    Example: flask db upgrade --dry-run
    """
    runtime, folder, x = current_runtime(), directory or g.directory, x_arg
    if sql:
        _print_sql("upgrade", revision, folder, tag, x)
    elif dry_run:
        _rehearse("upgrade", revision, folder, x, layout)
    else:
        with Progress() as progress:
            result = actions.upgrade(
                runtime,
                revision,
                directory=folder,
                x_arg=x,
                tag=tag,
                lock_timeout=lock_timeout,
                on_step=progress.step,
            )
        _show(result, layout)


@click.command()
@directory_option
@sql_options
@x_arg_option
@_dry_run
@_lock_timeout
@yes_option
@format_option
@click.argument("revision", default="-1")
def downgrade(
    directory: str | None,
    sql: bool,
    tag: str | None,
    x_arg: tuple[str, ...],
    dry_run: bool,
    lock_timeout: float | None,
    yes: bool,
    layout: str,
    revision: str,
) -> None:
    """Revert to a previous version.

    Example: flask db downgrade
    """
    del yes  # there is no question yet that it could answer
    runtime, folder, x = current_runtime(), directory or g.directory, x_arg
    if sql:
        _print_sql("downgrade", "head:-1" if revision == "-1" else revision, folder, tag, x)
    elif dry_run:
        _rehearse("downgrade", revision, folder, x, layout)
    else:
        with Progress() as progress:
            result = actions.downgrade(
                runtime,
                revision,
                directory=folder,
                x_arg=x,
                tag=tag,
                lock_timeout=lock_timeout,
                on_step=progress.step,
            )
        _show(result, layout)


@click.command()
@directory_option
@click.option(
    "--runs", type=click.IntRange(min=1), default=1, show_default=True, help="How many runs to undo."
)
@_lock_timeout
@yes_option
@format_option
def rollback(directory: str | None, runs: int, lock_timeout: float | None, yes: bool, layout: str) -> None:
    """Go back to where the last run started.

    Example: flask db rollback --runs 2
    """
    del yes
    with Progress() as progress:
        result = actions.rollback(
            current_runtime(),
            runs,
            directory=directory or g.directory,
            lock_timeout=lock_timeout,
            on_step=progress.step,
        )
    _show(result, layout)


@click.command()
@directory_option
@sql_options
@click.option("--purge", is_flag=True, help="Delete the version in the alembic_version table before stamping")
@_lock_timeout
@format_option
@click.argument("revisions", nargs=-1)
def stamp(
    directory: str | None,
    sql: bool,
    tag: str | None,
    purge: bool,
    lock_timeout: float | None,
    layout: str,
    revisions: tuple[str, ...],
) -> None:
    """'stamp' the revision table with the given revision; don't run any migrations.

    Example: flask db stamp head
    """
    runtime, folder = current_runtime(), directory or g.directory
    target = revisions if len(revisions) > 1 else "".join(revisions) or "head"
    if sql:
        _print_sql("stamp", target, folder, tag, ())
        return
    result = actions.stamp(runtime, target, directory=folder, tag=tag, purge=purge, lock_timeout=lock_timeout)
    _show(result, layout)


@click.command()
@directory_option
@click.option("--accept", is_flag=True, required=True, help="The database was put right by hand.")
@click.option("--reason", required=True, help="Why; it goes into the audit trail.")
@_lock_timeout
@format_option
def repair(directory: str | None, accept: bool, reason: str, lock_timeout: float | None, layout: str) -> None:
    """Let runs go on after a half-applied one was put right by hand.

    Example: flask db repair --accept --reason "dropped the table invoice by hand"
    """
    del accept
    accepted = actions.accept(
        current_runtime(), reason, directory=directory or g.directory, lock_timeout=lock_timeout
    )
    text = "\n".join(f"Accepted: revision {revision} is no longer half applied." for revision in accepted)
    emit({"accepted": list(accepted)}, text, layout)


def _print_sql(
    verb: Direction, revision: str | tuple[str, ...], folder: str | None, tag: str | None, x: tuple[str, ...]
) -> None:
    from ..actions import plan  # loads Alembic, which an upgrade at head does without

    plan.print_sql(current_runtime(), verb, revision, directory=folder, tag=tag, x_arg=x)


def _rehearse(verb: Direction, revision: str, folder: str | None, x: tuple[str, ...], layout: str) -> None:
    """Show what would run; leave with 1 when the run would be refused."""
    from ..actions import plan
    from ._plan import show_plan

    report = plan.plan(current_runtime(), revision, direction=verb, directory=folder, x_arg=x)
    show_plan(report, layout)
    if any(finding.severity is Severity.ERROR for finding in report.findings):
        raise RefusedError("validation would refuse this run", "flask db validate says what to write instead")


def _show(result: RunResult, layout: str) -> None:
    """What was done, how long it took."""
    show_findings(result.findings)
    for note in result.notes:
        say(f"Note: {note}")
    emit(_document(result), _sentence(result), layout)


def _sentence(result: RunResult) -> str:
    heads = ", ".join(sorted({head for heads in result.to_heads.values() for head in heads})) or "base"
    if result.direction == "stamp":
        return f"Stamped {heads}."
    if not result.applied:
        return f"Nothing to do, already at {heads}."
    count = len(result.applied)
    verb = "Upgraded" if result.direction == "upgrade" else "Downgraded"
    return f"{verb} {count} revision{'s' if count > 1 else ''} to {heads} in {duration(result.seconds)}."


def _document(result: RunResult) -> dict[str, object]:
    return {
        "run_id": result.run_id,
        "direction": result.direction,
        "from_heads": {bind: list(heads) for bind, heads in result.from_heads.items()},
        "to_heads": {bind: list(heads) for bind, heads in result.to_heads.items()},
        "applied": [
            {"revision": s.revision, "message": s.message, "seconds": round(s.seconds, 6), "bind": s.bind}
            for s in result.applied
        ],
        "findings": [finding_document(finding) for finding in result.findings],
        "seconds": round(result.seconds, 6),
    }
