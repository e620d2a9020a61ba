"""Commands that write revision scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from flask import g

from ..actions import inspect
from ..actions import revise as actions
from ..runtime import current_runtime
from ._options import directory_option, x_arg_option
from ._output import say
from ._progress import Progress

F = TypeVar("F", bound=Callable[..., Any])


def _revision_options(command: F) -> F:
    """What ``revision`` and ``migrate`` share."""
    for option in (
        click.option(
            "--rev-id", default=None, help="Specify a hardcoded revision id instead of generating one"
        ),
        click.option(
            "--version-path", default=None, help="Specify specific path from config for version file"
        ),
        click.option("--depends-on", multiple=True, help="Revision ids this one needs to be applied first"),
        click.option(
            "--branch-label", default=None, help="Specify a branch label to apply to the new revision"
        ),
        click.option("--splice", is_flag=True, help='Allow a non-head revision as the "head" to splice onto'),
        click.option(
            "--head",
            default="head",
            help="Specify head revision or <branchname>@head to base new revision on",
        ),
        click.option(
            "--sql", is_flag=True, help="Don't emit SQL to database - dump to standard output instead"
        ),
        click.option("-m", "--message", default=None, help="Revision message"),
    ):
        command = option(command)
    return command


@click.command()
@directory_option
@click.option(
    "--autogenerate",
    is_flag=True,
    help="Populate revision script with candidate migration operations, based on comparison "
    "of database to model",
)
@_revision_options
def revision(directory: str | None, autogenerate: bool, **options: Any) -> None:
    """Create a new revision file.

    Example: flask db revision -m "Add an index"
    """
    _write(directory, (), autogenerate=autogenerate, **options)


@click.command()
@directory_option
@x_arg_option
@_revision_options
def migrate(directory: str | None, x_arg: tuple[str, ...], **options: Any) -> None:
    """Autogenerate a new revision file (Alias for 'revision --autogenerate').

    Example: flask db migrate -m "Add the column theme"
    """
    _write(directory, x_arg, autogenerate=True, **options)


def _write(directory: str | None, x_arg: tuple[str, ...], **options: Any) -> None:
    with Progress():
        written = actions.revision(
            current_runtime(), directory=directory or g.directory, x_arg=x_arg, quiet=True, **options
        )
    for path in written:
        click.echo(f"Wrote {path}. Read it before it runs: flask db validate, flask db plan")
    if not written:
        say("No changes in schema detected; no revision was written.")


@click.command()
@directory_option
@click.argument("revision", default="head")
def edit(directory: str | None, revision: str) -> None:
    """Edit a revision file.

    Example: flask db edit head
    """
    inspect.alembic(current_runtime(), "edit", revision, directory=directory or g.directory)


@click.command()
@directory_option
@click.option("-m", "--message", default=None, help="Merge revision message")
@click.option("--branch-label", default=None, help="Specify a branch label to apply to the new revision")
@click.option("--rev-id", default=None, help="Specify a hardcoded revision id instead of generating one")
@click.argument("revisions", nargs=-1)
def merge(directory: str | None, revisions: tuple[str, ...], **options: Any) -> None:
    """Merge two revisions together, creating a new revision file.

    Example: flask db merge heads -m "Join two branches"
    """
    with Progress():
        written = actions.merge(current_runtime(), revisions, directory=directory or g.directory, **options)
    for path in written:
        click.echo(f"Wrote {path}.")
