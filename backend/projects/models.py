"""A project, who works in it, and who was asked to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dihya_migrate.gdpr import (
    const,
    delete_row,
    mentions,
    not_personal,
    null,
    owned_by,
    personal,
    refers_to,
    stop,
)

from ..columns import UtcDateTime, utc_now
from ..extensions import Model
from ..users.models import User

ROLES = ("owner", "maintainer", "member")


class Project(Model):
    """A project outlives its owner when others work in it: the row stays, without them and their words.

    Name and description are free text of the owner's, so they count as personal and go; the members keep the
    project, its plugins and each other, and give it a new name.
    """

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=owned_by())
    template_id: Mapped[int | None] = mapped_column(
        ForeignKey("project_templates.id", ondelete="SET NULL"),
        index=True,
        info=stop(),
    )
    name: Mapped[str] = mapped_column(
        String(120),
        info=personal("content.text", purpose="collaboration", on_erase=const("Untitled project")),
    )
    description: Mapped[str | None] = mapped_column(
        Text, info=personal("content.text", purpose="collaboration", on_erase=null())
    )
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, info=not_personal("age of the project, not of a person")
    )

    members: Mapped[list[Member]] = relationship(back_populates="project", cascade="all, delete-orphan")


class Member(Model):
    """One person's place in one project."""

    __tablename__ = "project_members"
    __table_args__ = ({"info": delete_row()},)

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, info=stop()
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, index=True, info=owned_by()
    )
    role: Mapped[str] = mapped_column(String(20), info=personal("professional.role", purpose="collaboration"))
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=mentions())
    joined_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, info=personal("activity.time", purpose="collaboration")
    )

    project: Mapped[Project] = relationship(back_populates="members")
    user: Mapped[User] = relationship(foreign_keys=[user_id])


class Invitation(Model):
    """An address that was asked into a project; answered or not, it goes after 90 days."""

    __tablename__ = "project_invitations"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), info=stop())
    email: Mapped[str] = mapped_column(
        String(254),
        info=personal("contact.email", purpose="collaboration", retention="P90D", origin="third_party")
        | refers_to("users.email")
        | owned_by()
        | delete_row(),
    )
    """The invitation belongs to whoever has this address, should they have an account."""
    role: Mapped[str] = mapped_column(String(20), info=not_personal("what the project offers"))
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=mentions())
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, info=personal("activity.time", purpose="collaboration")
    )

    __table_args__ = (UniqueConstraint("project_id", "email"),)
