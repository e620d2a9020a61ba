"""Declarations are plain dicts that combine, and the map reads them the same from the ORM and from Core."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from dihya_migrate import gdpr
from dihya_migrate.gdpr import (
    const,
    delete_row,
    keep,
    not_personal,
    null,
    owned_by,
    personal,
    pseudonym,
    secret,
    stop,
    subject,
)
from dihya_migrate.gdpr.mapping import build_map


def test_public_names_are_a_decision() -> None:
    """A name enters or leaves the declarations only together with this test."""
    assert gdpr.__all__ == [
        "const",
        "delete_row",
        "keep",
        "mentions",
        "not_personal",
        "null",
        "opaque",
        "owned_by",
        "personal",
        "pseudonym",
        "reassign",
        "refers_to",
        "refuse",
        "secret",
        "shared",
        "stop",
        "subject",
        "third_party",
        "trunc_date",
    ]


def test_declaring_costs_no_sqlalchemy() -> None:
    """The declarations import nothing but the standard library and themselves."""
    code = (
        "import importlib.util, sys\n"
        "import dihya_migrate.gdpr\n"
        "print([m for m in sys.modules if m.startswith(('sqlalchemy.orm', 'alembic', 'structlog'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "alembic" not in done.stdout
    assert "structlog" not in done.stdout


def test_declarations_combine() -> None:
    """``|`` joins what is said, and what is said last of one thing holds."""
    assert owned_by() | delete_row() == {"dihya.role": "owned", "dihya.kind": None, "dihya.delete": True}
    both = personal("contact", purpose="account", on_erase=null()) | const("x")
    assert both["dihya.on_erase"] == {"do": "const", "value": "x"}
    assert both["dihya.category"] == "contact"
    assert {"mine": 1} | secret() == {"mine": 1, "dihya.state": "secret"}


def test_keep_takes_a_date_in_both_forms() -> None:
    """A date and its text are one."""
    assert keep("law", until=date(2034, 12, 31)) == keep("law", until="2034-12-31")


def test_orm_and_core_give_one_map() -> None:
    """The same declarations on mapped classes and on tables have the same hash."""

    class Base(DeclarativeBase):
        pass

    about = personal("contact", purpose=["account", "news"], on_erase=pseudonym())

    class User(Base):
        __tablename__ = "users"
        __table_args__ = {"info": subject("user", lookup=["mail"]) | delete_row()}  # noqa: RUF012
        id: Mapped[int] = mapped_column(primary_key=True)
        mail: Mapped[str] = mapped_column(sa.String(50), unique=True, info=about)
        theme: Mapped[str | None] = mapped_column(sa.String(9), info=not_personal("looks"))

    class Pet(Base):
        __tablename__ = "pets"
        id: Mapped[int] = mapped_column(primary_key=True)
        owner: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), info=owned_by() | delete_row())

    core = sa.MetaData()
    sa.Table(
        "users",
        core,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mail", sa.String(50), unique=True, nullable=False, info=about),
        sa.Column("theme", sa.String(9), info=not_personal("looks")),
        info=subject("user", lookup="mail") | delete_row(),
    )
    sa.Table(
        "pets",
        core,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.ForeignKey("users.id"), nullable=False, info=owned_by() | delete_row()),
    )
    assert User.__tablename__ == "users"
    assert Pet.__tablename__ == "pets"
    assert build_map({"": Base.metadata}).document() == build_map({"": core}).document()


def test_a_column_is_reached_by_its_name_in_the_database() -> None:
    """An attribute may be called differently."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        __table_args__ = {"info": subject("user")}  # noqa: RUF012
        number: Mapped[int] = mapped_column("id", primary_key=True)
        boss: Mapped[int | None] = mapped_column("boss_id", sa.ForeignKey("users.id"), info=stop())

    part = build_map({"": Base.metadata}).parts[""]
    assert User.__tablename__ == "users"
    assert [edge.name for edge in part.edges] == ["users.boss_id"]
    assert [column.name for column in part.tables["users"].columns] == ["id", "boss_id"]
