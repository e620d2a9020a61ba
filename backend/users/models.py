"""The person with an account: the subject of everything under ``flask gdpr``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dihya_migrate.gdpr import (
    const,
    delete_row,
    not_personal,
    null,
    personal,
    pseudonym,
    secret,
    subject,
    trunc_date,
)

from ..columns import UtcDateTime, utc_now
from ..extensions import Model


class User(Model):
    """An account. Erasure removes the row: nothing in it has to outlive the person.

    Keys are never reused (``sqlite_autoincrement``), so that an erasure repeated after a restored backup
    cannot hit somebody else.
    """

    __tablename__ = "users"
    __table_args__ = (
        {
            "sqlite_autoincrement": True,
            "info": subject("user", lookup=["email"], born="created_at") | delete_row(),
        },
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(
        String(254), unique=True, info=personal("contact.email", purpose="account", on_erase=pseudonym())
    )
    """In lower case, so that one address is one account."""
    password_hash: Mapped[str] = mapped_column(String(255), info=secret())
    given_name: Mapped[str] = mapped_column(
        String(80), info=personal("identity.name", purpose="account", on_erase=const("erased"))
    )
    family_name: Mapped[str] = mapped_column(
        String(80), info=personal("identity.name", purpose="account", on_erase=const("erased"))
    )
    display_name: Mapped[str] = mapped_column(
        String(161), info=personal("identity.name", purpose="collaboration", on_erase=const("erased"))
    )
    """What others in a project see: given and family name until the person chooses something else."""
    theme: Mapped[str] = mapped_column(String(20), default="system", info=not_personal("display preference"))
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime,
        default=utc_now,
        info=personal("activity.time", purpose="account", on_erase=trunc_date("year")),
    )
    last_login_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, info=personal("activity.time", purpose="security", on_erase=null())
    )
