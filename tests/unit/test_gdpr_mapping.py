"""The map refuses what cannot work, all of it at once, and names what nobody decided."""

from __future__ import annotations

import enum
import re
from typing import Any

import pytest
import sqlalchemy as sa

from dihya_migrate.errors import MappingError
from dihya_migrate.gdpr import (
    const,
    delete_row,
    keep,
    mentions,
    not_personal,
    null,
    opaque,
    owned_by,
    personal,
    pseudonym,
    reassign,
    refers_to,
    refuse,
    secret,
    shared,
    stop,
    subject,
    third_party,
    trunc_date,
)
from dihya_migrate.gdpr.mapping import build_map
from dihya_migrate.gdpr.records import DataMap


class Colour(enum.Enum):
    """Two members."""

    RED = 1
    BLUE = 2


def about(strategy: dict[str, Any] | None = None) -> dict[str, Any]:
    """A personal column with *strategy*."""
    return personal("contact", purpose="account", on_erase=strategy)


def person(*columns: sa.Column[Any], info: dict[str, Any] | None = None) -> sa.MetaData:
    """A table of people with *columns*."""
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("users", metadata, key, *columns, info=subject("user") if info is None else info)
    return metadata


def child(
    info: dict[str, Any], *, nullable: bool = False, table: dict[str, Any] | None = None
) -> sa.MetaData:
    """People, and a table that points at them."""
    metadata = person()
    sa.Table(
        "pets",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.ForeignKey("users.id"), nullable=nullable, info=info),
        info=table or {},
    )
    return metadata


def told(metadata: sa.MetaData) -> str:
    """The error the map raises."""
    with pytest.raises(MappingError) as caught:
        build_map({"": metadata})
    assert caught.value.exit_code == 1
    return str(caught.value)


UNFIT: list[tuple[Any, dict[str, Any], dict[str, Any], str]] = [
    (sa.String(9), {"nullable": False}, {}, "NOT NULL"),
    (sa.String(9), {"nullable": False}, null(), "NOT NULL"),
    (sa.String(9), {"unique": True}, const("x"), "UNIQUE column fails for the second person"),
    (sa.String(3), {}, const("long"), "4 characters for a column of 3"),
    (sa.String(9), {}, const(1), "not of the column's type"),
    (sa.Integer(), {}, const("1"), "not of the column's type"),
    (sa.Integer(), {}, const(value=True), "not of the column's type"),
    (sa.Date(), {}, const("2020-01-01"), "not of the column's type"),
    (sa.Enum(Colour), {}, const("GREEN"), "not of the column's type"),
    (sa.Enum("a", "b", name="ab"), {}, const("c"), "not of the column's type"),
    (sa.String(9), {}, const(None), r"write null\(\)"),
    (sa.String(9), {}, trunc_date(), "is for dates"),
    (sa.Date(), {}, trunc_date("week"), "knows 'year'"),  # type: ignore[arg-type]
    (sa.String(7), {}, pseudonym(), "needs 8 characters"),
    (sa.String(15), {"unique": True}, pseudonym(), "needs 16 characters"),
    (sa.Integer(), {}, pseudonym(), "makes no INTEGER"),
    (sa.String(7), {"unique": True}, opaque(), "needs 8 characters"),
    (sa.Boolean(), {}, opaque(), "makes no BOOLEAN"),
    (sa.String(9), {}, keep("", until="2034-12-31"), "needs the reason"),
    (sa.String(9), {}, keep("law", until="soon"), "YYYY-MM-DD"),
    (sa.String(9), {}, reassign(1), "is for foreign keys"),
    (sa.String(9), {}, refuse(), "is for foreign keys"),
]


@pytest.mark.parametrize(("type_", "options", "strategy", "why"), UNFIT)
def test_a_strategy_that_cannot_work_is_named(type_: Any, options: Any, strategy: Any, why: str) -> None:
    """At load, with the column and the rule, not when somebody is to be erased."""
    message = told(person(sa.Column("mail", type_, info=about(strategy), **options)))
    assert "users.mail" in message
    assert re.search(why, message), message


FIT: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (sa.String(9), {"nullable": False}, const("x")),
    (sa.Enum(Colour), {"nullable": False}, const(Colour.BLUE)),
    (sa.Enum("a", "b", name="ab"), {}, const("b")),
    (sa.Boolean(), {"nullable": False}, const(value=False)),
    (sa.Integer(), {}, const(0)),
    (sa.String(16), {"unique": True, "nullable": False}, pseudonym()),
    (sa.Text(), {"unique": True, "nullable": False}, opaque()),
    (sa.Uuid(), {"nullable": False}, opaque()),
    (sa.LargeBinary(), {"nullable": False}, opaque()),
    (sa.DateTime(), {"nullable": False}, trunc_date("month")),
    (sa.String(9), {"nullable": False}, keep("law", until="2034-12-31")),
    (sa.JSON(), {"nullable": False}, const({})),
]


