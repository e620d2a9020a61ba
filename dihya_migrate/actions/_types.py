"""Names that actions share and that cost nothing to import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..model import AppliedStep
from ..runtime import Runtime

XArg = str | Sequence[str] | None
"""What ``-x`` gave, for ``env.py``."""

OnStep = Callable[[AppliedStep], None]
"""Told of each step, for progress."""


def folder_of(runtime: Runtime, directory: str | Path | None) -> Path:
    """The migrations folder."""
    return Path(directory or runtime.migrate.directory)
