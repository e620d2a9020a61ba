"""``flask gdpr``: the map, what is undecided, and a person's export, erasure and verification."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..errors import UsageError
from ..runtime import current_runtime
from ._options import format_option, report_option, yes_option
from ._output import emit, say

F = TypeVar("F", bound=Callable[..., Any])


def _person_options(command: F) -> F:
    """``--user`` and ``--subject``."""
    subject = click.option(
        "--subject", metavar="KIND:ID", help="A person of any kind, e.g. lead:17, or member:tenant=1,id=2."
    )
    user = click.option("--user", metavar="ID", help="A person of the kind 'user', or of the only kind.")
    return user(subject(command))


@click.command("map", epilog="Example: flask gdpr map --format markdown")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print the map.",
)
@click.pass_context
def map_command(ctx: click.Context, layout: str) -> None:
    """Show what the models say of each column."""
    from ..actions.gdpr import data_map, describe

    ctx.meta["dihya.format"] = layout
    found = data_map(current_runtime())
    emit(found.document(), describe(found, layout), layout)


@click.command("check", epilog="Example: flask gdpr check")
@format_option
@click.pass_context
def check_command(ctx: click.Context, layout: str) -> None:
    """List columns and pointers that nobody has decided, with code to paste.

    Exit code 0 when all are decided, 1 otherwise.
    """
    from ..actions.gdpr import check

    result = check(current_runtime())
    emit(result.document(), result.text(), layout)
    ctx.exit(1 if result.undecided else 0)


@click.command("export", epilog="Example: flask gdpr export --user 42 --output ada.zip")
@_person_options
@click.option(
    "--output", metavar="PATH", help="A new file, or - for stdout. Default: a name made of the time."
)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["zip", "json", "jsonl", "csv"]),
    default="zip",
    show_default=True,
    help="Of the file; csv is a ZIP of one file a table.",
)
@report_option
def export_command(user: str | None, subject: str | None, output: str | None, fmt: str, layout: str) -> None:
    """Write everything about a person to a new, owner-only file.

    Exit code 3 when there is no such person, or they have been erased.
    """
    from ..actions.gdpr import export

    stream = sys.stdout.buffer if output == "-" else None
    result = export(current_runtime(), user=user, subject=subject, output=output, fmt=fmt, stream=stream)
    if output == "-":
        say(result.text())
    else:
        emit(result.document(), result.text(), layout)


@click.command("erase", epilog="Example: flask gdpr erase --user 42 --dry-run")
@_person_options
@click.option("--dry-run", is_flag=True, help="Show the plan and stop; nothing is written anywhere.")
@yes_option
@click.option("--reason", default="", metavar="TEXT", help="Why; goes to the audit trail. Name nobody.")
@click.option("--plan-hash", metavar="HASH", help="Refuse unless the plan still has this hash.")
@format_option
@click.pass_context
def erase_command(
    ctx: click.Context,
    user: str | None,
    subject: str | None,
    dry_run: bool,
    yes: bool,
    reason: str,
    plan_hash: str | None,
    layout: str,
) -> None:
    """Erase a person: in one transaction, looked at again afterwards.

    Exit code 1 when the plan has a conflict, 3 when there never was such a person, 7 when another erasure
    holds them, 9 when something is left.
    """
    from ..actions.gdpr import erase

    runtime = current_runtime()
    if not dry_run and not yes:
        plan_hash = _agreed(user, subject, plan_hash)
    result = erase(runtime, user=user, subject=subject, dry_run=dry_run, plan_hash=plan_hash, reason=reason)
    emit(result.document(), result.text(), layout)
    ctx.exit(1 if dry_run and result.plan.conflicts else 0)


def _agreed(user: str | None, subject: str | None, plan_hash: str | None) -> str:
    """Show the plan and ask; returns the hash of what was agreed to."""
    from ..actions.gdpr import erase

    if not _terminal():
        raise UsageError("an erasure cannot be undone, and there is no terminal to ask", "add --yes")
    shown = erase(current_runtime(), user=user, subject=subject, dry_run=True, plan_hash=plan_hash)
    say(shown.text())
    if shown.outcome != "nothing":
        click.confirm("Erase this person now?", abort=True, err=True)
    return shown.plan.sha256


def _terminal() -> bool:
    """Is there somebody to ask?"""
    return sys.stdin.isatty() and sys.stdout.isatty()


@click.command("verify", epilog="Example: flask gdpr verify --user 42")
@_person_options
@format_option
def verify_command(user: str | None, subject: str | None, layout: str) -> None:
    """See that an erased person is still erased.

    Exit code 0 when nothing is left, 1 when they were never erased, 3 when there never was such a person,
    9 when personal data is there again.
    """
    from ..actions.gdpr import verify

    plan = verify(current_runtime(), user=user, subject=subject)
    document = {"outcome": "clean", "map_sha256": plan.map_sha256, "kept": plan.totals()["kept"]}
    emit(document, "Nothing personal is left of this person", layout)
