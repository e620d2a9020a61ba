"""Commands that look and change nothing."""

from __future__ import annotations

import click
from flask import g

from ..actions import inspect as actions
from ..actions import plan as plans
from ..errors import RefusedError
from ..model import DatabaseStatus, Status
from ..runtime import current_runtime
from ._options import directory_option, format_option, x_arg_option
from ._output import emit, say
from ._plan import show_plan
from ._progress import Progress

_verbose = click.option("-v", "--verbose", is_flag=True, help="Use more verbose output")


@click.command()
@directory_option
@click.argument("revision", default="head")
def show(directory: str | None, revision: str) -> None:
    """Show the revision denoted by the given symbol.

    Example: flask db show head
    """
    actions.alembic(current_runtime(), "show", revision, directory=directory or g.directory)


@click.command()
@directory_option
@click.option("-r", "--rev-range", default=None, help="Specify a revision range; format is [start]:[end]")
@_verbose
@click.option("-i", "--indicate-current", is_flag=True, help="Indicate current version")
def history(directory: str | None, rev_range: str | None, verbose: bool, indicate_current: bool) -> None:
    """List changeset scripts in chronological order.

    Example: flask db history --indicate-current
    """
    actions.alembic(
        current_runtime(),
        "history",
        rev_range,
        directory=directory or g.directory,
        verbose=verbose,
        indicate_current=indicate_current,
    )


@click.command()
@directory_option
@_verbose
@click.option("--resolve-dependencies", is_flag=True, help="Treat dependency versions as down revisions")
def heads(directory: str | None, verbose: bool, resolve_dependencies: bool) -> None:
    """Show current available heads in the script directory.

    Example: flask db heads --verbose
    """
    actions.alembic(
        current_runtime(),
        "heads",
        directory=directory or g.directory,
        verbose=verbose,
        resolve_dependencies=resolve_dependencies,
    )


@click.command()
@directory_option
@_verbose
def branches(directory: str | None, verbose: bool) -> None:
    """Show current branch points.

    Example: flask db branches --verbose
    """
    actions.alembic(current_runtime(), "branches", directory=directory or g.directory, verbose=verbose)


@click.command()
@directory_option
@_verbose
@click.option("--check-heads", is_flag=True, help="Fail unless the database is at all heads.")
def current(directory: str | None, verbose: bool, check_heads: bool) -> None:
    """Display the current revision for each database.

    Example: flask db current --check-heads
    """
    actions.current(
        current_runtime(), directory=directory or g.directory, verbose=verbose, check_heads=check_heads
    )


@click.command()
@directory_option
@format_option
def check(directory: str | None, layout: str) -> None:
    """Check if there are any new operations to migrate.

    Example: flask db check
    """
    with Progress():
        changes = actions.pending_changes(current_runtime(), directory=directory or g.directory)
    text = "No new upgrade operations detected."
    if not changes:
        emit({"changes": []}, text, layout)
        return
    if layout == "json":
        emit({"changes": list(changes)}, "", layout)
    for change in changes:
        say(f"  {change}")
    raise RefusedError(
        f"the models differ from the database in {len(changes)} place(s)",
        "flask db migrate writes a revision",
    )


@click.command()
@directory_option
@format_option
def status(directory: str | None, layout: str) -> None:
    """Where the scripts and every database stand, the last run, and what is half applied.

    Example: flask db status --format json
    """
    found = plans.status(current_runtime(), directory=directory or g.directory)
    emit(_status_document(found), _status_text(found), layout)


@click.command()
@directory_option
@x_arg_option
@click.option("--sql", is_flag=True, help="Show SQL instead of operations.")
@format_option
@click.argument("revision", default="head")
def plan(directory: str | None, x_arg: tuple[str, ...], sql: bool, layout: str, revision: str) -> None:
    """What would run from the live revision: operations, SQL, findings. Runs nothing.

    Example: flask db plan --sql
    """
    report = plans.plan(current_runtime(), revision, directory=directory or g.directory, x_arg=x_arg)
    show_plan(report, layout, sql=sql)


def _status_text(status: Status) -> str:
    lines = [f"Scripts are at {', '.join(status.script_heads) or 'base'}."]
    for database in status.databases:
        lines += _database_lines(database)
    return "\n".join(lines)


def _database_lines(database: DatabaseStatus) -> list[str]:
    name = f"Database {database.bind}" if database.bind else "Database"
    lines = [f"{name} ({database.dialect}) is at {', '.join(database.heads) or 'base'}."]
    if database.unknown:
        lines.append("  It is ahead of this build, or not its own: no script has that revision.")
    elif database.pending:
        lines.append(f"  {len(database.pending)} revision(s) are pending; flask db upgrade applies them.")
    else:
        lines.append("  Nothing is pending.")
    if database.half_applied is not None:
        half = database.half_applied
        landed = "; ".join(half.landed) or "not known"
        lines.append(f"  HALF APPLIED: revision {half.revision}; landed: {landed}.")
    if database.last_run is not None:
        run = database.last_run
        lines.append(f"  Last run: {run.direction}, {run.state}, {run.started_at[:19]}Z, {run.host}.")
    return lines


def _status_document(status: Status) -> dict[str, object]:
    return {
        "script_heads": list(status.script_heads),
        "databases": [
            {
                "bind": d.bind,
                "dialect": d.dialect,
                "heads": list(d.heads),
                "pending": list(d.pending),
                "unknown": list(d.unknown),
                "half_applied": d.half_applied
                and {"revision": d.half_applied.revision, "landed": d.half_applied.landed},
                "last_run": d.last_run
                and {
                    "id": d.last_run.id,
                    "direction": d.last_run.direction,
                    "state": d.last_run.state,
                    "started_at": d.last_run.started_at,
                    "host": d.last_run.host,
                },
            }
            for d in status.databases
        ],
    }
