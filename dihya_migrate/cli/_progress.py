"""One calm line a step on stderr, and Alembic's own words where they matter."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

import click

from ..model import AppliedStep


def duration(seconds: float) -> str:
    """``12 ms``, ``3.4 s`` or ``2 min 5 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


class Progress:
    """Print each step when it is done; keep Alembic's autogenerate lines, drop its noise."""

    def __init__(self) -> None:
        self._loggers = [logging.getLogger(name) for name in ("alembic", "dihya_migrate.lock")]
        self._handler = logging.StreamHandler(sys.stderr)
        self._handler.setFormatter(logging.Formatter("%(levelname)-5.5s [%(name)s] %(message)s"))
        self._handler.addFilter(_wanted)
        self._before = [(logger.level, logger.propagate) for logger in self._loggers]

    def __enter__(self) -> Progress:
        for logger in self._loggers:
            logger.addHandler(self._handler)
            logger.setLevel(logging.INFO)
            logger.propagate = False
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for logger, (level, propagate) in zip(self._loggers, self._before, strict=True):
            logger.removeHandler(self._handler)
            logger.setLevel(level)
            logger.propagate = propagate

    def step(self, step: AppliedStep) -> None:
        """One revision is done."""
        sign = {"upgrade": "+", "downgrade": "-"}.get(step.direction, " ")
        where = f" ({step.bind})" if step.bind else ""
        click.echo(f"  {sign} {step.revision}{where}  {step.message}  {duration(step.seconds)}", err=True)


def _wanted(record: logging.LogRecord) -> bool:
    """Not the two lines about the context at each start, nor plugins being set up."""
    return not record.name.startswith(("alembic.runtime", "alembic.plugins")) or record.levelno > logging.INFO
