"""Reading the activity log."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select

from ..extensions import db
from ..http import refuse
from ..projects.access import MANAGERS, project_for
from ..users.access import signed_in
from .models import Activity

blueprint = Blueprint("logs", __name__)
PAGE = 50
KEY_DIGITS = 18
"""As many digits as fit any engine's integers."""


def shown(entry: Activity, *, with_network: bool) -> dict[str, object]:
    """One entry; the network is shown to nobody but the person themselves."""
    document: dict[str, object] = {
        "id": entry.id,
        "at": entry.occurred_at.isoformat(),
        "action": entry.action,
        "actor_id": entry.actor_id,
        "about_id": entry.about_id,
        "project_id": entry.project_id,
    }
    return {**document, "ip_prefix": entry.ip_prefix} if with_network else document


@blueprint.get("/activity")
def own_activity() -> ResponseReturnValue:
    """What one did oneself, newest first; ``?before=ID`` turns the page."""
    return jsonify(activity=_page(Activity.actor_id == signed_in().id, with_network=True))


@blueprint.get("/projects/<key:project_id>/activity")
def project_activity(project_id: int) -> ResponseReturnValue:
    """What happened in a project, for those who manage it."""
    project = project_for(signed_in(), project_id, roles=MANAGERS)
    return jsonify(activity=_page(Activity.project_id == project.id, with_network=False))


def _page(which: ColumnElement[bool], *, with_network: bool) -> list[dict[str, object]]:
    query = select(Activity).where(which, Activity.id < _before()).order_by(Activity.id.desc()).limit(PAGE)
    return [shown(entry, with_network=with_network) for entry in db.session.scalars(query)]


def _before() -> int:
    text = request.args.get("before", "9" * KEY_DIGITS)
    if not (text.isascii() and text.isdigit() and len(text) <= KEY_DIGITS):
        refuse(400, "'before' must be the id of an entry")
    return int(text)
