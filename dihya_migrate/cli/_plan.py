"""How a plan is shown."""

from __future__ import annotations

from ..model import PlanReport
from ..reports.json import finding_document
from ._output import emit, show_findings


def show_plan(report: PlanReport, layout: str, *, sql: bool = False) -> None:
    """Print *report*: what would run, in order."""
    show_findings(report.findings if layout == "text" else ())
    emit(_document(report), _text(report, sql=sql), layout)


def _text(report: PlanReport, *, sql: bool) -> str:
    now = ", ".join(sorted({head for heads in report.heads.values() for head in heads})) or "base"
    if not report.revisions:
        return f"Nothing would run; the database is at {now}."
    lines = [f"From {now}, {len(report.revisions)} revision(s) would run:"]
    for revision in report.revisions:
        where = f" ({revision.bind})" if revision.bind else ""
        lines.append(
            f"  {revision.id}{where}  {revision.message.splitlines()[0] if revision.message else ''}"
        )
        lines += [f"      {line}" for line in (revision.sql if sql else revision.operations)]
    lines.append(f"Plan {report.sha256[:12]}; nothing was run.")
    return "\n".join(lines)


def _document(report: PlanReport) -> dict[str, object]:
    return {
        "direction": report.direction,
        "heads": {bind: list(heads) for bind, heads in report.heads.items()},
        "revisions": [
            {
                "id": r.id,
                "message": r.message,
                "bind": r.bind,
                "operations": list(r.operations),
                "sql": list(r.sql),
            }
            for r in report.revisions
        ],
        "findings": [finding_document(finding) for finding in report.findings],
        "sha256": report.sha256,
    }
