"""The activity log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dihya_migrate.gdpr import mentions, not_personal, null, owned_by, personal, stop

from ..columns import UtcDateTime, utc_now
from ..extensions import Model


class Activity(Model):
    """One thing somebody did.

    The row stays when its person goes, because the others in the project need to know what happened to it;
    who did it, whom it was about and from which network are removed. No free text: an action is one of a
    closed list, its object is a key.
    """

    __tablename__ = "activity_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(
        UtcDateTime,
        default=utc_now,
        index=True,
        info=not_personal("a moment says nothing about a person once nobody is named"),
    )
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=owned_by())
    action: Mapped[str] = mapped_column(String(40), info=not_personal("a word of a closed list"))
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), index=True, info=stop()
    )
    about_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True, info=mentions())
    """Whom it was done to, such as the person who was made a member."""
    ip_prefix: Mapped[str | None] = mapped_column(
        String(45),
        info=personal(
            "network.address", purpose="security", retention="P1Y", origin="observed", on_erase=null()
        ),
    )
    """The first 24 bits of an IPv4 address, the first 48 of an IPv6 one: the full address is never stored."""
