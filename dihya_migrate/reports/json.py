"""A validation as one document for machines."""

from __future__ import annotations

from ..model import Finding, Report, Severity

SCHEMA = "dihya.validate/1"
"""Rises when a field changes its meaning or goes; new fields do not raise it."""


def document(report: Report) -> dict[str, object]:
    """*report* as plain data."""
    return {
        "schema": SCHEMA,
        "ok": not report.errors,
        "revisions": report.revisions,
        "counts": {
            severity.value: sum(finding.severity is severity for finding in report.findings)
            for severity in Severity
        },
        "findings": [finding_document(finding) for finding in report.findings],
    }


def finding_document(finding: Finding) -> dict[str, object]:
    """One finding as plain data; what is not known is null."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy or None,
        "revision": finding.revision,
        "path": finding.path or None,
        "line": finding.line,
        "operation": finding.operation or None,
        "table": finding.table,
    }