@pytest.mark.parametrize(("type_", "options", "strategy"), FIT)
def test_a_strategy_that_works_is_accepted(type_: Any, options: Any, strategy: Any) -> None:
    """The map loads and says so."""
    data_map = build_map({"": person(sa.Column("mail", type_, info=about(strategy), **options))})
    assert not data_map.undecided


WRONG: list[tuple[sa.MetaData, str]] = [
    (person(sa.Column("a", sa.String, info=personal("x", purpose="To ship it"))), "purpose is a slug"),
    (person(sa.Column("a", sa.String, info=personal("x", purpose=[]))), "needs a purpose"),
    (person(sa.Column("a", sa.String, info=personal("A B", purpose="x"))), "category is dotted"),
    (person(sa.Column("a", sa.String, info=not_personal(" "))), "needs a reason"),
    (person(sa.Column("a", sa.String, info=not_personal("x") | null())), "needs personal()"),
    (person(sa.Column("a", sa.String, info=about() | delete_row())), "cannot ask for delete_row()"),
    (person(sa.Column("a", sa.String, info=not_personal("x") | third_party())), "contradicts not_personal()"),
    (person(sa.Column("a", sa.String, info=secret() | third_party())), "contradicts secret()"),
    (person(sa.Column("a", sa.String, info=subject("user"))), "subject() is for a table's"),
    (person(sa.Column("a", sa.String, info=about() | {"dihya.generic_ref": 1})), "not a declaration"),
    (person(sa.Column("a", sa.String, info=about()), info={}), "no table is a person"),
    (person(info=subject("user", lookup=["mail"])), "names a column 'mail'"),
    (person(info=subject("The User")), "is a slug"),
    (person(info=subject("user") | delete_row() | keep("law", "2034-12-31")), "contradict"),
    (person(info=subject("user") | null()), "null() is for columns"),
    (person(info=subject("user") | secret()), "only not_personal()"),
    (child(owned_by("lead")), "names no declared subject"),
    (child(mentions() | delete_row()), "needs owned_by() or shared()"),
    (child(owned_by() | null()), "cannot be NULL"),
    (child(owned_by() | const(1)), "does not go with this role"),
    (child(stop() | null()), "does not go with this role"),
    (child(owned_by() | reassign((1, 2))), "needs a key of 1 value"),
    (child(owned_by() | keep("law", "never")), "YYYY-MM-DD"),
    (child(owned_by() | not_personal("x")), "contradicts not_personal()"),
    (child(owned_by() | stop()), "two roles"),
    (child(owned_by(), table=delete_row() | keep("law", "2034-12-31")), "contradict"),
    (
        person(
            sa.Column("x", sa.Integer, info=stop() | refers_to("users.id")),
            sa.Column("y", sa.String, info=stop() | refers_to("users.id")),
        ),
        "users.y: refers_to() names a column of another type",
    ),
    (person(sa.Column("boss", sa.ForeignKey("users.id"), info=owned_by())), "cannot belong to another one"),
    (person(sa.Column("x", sa.Integer, info=owned_by())), "needs a foreign key"),
    (person(sa.Column("x", sa.Integer, info=refers_to("users.id"))), "needs a role"),
    (person(sa.Column("x", sa.Integer, info=refers_to("gone.id") | stop())), "names no column"),
    (person(sa.Column("x", sa.ForeignKey("gone.id"), info=stop())), "no model declares"),
]


@pytest.mark.parametrize(("metadata", "why"), WRONG, ids=[why for _, why in WRONG])
def test_declarations_that_mean_nothing_are_named(metadata: sa.MetaData, why: str) -> None:
    """Each with the place and the way out."""
    assert why in told(metadata)


def test_all_problems_come_at_once() -> None:
    """Nobody mends one to meet the next."""
    metadata = person(
        sa.Column("a", sa.String, nullable=False, info=about()),
        sa.Column("b", sa.String, unique=True, info=about(const("x"))),
    )
    message = told(metadata)
    assert "users.a" in message
    assert "users.b" in message


def test_two_tables_cannot_be_one_kind() -> None:
    """Also across databases."""
    with pytest.raises(MappingError, match="another table"):
        build_map({"": person(), "other": person()})


