"""Flask-Migrate's functions: same names, same signatures, the same ``None`` and ``SystemExit``.

The typed results and errors are in :mod:`dihya_migrate.actions`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec

from .errors import DihyaError
from .runtime import current_runtime

P = ParamSpec("P")


def _as_flask_migrate_would(function: Callable[P, object]) -> Callable[P, None]:
    """Log an error of ours and leave the process with its exit code; let what a script raised through."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except DihyaError as error:
            if error.original is None or _is_ours_to_tell(error.original):
                _leave(error)
            _log(error)  # what the caller gets does not say what is left in the database
            raise error.original from None

    return wrapped


def _is_ours_to_tell(original: Exception) -> bool:
    """Flask-Migrate turns Alembic's own refusals into an exit as well; anything else reaches the caller."""
    from alembic.util import CommandError

    return isinstance(original, DihyaError | CommandError)


def _leave(error: DihyaError) -> NoReturn:
    _log(error)
    sys.exit(error.exit_code)


def _log(error: DihyaError) -> None:
    from flask_migrate import log

    log.error("Error: %s", error)


@_as_flask_migrate_would
def list_templates() -> None:
    """List available templates."""
    from .actions.folder import templates

    sys.stdout.write("Available templates:\n\n")
    for name, synopsis in templates().items():
        sys.stdout.write(f"{name} - {synopsis}\n")


@_as_flask_migrate_would
def init(
    directory: str | None = None,
    multidb: bool = False,
    template: str | None = None,
    package: bool = False,
) -> None:
    """Creates a new migration repository."""
    from .actions import folder

    folder.init(current_runtime(), directory=directory, multidb=multidb, template=template, package=package)


@_as_flask_migrate_would
def revision(
    directory: str | None = None,
    message: str | None = None,
    autogenerate: bool = False,
    sql: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: str | None = None,
    version_path: str | None = None,
    rev_id: str | None = None,
) -> None:
    """Create a new revision file."""
    from .actions import revise

    revise.revision(
        current_runtime(),
        directory=directory,
        message=message,
        autogenerate=autogenerate,
        sql=sql,
        head=head,
        splice=splice,
        branch_label=branch_label,
        version_path=version_path,
        rev_id=rev_id,
    )


@_as_flask_migrate_would
def migrate(
    directory: str | None = None,
    message: str | None = None,
    sql: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: str | None = None,
    version_path: str | None = None,
    rev_id: str | None = None,
    x_arg: Any = None,
) -> None:
    """Alias for 'revision --autogenerate'."""
    from .actions import revise

    revise.revision(
        current_runtime(),
        directory=directory,
        message=message,
        autogenerate=True,
        sql=sql,
        head=head,
        splice=splice,
        branch_label=branch_label,
        version_path=version_path,
        rev_id=rev_id,
        x_arg=x_arg,
    )


@_as_flask_migrate_would
def edit(directory: str | None = None, revision: str = "current") -> None:
    """Edit current revision."""
    from .actions import inspect

    inspect.alembic(current_runtime(), "edit", revision, directory=directory)


@_as_flask_migrate_would
def merge(
    directory: str | None = None,
    revisions: Any = "",
    message: str | None = None,
    branch_label: str | None = None,
    rev_id: str | None = None,
) -> None:
    """Merge two revisions together.  Creates a new migration file."""
    from .actions import revise

    revise.merge(
        current_runtime(),
        revisions,
        directory=directory,
        message=message,
        branch_label=branch_label,
        rev_id=rev_id,
    )


@_as_flask_migrate_would
def upgrade(
    directory: str | None = None,
    revision: str = "head",
    sql: bool = False,
    tag: str | None = None,
    x_arg: Any = None,
) -> None:
    """Upgrade to a later version."""
    if sql:
        _print_sql("upgrade", revision, directory, tag, x_arg)
        return
    from .actions import run

    run.upgrade(current_runtime(), revision, directory=directory, tag=tag, x_arg=x_arg)


@_as_flask_migrate_would
def downgrade(
    directory: str | None = None,
    revision: str = "-1",
    sql: bool = False,
    tag: str | None = None,
    x_arg: Any = None,
) -> None:
    """Revert to a previous version."""
    if sql:
        _print_sql("downgrade", "head:-1" if revision == "-1" else revision, directory, tag, x_arg)
        return
    from .actions import run

    run.downgrade(current_runtime(), revision, directory=directory, tag=tag, x_arg=x_arg)


@_as_flask_migrate_would
def show(directory: str | None = None, revision: str = "head") -> None:
    """Show the revision denoted by the given symbol."""
    from .actions import inspect

    inspect.alembic(current_runtime(), "show", revision, directory=directory)


@_as_flask_migrate_would
def history(
    directory: str | None = None,
    rev_range: str | None = None,
    verbose: bool = False,
    indicate_current: bool = False,
) -> None:
    """List changeset scripts in chronological order."""
    from .actions import inspect

    inspect.alembic(
        current_runtime(),
        "history",
        rev_range,
        directory=directory,
        verbose=verbose,
        indicate_current=indicate_current,
    )


@_as_flask_migrate_would
def heads(
    directory: str | None = None,
    verbose: bool = False,
    resolve_dependencies: bool = False,
) -> None:
    """Show current available heads in the script directory."""
    from .actions import inspect

    inspect.alembic(
        current_runtime(),
        "heads",
        directory=directory,
        verbose=verbose,
        resolve_dependencies=resolve_dependencies,
    )


@_as_flask_migrate_would
def branches(directory: str | None = None, verbose: bool = False) -> None:
    """Show current branch points."""
    from .actions import inspect

    inspect.alembic(current_runtime(), "branches", directory=directory, verbose=verbose)


@_as_flask_migrate_would
def current(directory: str | None = None, verbose: bool = False) -> None:
    """Display the current revision for each database."""
    from .actions import inspect

    inspect.current(current_runtime(), directory=directory, verbose=verbose)


@_as_flask_migrate_would
def stamp(
    directory: str | None = None,
    revision: Any = "head",
    sql: bool = False,
    tag: str | None = None,
    purge: bool = False,
) -> None:
    """'stamp' the revision table with the given revision; don't run any migrations."""
    if sql:
        _print_sql("stamp", revision, directory, tag, None)
        return
    from .actions import run

    run.stamp(current_runtime(), revision, directory=directory, tag=tag, purge=purge)


@_as_flask_migrate_would
def check(directory: str | None = None) -> None:
    """Check if there are any new operations to migrate."""
    from .actions import inspect
    from .errors import RefusedError

    changes = inspect.pending_changes(current_runtime(), directory=directory)
    if changes:
        raise RefusedError(f"New upgrade operations detected: {'; '.join(changes)}")


def _print_sql(verb: Any, revision: Any, directory: str | None, tag: str | None, x_arg: Any) -> None:
    from .actions import plan

    plan.print_sql(current_runtime(), verb, revision, directory=directory, tag=tag, x_arg=x_arg)
