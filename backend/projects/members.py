"""Members of a project, and invitations to it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ..extensions import db
from ..http import Text, read, refuse
from ..logs.recorder import record
from ..users.access import signed_in
from ..users.routes import EMAIL, normal_email, user_by_email
from .access import MANAGERS, project_for
from .models import Invitation, Member

blueprint = Blueprint("members", __name__)
ROLE = Text(20, choices=("maintainer", "member"))


@blueprint.get("/projects/<key:project_id>/members")
def list_members(project_id: int) -> ResponseReturnValue:
    """Who works in the project; addresses stay private."""
    project = project_for(signed_in(), project_id)
    places = db.session.scalars(
        select(Member).where(Member.project_id == project.id).order_by(Member.user_id)
    )
    return jsonify(
        members=[
            {"user_id": place.user_id, "display_name": place.user.display_name, "role": place.role}
            for place in places
        ]
    )


@blueprint.delete("/projects/<key:project_id>/members/<key:user_id>")
def remove_member(project_id: int, user_id: int) -> ResponseReturnValue:
    """Leave a project, or remove somebody else from it; the owner stays."""
    user = signed_in()
    project = project_for(user, project_id, roles=() if user_id == user.id else MANAGERS)
    place = db.session.get(Member, (project.id, user_id))
    if place is None:
        refuse(404, "no such member")
    if place.role == "owner":
        refuse(409, "the owner cannot leave the project")
    record("member.removed", user, project_id=project.id, about=place.user)
    db.session.delete(place)
    db.session.commit()
    return "", 204


@blueprint.post("/projects/<key:project_id>/invitations")
def invite(project_id: int) -> ResponseReturnValue:
    """Ask an address into the project; the answer does not tell whether it has an account."""
    user = signed_in()
    project = project_for(user, project_id, roles=MANAGERS)
    given = read({"email": EMAIL, "role": ROLE})
    email = normal_email(given["email"])
    invited = user_by_email(email)
    if invited and db.session.get(Member, (project.id, invited.id)):
        refuse(409, "this person is a member already")
    invitation = Invitation(project_id=project.id, email=email, role=given["role"], invited_by_id=user.id)
    db.session.add(invitation)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        refuse(409, "this address was invited already")
    record("member.invited", user, project_id=project.id, about=invited)
    db.session.commit()
    return jsonify(id=invitation.id, project_id=project.id, role=invitation.role), 201


@blueprint.post("/invitations/<key:invitation_id>/accept")
def accept(invitation_id: int) -> ResponseReturnValue:
    """Become a member; the invitation has done its work and is deleted."""
    user = signed_in()
    invitation = db.session.get(Invitation, invitation_id)
    # Somebody else's invitation looks like none, so that numbers cannot be tried out.
    if invitation is None or invitation.email != user.email:
        refuse(404, "no such invitation")
    project_id, role = invitation.project_id, invitation.role
    db.session.add(
        Member(project_id=project_id, user_id=user.id, role=role, invited_by_id=invitation.invited_by_id)
    )
    db.session.delete(invitation)
    record("member.joined", user, project_id=project_id)
    db.session.commit()
    return jsonify(project_id=project_id, role=role), 201
