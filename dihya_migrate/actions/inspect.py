"""Alembic's looking commands, with our tables hidden and the application's loggers left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import RefusedError
from ..revisions import commands
from ..revisions.site import look
from ..runtime import Runtime
from ._boundary import alone
from ._site import site_of


def alembic(
    runtime: Runtime, name: str, *arguments: Any, directory: str | Path | None = None, **options: Any
) -> Any:
    """Call ``alembic.command.NAME``, which prints its answer on stdout.

    Raises:
        RefusedError: Alembic said no.
    """
    with alone(runtime):
        return commands.call(site_of(runtime, directory), name, *arguments, **options)


def current(
    runtime: Runtime,
    *,
    directory: str | Path | None = None,
    verbose: bool = False,
    check_heads: bool = False,
) -> None:
    """Print where each database stands.

    Raises:
        RefusedError: *check_heads*, and a database is not at all heads.
    """
    with alone(runtime):
        site = site_of(runtime, directory)
        commands.call(site, "current", verbose=verbose)
        if check_heads and any(
            set(seen.heads) != set(site.script.get_heads()) for seen in look(site).values()
        ):
            raise RefusedError("the database is not at all heads", "flask db upgrade")


def pending_changes(runtime: Runtime, *, directory: str | Path | None = None) -> tuple[str, ...]:
    """Differences between models and database, a line each.

    Raises:
        RefusedError: The database is not at head.
    """
    with alone(runtime):
        return commands.pending_changes(site_of(runtime, directory))
