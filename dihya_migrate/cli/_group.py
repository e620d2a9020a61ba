"""Groups whose commands are imported when they are called, and the one boundary for errors."""

from __future__ import annotations

import json
from importlib import import_module
from typing import NoReturn

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from .. import failure
from ..errors import DihyaError, FailedError
from ._output import show_findings
from ._quiet import quiet_command


class LazyGroup(AppGroup):
    """A group that knows its commands by ``module:attribute`` and catches our errors once.

    Args:
        lazy: Command name → ``module:attribute``, the module relative to ``dihya_migrate.cli``.
    """

    def __init__(self, *args: object, lazy: dict[str, str] | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, loaded or not."""
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command when it is asked for."""
        if cmd_name in self.lazy and cmd_name not in self.commands:
            module, attribute = self.lazy[cmd_name].split(":")
            self.commands[cmd_name] = getattr(import_module(f".{module}", __package__), attribute)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Print a :class:`DihyaError` on stderr, as JSON too when asked, and leave with its exit code."""
        try:
            with quiet_command():
                return super().invoke(ctx)
        except DihyaError as error:
            _leave(ctx, error)
        except SQLAlchemyError as error:  # its text holds statement, parameters and the driver's words
            _leave(ctx, FailedError(f"the database did not do as asked: {failure.reduce(error)}"))


def _leave(ctx: click.Context, error: DihyaError) -> NoReturn:
    show_findings(getattr(error, "findings", ()))
    for note in error.notes:
        click.echo(f"Note: {note}", err=True)
    if ctx.meta.get("dihya.format") == "json":
        click.echo(json.dumps(error_document(error)))
    click.echo(f"Error: {error}", err=True)
    ctx.exit(error.exit_code)


def error_document(error: DihyaError) -> dict[str, object]:
    """What ``--format json`` prints of an error."""
    from ..reports.json import finding_document

    return {
        "error": {
            "type": type(error).__name__,
            "message": getattr(error, "message", str(error)),
            "next_step": getattr(error, "next_step", ""),
            "exit_code": error.exit_code,
            "findings": [finding_document(finding) for finding in getattr(error, "findings", ())],
        }
    }
