"""``flask db validate``."""

from __future__ import annotations

import click
from flask import g

from ..actions import validate as actions
from ..actions._types import folder_of
from ..reports import json as json_report
from ..reports import text as text_report
from ..runtime import current_runtime
from ._options import directory_option, format_option
from ._output import emit


@click.command("validate")
@directory_option
@click.argument("revisions", nargs=-1)
@click.option("--offline", is_flag=True, help="Look at the scripts only; ask the databases nothing.")
@click.option(
    "--select", multiple=True, metavar="CODE", help="Only this check; a code, a name, or DM2 for a family."
)
@click.option("--ignore", multiple=True, metavar="CODE", help="All checks but this one.")
@click.option("--explain", metavar="CODE", default=None, help="Explain a check and leave; 'all' lists them.")
@format_option
@click.pass_context
def validate_command(
    ctx: click.Context,
    directory: str | None,
    revisions: tuple[str, ...],
    offline: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    explain: str | None,
    layout: str,
) -> None:
    """Look for steps that lose data, cannot be undone, or break the history.

    REVISIONS is "pending" (where the database answers), "all" (where it does not), or ids.
    Leaves with 1 when something would stop a run.

    Example: flask db validate --offline --select DM2
    """
    if explain is not None:
        text = actions.explain(explain)
        emit({"explanation": text}, text, layout)
        return
    runtime, folder = current_runtime(), directory or g.directory
    wanted = revisions[0] if len(revisions) == 1 else revisions or ""
    report = actions.validate(
        runtime, wanted, directory=folder, offline=offline, select=select, ignore=ignore
    )
    shown = actions.excerpts(report.findings, folder_of(runtime, folder))
    emit(json_report.document(report), text_report.render(report, shown), layout)
    ctx.exit(1 if report.errors else 0)
