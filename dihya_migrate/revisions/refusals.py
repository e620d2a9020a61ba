"""Alembic's refusals under our exit codes."""

from __future__ import annotations

import traceback
from pathlib import Path

from alembic.util import CommandError

from .. import failure
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


def unloadable(error: Exception, folder: Path) -> RefusedError:
    """A script in *folder* that raised when it was imported; where, and what class of error."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(folder)]
    if isinstance(error, SyntaxError):
        place = f"{Path(error.filename or '').name}:{error.lineno}"
    else:
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "one of them"
    told = RefusedError(
        f"the scripts cannot be loaded: {place} raises {failure.reduce(error)}",
        "mend it, or set what it reads while it is imported",
    )
    told.original = error
    return told
