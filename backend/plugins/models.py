"""The catalogue of plugins, and which project uses which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dihya_migrate.gdpr import mentions, not_personal, stop

from ..columns import UtcDateTime, utc_now
from ..extensions import Model


class Plugin(Model):
    """An extension of a project that anybody may install."""

    __tablename__ = "plugins"
    __table_args__ = ({"info": not_personal("catalogue entry, published by an organisation")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(String(300))
    version: Mapped[str] = mapped_column(String(30))
    publisher: Mapped[str] = mapped_column(String(120))
    """An organisation; persons publish under the name of one."""
    published: Mapped[bool] = mapped_column(default=True)


class Installation(Model):
    """A plugin in a project. The fact is the project's; only who did it is about a person."""

    __tablename__ = "plugin_installations"

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, info=stop()
    )
    plugin_id: Mapped[int] = mapped_column(
        ForeignKey("plugins.id"), primary_key=True, index=True, info=stop()
    )
    installed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=mentions())
    installed_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, info=not_personal("state of the project")
    )

    plugin: Mapped[Plugin] = relationship()