def test_a_row_that_goes_needs_no_strategies() -> None:
    """NOT NULL matters only for rows that stay."""
    column = sa.Column("mail", sa.String, nullable=False, info=about())
    assert build_map({"": person(column, info=subject("user") | delete_row())})


def test_a_value_that_others_point_at_cannot_change() -> None:
    """A strategy on a referenced column would leave the children behind."""
    metadata = person(sa.Column("mail", sa.String(50), unique=True, info=about(pseudonym())))
    sa.Table(
        "pets",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mail", sa.ForeignKey("users.mail"), info=owned_by() | delete_row()),
    )
    assert "pets.mail points at it" in told(metadata)


def undecided(data_map: DataMap) -> list[tuple[str, str, str]]:
    """(table, column, what) of all that is open."""
    return [(item.table, item.column, item.what) for item in data_map.undecided]


def test_silence_is_not_an_answer() -> None:
    """Columns, edges into people's tables, whole tables: all are named, with code to paste."""
    metadata = person(sa.Column("nick", sa.String))
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("pets", metadata, key, sa.Column("owner", sa.ForeignKey("users.id")))
    sa.Table("clubs", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
    data_map = build_map({"": metadata})
    assert undecided(data_map) == [
        ("clubs", "", "table"),
        ("pets", "", "table"),
        ("pets", "owner", "edge"),
        ("users", "nick", "column"),
    ]
    assert "personal(" in data_map.undecided[-1].paste


def test_a_whole_table_can_be_answered_for() -> None:
    """not_personal() on the table decides the columns that say nothing themselves."""
    metadata = person()
    sa.Table(
        "clubs",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String),
        info=not_personal("a public list"),
    )
    data_map = build_map({"": metadata})
    assert not data_map.undecided
    assert data_map.parts[""].tables["clubs"].column("name").reason == "a public list"


def test_personal_data_that_nobody_reaches_is_named() -> None:
    """A table of addresses that no edge leads to would survive every erasure."""
    metadata = person()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("letters", metadata, key, sa.Column("mail", sa.String, info=about()))
    assert undecided(build_map({"": metadata})) == [("letters", "", "unreached")]


def test_own_tables_and_alembics_are_not_asked_about() -> None:
    """They hold keyed digests and revisions."""
    metadata = person()
    for name in ("dihya_audit", "alembic_version"):
        sa.Table(name, metadata, sa.Column("x", sa.String, primary_key=True))
    assert set(build_map({"": metadata}).parts[""].tables) == {"users"}


def test_the_hash_changes_with_a_declaration_only() -> None:
    """Equal declarations hash alike; a purpose more does not."""

    def hash_of(*purposes: str) -> str:
        info = personal("x", purpose=purposes)
        return build_map({"": person(sa.Column("a", sa.String, info=info))}).sha256

    assert hash_of("a") == hash_of("a")
    assert hash_of("a") != hash_of("a", "b")


def test_a_shared_edge_of_a_person_is_refused() -> None:
    """People are not shared."""
    column: sa.Column[Any] = sa.Column("boss", sa.ForeignKey("users.id"), info=shared())
    assert "cannot belong to another one" in told(person(column))


def test_two_owners_are_refused() -> None:
    """A row of two people would go with the first of them."""
    metadata = person()
    sa.Table(
        "letters",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sender", sa.ForeignKey("users.id"), info=owned_by()),
        sa.Column("reader", sa.ForeignKey("users.id"), info=owned_by()),
    )
    assert "two owners" in told(metadata)


def test_a_composite_key_takes_the_role_of_its_own_column() -> None:
    """A tenant's column that other keys use too does not speak for them."""
    metadata = sa.MetaData()
    sa.Table("tenants", metadata, sa.Column("id", sa.Integer, primary_key=True), info=not_personal("firms"))
    sa.Table(
        "users",
        metadata,
        sa.Column("tenant", sa.ForeignKey("tenants.id"), primary_key=True, info=stop()),
        sa.Column("id", sa.Integer, primary_key=True),
        info=subject("user"),
    )
    sa.Table(
        "pets",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.ForeignKey("tenants.id"), info=stop()),
        sa.Column("owner", sa.Integer, info=owned_by()),
        sa.ForeignKeyConstraint(["tenant", "owner"], ["users.tenant", "users.id"]),
    )
    edges = {edge.name: edge.role for edge in build_map({"": metadata}).parts[""].edges}
    assert edges["pets.(tenant, owner)"] == "owned"
