"""Which steps a request means, from where the databases stand; Alembic's own arithmetic of revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from ..errors import RefusedError
from .ports import Look, Plan
from .refusals import refusal, unloadable
from .site import Request

_ARITHMETIC = {"upgrade": "_upgrade_revs", "downgrade": "_downgrade_revs", "stamp": "_stamp_revs"}


def steps(script: ScriptDirectory, request: Request, heads: Sequence[str]) -> list[Any]:
    """Alembic's steps for *request* from *heads*, in running order.

    Raises:
        NotFoundError: The revision asked for does not exist.
        RefusedError: It cannot be reached from *heads*, or a script cannot be loaded.
    """
    if isinstance(request.target, str) and ":" in request.target:
        raise RefusedError("a range of revisions is only allowed with --sql")
    try:
        # private, yet what alembic.command calls itself; stable since Alembic 0.7 and covered by a test
        found = getattr(script, _ARITHMETIC[request.direction])(request.target, tuple(heads))
        return list(found)
    except CommandError as error:
        raise refusal(error) from None
    except Exception as error:  # noqa: BLE001 - a script is loaded here, and may raise anything
        raise unloadable(error, Path(script.dir).resolve()) from None


def plan(script: ScriptDirectory, request: Request, looks: Mapping[str, Look]) -> Plan:
    """The revisions that *request* would run on each bind."""
    revisions: dict[str, tuple[str, ...]] = {}
    for bind, look in looks.items():
        found = steps(script, request, () if request.purge else look.heads)
        revisions[bind] = () if request.direction == "stamp" else tuple(s.revision.revision for s in found)
    target = request.target if isinstance(request.target, str) else ", ".join(request.target)
    return Plan(request.direction, target, dict(looks), revisions)
