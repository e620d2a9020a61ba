"""Where databases and scripts stand, as far as they tell."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from ..errors import DihyaError, RefusedError
from .graph import History
from .ports import Look
from .scripts import UncertainScripts, history_of
from .site import Site, look


def glance(site: Site) -> Mapping[str, Look] | None:
    """As :func:`look`; None when a database cannot be reached, or ``env.py`` cannot be run."""
    try:
        return look(site)
    except (SQLAlchemyError, OSError, DihyaError, CommandError):
        return None


def read_by_running(site: Site, root: Path, doubt: UncertainScripts | None) -> History:
    """The graph as Alembic finds it by running every script's top level.

    Args:
        site: The application.
        root: The migrations folder.
        doubt: Why they were not simply read.

    Raises:
        RefusedError: Alembic cannot read them either.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Alembic would warn of are findings to us
        try:
            return history_of(reversed(list(site.script.walk_revisions())), root)
        except Exception as error:  # noqa: BLE001 - the top level of a script may raise anything
            where = doubt.path if doubt is not None else "the migrations folder"
            raise RefusedError(
                f"{where} cannot be read ({type(error).__name__})",
                "correct the script; flask db history shows more",
            ) from None
