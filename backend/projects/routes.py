"""Create, list and change projects."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ..extensions import db
from ..http import Text, read, refuse
from ..logs.recorder import record
from ..plugins.models import Installation
from ..project_templates.models import ProjectTemplate
from ..users.access import signed_in
from ..users.models import User
from .access import MANAGERS, project_for
from .models import Member, Project

blueprint = Blueprint("projects", __name__)
NAME = Text(120)
DESCRIPTION = Text(4000, shortest=0, required=False)


def shown(project: Project) -> dict[str, object]:
    """What a member sees of a project."""
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "owner_id": project.owner_id,
        "template_id": project.template_id,
        "created_at": project.created_at.isoformat(),
    }


@blueprint.post("/projects")
def create_project() -> ResponseReturnValue:
    """Start a project, empty or from a template; whoever does becomes its owner and first member."""
    user = signed_in()
    given = read({"name": NAME, "description": DESCRIPTION, "template": Text(60, required=False)})
    template = _template(given.get("template"))
    project = Project(
        name=given["name"],
        description=given.get("description") or None,
        owner_id=user.id,
        template_id=template.id if template else None,
        members=[Member(user_id=user.id, role="owner")],
    )
    db.session.add(project)
    db.session.flush()
    if template:
        _install(template, project, user)
    record("project.created", user, project_id=project.id)
    db.session.commit()
    return jsonify(shown(project)), 201


def _template(slug: str | None) -> ProjectTemplate | None:
    if slug is None:
        return None
    template = db.session.scalar(select(ProjectTemplate).where(ProjectTemplate.slug == slug))
    if template is None:
        refuse(404, "no such template")
    return template


def _install(template: ProjectTemplate, project: Project, user: User) -> None:
    for plugin in template.plugins:
        db.session.add(Installation(project_id=project.id, plugin_id=plugin.id, installed_by_id=user.id))


@blueprint.get("/projects")
def list_projects() -> ResponseReturnValue:
    """The projects one is a member of, oldest first."""
    user = signed_in()
    mine = select(Project).join(Member).where(Member.user_id == user.id).order_by(Project.id)
    return jsonify(projects=[shown(project) for project in db.session.scalars(mine)])


@blueprint.get("/projects/<key:project_id>")
def show_project(project_id: int) -> ResponseReturnValue:
    """One project."""
    return jsonify(shown(project_for(signed_in(), project_id)))


@blueprint.patch("/projects/<key:project_id>")
def change_project(project_id: int) -> ResponseReturnValue:
    """Change the name or the description."""
    user = signed_in()
    project = project_for(user, project_id, roles=MANAGERS)
    for name, value in read({"name": Text(120, required=False), "description": DESCRIPTION}).items():
        setattr(project, name, value or None)
    record("project.changed", user, project_id=project.id)
    db.session.commit()
    return jsonify(shown(project))
