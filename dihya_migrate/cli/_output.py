"""Data goes to stdout, words about the run to stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click


def emit(document: Mapping[str, object], text: str, layout: str) -> None:
    """Print one result: *text* for people, or *document* as one JSON document."""
    click.echo(json.dumps(document, ensure_ascii=False) if layout == "json" else text)


def say(text: str) -> None:
    """A word about the run, on stderr."""
    click.echo(text, err=True)
