"""Flask-Migrate with validated, locked, atomic and audited runs, and answers to data subject requests.

Importing it loads nothing of Alembic: Flask-Migrate's functions and names are found when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__
from .errors import DihyaError
from .extension import Migrate

if TYPE_CHECKING:
    from flask_migrate import Config, alembic_version, catch_errors, log

    from .compat import (
        branches,
        check,
        current,
        downgrade,
        edit,
        heads,
        history,
        init,
        list_templates,
        merge,
        migrate,
        revision,
        show,
        stamp,
        upgrade,
    )
    from .revisions.irreversible import irreversible

__all__ = [
    "Config",
    "DihyaError",
    "Migrate",
    "alembic_version",
    "branches",
    "catch_errors",
    "check",
    "current",
    "downgrade",
    "edit",
    "heads",
    "history",
    "init",
    "irreversible",
    "list_templates",
    "log",
    "merge",
    "migrate",
    "revision",
    "show",
    "stamp",
    "upgrade",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "irreversible":
        source = f"{__name__}.revisions.irreversible"
    elif name in ("Config", "alembic_version", "catch_errors", "log"):
        source = "flask_migrate"
    else:
        source = f"{__name__}.compat"
    return getattr(import_module(source), name)
