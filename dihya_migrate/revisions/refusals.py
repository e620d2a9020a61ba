"""Alembic's refusals under our exit codes."""

from __future__ import annotations

from alembic.util import CommandError

from ..errors import NotFoundError, RefusedError


def refusal(error: CommandError) -> RefusedError | NotFoundError:
    """Alembic's words, which name revisions and nothing else, under our exit codes."""
    text = str(error).rstrip(".")
    if "Path doesn't exist" in text or "No 'script_location' key" in text:
        return NotFoundError("there is no migrations folder here", "flask db init lays one down")
    if "Can't locate revision" in text:
        return NotFoundError(text, "flask db history lists the revisions")
    if "Multiple head revisions" in text:
        return RefusedError(text, "flask db heads shows them; flask db merge joins them")
    return RefusedError(text)
