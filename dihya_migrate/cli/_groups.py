"""The command groups, built anew for each application; commands load when they are called."""

from __future__ import annotations

import click
from flask import g
from flask.cli import with_appcontext

from ._group import LazyGroup

_DB = {
    "list-templates": "folder:list_templates",
    "init": "folder:init",
    "revision": "revise:revision",
    "migrate": "revise:migrate",
    "edit": "revise:edit",
    "merge": "revise:merge",
    "upgrade": "run:upgrade",
    "downgrade": "run:downgrade",
    "rollback": "run:rollback",
    "stamp": "run:stamp",
    "repair": "run:repair",
    "show": "inspect:show",
    "history": "inspect:history",
    "heads": "inspect:heads",
    "branches": "inspect:branches",
    "current": "inspect:current",
    "check": "inspect:check",
    "status": "inspect:status",
    "plan": "inspect:plan",
    "validate": "validate:validate_command",
}
_GDPR = {
    "map": "gdpr:map_command",
    "check": "gdpr:check_command",
    "export": "gdpr:export_command",
    "erase": "gdpr:erase_command",
    "verify": "gdpr:verify_command",
}
_AUDIT = {"list": "audit:list_command", "verify": "audit:verify_command"}


@with_appcontext
def _in_context() -> None:
    """Open the application context for all commands of the group."""


def db_group() -> LazyGroup:
    """``flask db``."""

    @with_appcontext
    def callback(directory: str | None, x_arg: tuple[str, ...]) -> None:
        g.directory = directory
        g.x_arg = x_arg  # get_config() adds what a command got itself

    return LazyGroup(
        "db",
        lazy=_DB,
        callback=callback,
        help="Perform database migrations.",
        params=[
            click.Option(
                ["-d", "--directory"],
                default=None,
                help='Migration script directory (default is "migrations")',
            ),
            click.Option(
                ["-x", "--x-arg"],
                multiple=True,
                help="Additional arguments consumed by custom env.py scripts",
            ),
        ],
    )


def gdpr_group() -> LazyGroup:
    """``flask gdpr``."""
    return LazyGroup(
        "gdpr", lazy=_GDPR, callback=_in_context, help="Answer for the personal data in the database."
    )


def audit_group() -> LazyGroup:
    """``flask audit``."""
    return LazyGroup("audit", lazy=_AUDIT, callback=_in_context, help="Read and verify the audit trail.")
