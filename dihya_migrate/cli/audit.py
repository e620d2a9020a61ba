"""``flask audit``: read the trail, verify it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from ..runtime import current_runtime
from ._options import format_option
from ._output import emit

if TYPE_CHECKING:
    from ..actions.audit import ListedEvent
    from ..audit.verify import VerifyReport

_FILE = {
    "none": "no file is kept",
    "absent": "there is no file",
    "whole": "the file agrees",
    "behind": "the file is behind; the next command brings it up to date",
}


@click.command("list", epilog="Example: flask audit list --event run.failed --limit 5")
@click.option("--event", metavar="NAME", help="Only events of this name, e.g. run.failed.")
@click.option("--run", metavar="ID", help="Only events of this run; the beginning of its id is enough.")
@click.option("--revision", metavar="REV", help="Only events of this revision; its beginning is enough.")
@click.option("--bind", metavar="NAME", help="Only this database; the default one is ''.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@format_option
def list_command(
    event: str | None, run: str | None, revision: str | None, bind: str | None, limit: int, layout: str
) -> None:
    """Show what happened, newest first."""
    from ..actions.audit import list_events

    found = list_events(current_runtime(), bind, event, run, revision, limit)
    document = {"events": [one.document() for one in found]}
    emit(document, _table(found, _width()), layout)


@click.command("verify", epilog="Example: flask audit verify --format json")
@click.option("--bind", metavar="NAME", help="Only this database; the default one is ''.")
@format_option
@click.pass_context
def verify_command(ctx: click.Context, bind: str | None, layout: str) -> None:
    """Check that no event was changed, removed, inserted or moved.

    Exit code 0 when everything holds, 1 with the first break named, 6 when the trail cannot be read.
    """
    from ..actions.audit import verify

    reports = verify(current_runtime(), bind)
    document = {
        "ok": all(report.ok for report in reports),
        "trails": [_document(report) for report in reports],
    }
    emit(document, "\n".join(_lines(report) for report in reports), layout)
    ctx.exit(0 if document["ok"] else 1)


def _document(report: VerifyReport) -> Mapping[str, object]:
    from dataclasses import asdict

    return {"ok": report.ok, **asdict(report)}


def _lines(report: VerifyReport) -> str:
    name = f"bind {report.bind}: " if report.bind else ""
    if report.chain is None and report.ok:
        return f"{name}no table yet; {_count(report.side_lines)} in the file"
    lines = []
    if report.problems:
        first = report.problems[0]
        lines.append(f"{name}BROKEN: {first}")
        lines += [f"  also: {problem}" for problem in report.problems[1:]]
        lines.append(f"  {_count(report.events)} before the first break hold")
    else:
        lines.append(f"{name}{_count(report.events)} hold; {_FILE[report.file]}")
    lines.append(f"  end of the chain: {report.head_position} {report.head_link}")
    lines.append(f"  {_seal(report)}")
    if report.late:
        lines.append(
            f"  {_count(report.late)} linked late: left by a crash, or written before there was a table"
        )
    if report.unlinked:
        lines.append(f"  {_count(report.unlinked)} not linked yet; the next command does it")
    return "\n".join(lines)


def _seal(report: VerifyReport) -> str:
    if report.keyed == report.events and report.events:
        return f"sealed with key {report.key_id}"
    what = "the chain is" if not report.keyed else f"the first {_count(report.events - report.keyed)} are"
    return f"{what} NOT KEYED: set DIHYA_AUDIT_KEY, else whoever can write table and file can forge both"


def _count(number: int) -> str:
    return f"{number} event" + ("" if number == 1 else "s")


def _width() -> int | None:
    """Of the terminal; None: the output goes into a file or a pipe, which takes whole lines."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _table(found: Sequence[ListedEvent], width: int | None) -> str:
    """One line an event, cut to *width*; the last column takes what is left."""
    if not found:
        return "no events"
    rows = [("#", "time (UTC)", "event", "revision", "what"), *(_row(one) for one in found)]
    sizes = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = (
        "  ".join([*(cell.ljust(size) for cell, size in zip(row, sizes, strict=False)), row[4]])
        for row in rows
    )
    return "\n".join(_printable(line)[:width].rstrip() for line in lines)


def _printable(line: str) -> str:
    """*line* without what a terminal obeys: whoever can write the table could have put it there."""
    return line if line.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in line)


def _row(one: ListedEvent) -> tuple[str, str, str, str, str]:
    told = one.event.document
    number = "-" if one.event.position is None else str(one.event.position)
    when = str(told.get("time", ""))[:19].replace("T", " ")
    return number, when, str(told.get("event", "")), str(told.get("revision", ""))[:12], _what(one)


def _what(one: ListedEvent) -> str:
    told = one.event.document
    parts = [str(told[key]) for key in ("outcome", "direction", "reason") if told.get(key)]
    if "from_heads" in told or "to_heads" in told:
        parts.append(f"{_heads(told.get('from_heads'))} -> {_heads(told.get('to_heads'))}")
    if isinstance(error := told.get("error"), dict):
        parts.append(" ".join(str(value) for value in error.values()))
    if isinstance(codes := told.get("codes"), list):
        parts.append(" ".join(map(str, codes)))
    if isinstance(counts := told.get("counts"), dict):
        parts.append(_counts(counts))
    parts += [f"{key} {str(told[key])[:8]}" for key in ("run_id", "subject") if told.get(key)]
    parts += [f"bind {one.bind}"] * bool(one.bind) + [f"{told.get('actor', '')}@{told.get('host', '')}"]
    return ", ".join(parts)


def _counts(counts: dict[str, int]) -> str:
    """Revisions of a run, or rows of a privacy act by table."""
    if counts.keys() == {"revisions"}:
        return f"{counts['revisions']} revision(s)"
    return f"{sum(counts.values())} rows in {len(counts)} tables"


def _heads(heads: object) -> str:
    return "+".join(str(head)[:12] for head in heads) or "base" if isinstance(heads, list) else "?"
