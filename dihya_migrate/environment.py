"""What the ``env.py`` of our template calls: which databases to migrate, and who guards the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.util import CommandError
from flask import current_app
from flask.cli import NoAppException, ScriptInfo

from .errors import DihyaError
from .revisions.seams import DRIVEN
from .runtime import current_runtime

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Engine


@dataclass(frozen=True, slots=True)
class Database:
    """One database to migrate.

    Attributes:
        name: Of the bind; empty for the default one.
        options: Keywords for ``context.configure``.
        arguments: Keywords for ``upgrade()`` and ``downgrade()`` of the scripts.
    """

    name: str
    engine: Engine
    options: dict[str, Any]
    arguments: dict[str, str]


def databases(context: Any) -> Iterator[Database]:
    """The default database, or with ``multidb = true`` in ``alembic.ini`` all of them."""
    state = current_app.extensions["migrate"]
    for name in bind_names(context.config):
        options = {**state.configure_args, "target_metadata": state.db.metadatas[name or None]}
        arguments = {}
        if multiple(context.config):
            options |= {"upgrade_token": f"{name}_upgrades", "downgrade_token": f"{name}_downgrades"}
            arguments = {"engine_name": name}
        yield Database(name, state.db.engines[name or None], options, arguments)


def multiple(config: Config) -> bool:
    """Does *config*'s folder migrate all databases of the application?"""
    return config.get_main_option("multidb", "false").strip().lower() == "true"


def bind_names(config: Config) -> list[str]:
    """Names of the databases that *config*'s folder migrates."""
    if not multiple(config):
        return [""]
    return sorted(name or "" for name in current_app.extensions["migrate"].db.engines)


def guarded(context: Any) -> bool:
    """Is a run of ours executing ``env.py``? If plain ``alembic`` is, do what it was asked for, guarded.

    Returns:
        False when nothing is left to do.

    Raises:
        CommandError: The guarded run failed; Alembic prints its text.
    """
    if context.config.attributes.get(DRIVEN):
        return True
    _enter_application(context.config)
    outer = context._proxy
    asked = outer.context_opts
    verb = {"upgrade": "upgrade", "downgrade": "downgrade", "do_stamp": "stamp"}.get(asked["fn"].__name__)
    if verb is None or context.is_offline_mode():
        return True
    try:
        _take_over(verb, asked, context.config)
    except DihyaError as error:
        raise CommandError(str(error)) from None
    finally:
        outer.__enter__()  # our run has taken Alembic's module proxies down with its own environment
    return False


def _enter_application(config: Config) -> None:
    """Open the context of the application that FLASK_APP or ``alembic.ini`` names, as ``flask`` would.

    Raises:
        CommandError: There is none.
    """
    if current_app:
        return
    name = os.environ.get("FLASK_APP") or config.get_main_option("flask_app")
    try:
        app = ScriptInfo(app_import_path=name or None).load_app()
    except NoAppException:
        raise CommandError(
            "the application cannot be found: set FLASK_APP, or flask_app in alembic.ini"
        ) from None
    app.app_context().push()  # for the rest of this process


def _take_over(verb: str, asked: dict[str, Any], config: Config) -> None:
    from .actions import run
    from .cli._progress import Progress
    from .cli._quiet import quiet_command

    runtime = current_runtime()
    common: dict[str, Any] = {
        "directory": str(Path(config.config_file_name or "alembic.ini").parent),
        "x_arg": list(getattr(config.cmd_opts, "x", None) or []),
        "tag": asked.get("tag"),
    }
    with quiet_command(), Progress() as progress:
        if verb == "stamp":
            run.stamp(runtime, asked["destination_rev"], purge=bool(asked.get("purge")), **common)
        elif verb == "upgrade":
            run.upgrade(runtime, asked["destination_rev"], on_step=progress.step, **common)
        else:
            run.downgrade(runtime, asked["destination_rev"], on_step=progress.step, **common)
