"""Data goes to stdout, words about the run to stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..model import Finding  # not at the start of every application


def emit(document: Mapping[str, object], text: str, layout: str) -> None:
    """Print one result: *text* for people, or *document* as one JSON document."""
    click.echo(json.dumps(document, ensure_ascii=False) if layout == "json" else text)


def say(text: str) -> None:
    """A word about the run, on stderr."""
    click.echo(text, err=True)


def show_findings(findings: tuple[Finding, ...]) -> None:
    """What weighs, on stderr; ``flask db validate`` shows the notes and the remedies too."""
    for finding in findings:
        if finding.severity == "info":
            continue
        place = f"{finding.path}:{finding.line}" if finding.line else finding.path
        say(f"  {finding.severity.value} {finding.code} {finding.name}  {place}\n    {finding.message}")
