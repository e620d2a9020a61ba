"""The catalogue of templates, and publishing to it."""

from __future__ import annotations

import re

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ..extensions import db
from ..http import Text, read, refuse
from ..logs.recorder import record
from ..plugins.models import Installation, Plugin
from ..projects.access import MANAGERS, project_for
from ..users.access import signed_in
from .models import ProjectTemplate

blueprint = Blueprint("project_templates", __name__)
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def shown(template: ProjectTemplate) -> dict[str, object]:
    """What everybody sees of a template."""
    return {
        "slug": template.slug,
        "title": template.title,
        "summary": template.summary,
        "plugins": sorted(plugin.slug for plugin in template.plugins),
    }


@blueprint.get("/templates")
def list_templates() -> ResponseReturnValue:
    """The catalogue; it needs no account."""
    catalogue = select(ProjectTemplate).order_by(ProjectTemplate.slug)
    return jsonify(templates=[shown(template) for template in db.session.scalars(catalogue)])


@blueprint.post("/projects/<key:project_id>/template")
def publish(project_id: int) -> ResponseReturnValue:
    """Publish a project's set of plugins as a template; nothing else of the project goes out."""
    user = signed_in()
    project = project_for(user, project_id, roles=MANAGERS)
    given = read({"slug": Text(60), "title": Text(120), "summary": Text(300)})
    if not SLUG.fullmatch(given["slug"]):
        refuse(400, "some fields are wrong", fields={"slug": "must be lower-case words joined by hyphens"})
    installed = select(Plugin).join(Installation).where(Installation.project_id == project.id)
    template = ProjectTemplate(**given, author_id=user.id, plugins=list(db.session.scalars(installed)))
    db.session.add(template)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        refuse(409, "there is a template with this slug")
    record("template.published", user, project_id=project.id)
    db.session.commit()
    return jsonify(shown(template)), 201
