"""Who may do what in a project."""

from __future__ import annotations

from ..extensions import db
from ..http import refuse
from ..users.models import User
from .models import Member, Project

MANAGERS = ("owner", "maintainer")


def project_for(user: User, project_id: int, *, roles: tuple[str, ...] = ()) -> Project:
    """The project, if *user* is a member in one of *roles* (none given: any role).

    No such project ends the request with 404, not being a member or having another role with 403.
    """
    project = db.session.get(Project, project_id)
    if project is None:
        refuse(404, "no such project")
    place = db.session.get(Member, (project_id, user.id))
    if place is None:
        refuse(403, "you are not a member of this project")
    if roles and place.role not in roles:
        refuse(403, f"this needs the role {' or '.join(roles)}")
    return project
