"""Where the databases stand, if they answer."""

from __future__ import annotations

from collections.abc import Mapping

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from ..errors import DihyaError
from .ports import Look
from .site import Site, look


def glance(site: Site) -> Mapping[str, Look] | None:
    """As :func:`look`; None when a database cannot be reached, or ``env.py`` cannot be run."""
    try:
        return look(site)
    except (SQLAlchemyError, OSError, DihyaError, CommandError):
        return None
