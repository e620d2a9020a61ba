"""Findings for people, with the line they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from ..model import Finding, Report, Severity

Place = tuple[str, int]
"""Path and line."""


def render(report: Report, excerpts: Mapping[Place, str] | None = None) -> str:
    """*report* as text; the remedy of each check is told once.

    Args:
        report: What a validation found.
        excerpts: Source lines that may be shown; those that hold a secret or personal data are not here.
    """
    told: set[str] = set()
    parts = []
    for finding in report.findings:
        parts.append(_finding(finding, excerpts or {}, with_remedy=finding.code not in told))
        if finding.remedy:
            told.add(finding.code)
    parts.append(summary(report))
    return "\n".join(parts)


def summary(report: Report) -> str:
    """One line with the counts."""
    scripts = f"{report.revisions} revision{'s' if report.revisions != 1 else ''}"
    counts = [
        f"{count} {severity.value}{'s' if count != 1 and severity is not Severity.INFO else ''}"
        for severity in Severity
        if (count := sum(finding.severity is severity for finding in report.findings))
    ]
    return f"{scripts}: {', '.join(counts) if counts else 'nothing to say'}"


def _finding(finding: Finding, excerpts: Mapping[Place, str], *, with_remedy: bool) -> str:
    place = finding.path or finding.revision or "history"
    if finding.path and finding.line:
        place = f"{finding.path}:{finding.line}"
    lines = [f"{place}: {finding.severity.value} {finding.code} {finding.name}", f"    {finding.message}"]
    shown = excerpts.get((finding.path, finding.line or 0))
    if shown:
        lines.append(f"    {finding.line:>5} | {shown.rstrip()}")
    if with_remedy and finding.remedy:
        lines += ["    instead:", indent(finding.remedy, "        ")]
    return "\n".join(lines) + "\n"
