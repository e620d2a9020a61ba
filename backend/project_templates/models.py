"""Templates for projects: a title, a summary and the plugins to begin with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dihya_migrate.gdpr import not_personal, owned_by, stop

from ..columns import UtcDateTime, utc_now
from ..extensions import Base, Model
from ..plugins.models import Plugin

template_plugins = Table(
    "template_plugins",
    Base.metadata,
    Column(
        "template_id", ForeignKey("project_templates.id", ondelete="CASCADE"), primary_key=True, info=stop()
    ),
    Column("plugin_id", ForeignKey("plugins.id"), primary_key=True, index=True, info=stop()),
)


class ProjectTemplate(Model):
    """A template. It is published work: it stays when its author leaves, without their name."""

    __tablename__ = "project_templates"
    __table_args__ = ({"info": not_personal("published in the catalogue for everybody to use")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(String(300))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=owned_by())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    plugins: Mapped[list[Plugin]] = relationship(secondary=template_plugins)
