"""The scenarios of personal data: what an export shows of each shape and what an erasure leaves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from dihya_migrate.actions import gdpr
from dihya_migrate.errors import MalformedIdentifierError, NotFoundError
from dihya_migrate.gdpr import (
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
    secret,
    shared,
    stop,
    subject,
    trunc_date,
)

from .conftest import Settle
from .house import EMAIL, NAME, TEXT, House, difference, key, people, pointer, users

GOES = owned_by() | delete_row()


def posts(metadata: sa.MetaData, **options: Any) -> sa.Table:
    """``posts(id, user_id[own], body)!delete_row``."""
    body = sa.Column("body", sa.Text, nullable=False, info=personal("content", purpose="posts"))
    return sa.Table("posts", metadata, key(), pointer(), body, info=delete_row(), **options)


def written(*pairs: tuple[int, int]) -> list[dict[str, Any]]:
    """Rows of ``posts``: (id, author)."""
    return [{"id": n, "user_id": who, "body": f"by canary{who}"} for n, who in pairs]


def blog(settle: Settle, **person: Any) -> House:
    """Three posts of person 1, two of person 2."""
    metadata = sa.MetaData()
    users(metadata, **person)
    posts(metadata)
    house = settle(metadata)
    house.fill({"users": people(), "posts": written((1, 1), (2, 1), (3, 1), (4, 2), (5, 2))})
    return house


def test_s01_rows_go_and_the_person_stays_treated(settle: Settle) -> None:
    """Posts are deleted, the person's row is blanked, nobody else changes."""
    house = blog(settle)
    assert house.tables() == {"users": [1], "posts": [1, 2, 3]}
    before = house.dump()
    result = house.erase()
    assert difference(before, house.dump()) == {
        "users": {1: "changed"},
        "posts": dict.fromkeys((1, 2, 3), "gone"),
    }
    assert house.row("users", 1) == {"id": 1, "email": None, "name": "[erased]"}
    assert result.counts == {"posts": {"deleted": 3, "changed": 0}, "users": {"deleted": 0, "changed": 1}}


def test_s02_children_go_before_the_person(settle: Settle) -> None:
    """With delete_row() on the person, posts go first, then the person."""
    house = blog(settle, info=delete_row())
    before = house.dump()
    result = house.erase()
    assert result.plan.document()["order"] == ["posts", "users"]
    assert difference(before, house.dump()) == {
        "users": {1: "gone"},
        "posts": dict.fromkeys((1, 2, 3), "gone"),
    }


def test_s03_a_deep_tree_goes_from_the_leaves_up(settle: Settle) -> None:
    """2 orders, 6 lines, 12 notes go with their person; the neighbour's stay."""
    metadata = sa.MetaData()
    users(metadata)
    for child, parent in (("orders", "users"), ("lines", "orders"), ("notes", "lines")):
        sa.Table(child, metadata, key(), pointer("up", f"{parent}.id", info=GOES))
    house = settle(metadata)
    rows: dict[str, list[dict[str, Any]]] = {"users": people(), "orders": [], "lines": [], "notes": []}
    for who in (1, 2):
        for order in range(2):
            rows["orders"].append({"id": who * 100 + order, "up": who})
            for line in range(3):
                rows["lines"].append({"id": who * 1000 + order * 10 + line, "up": who * 100 + order})
                rows["notes"] += [
                    {"id": who * 10000 + order * 100 + line * 10 + note, "up": who * 1000 + order * 10 + line}
                    for note in range(2)
                ]
    house.fill(rows)
    assert {name: len(keys) for name, keys in house.tables().items()} == {
        "users": 1,
        "orders": 2,
        "lines": 6,
        "notes": 12,
    }
    before = house.dump()
    result = house.erase()
    assert result.plan.totals()["deleted"] == 20
    assert result.plan.document()["order"] == ["notes", "lines", "orders"]
    gone = difference(before, house.dump())
    assert {name: len(found) for name, found in gone.items()} == {
        "users": 1,
        "orders": 2,
        "lines": 6,
        "notes": 12,
    }
    assert all(str(one)[0] == "1" for found in gone.values() for one in found)


def test_s04_a_date_is_cut_to_its_year(settle: Settle) -> None:
    """A profile that shares the person's key keeps the year of birth only."""
    metadata = sa.MetaData()
    users(metadata)
    birth = personal("identity.birth", purpose="account", on_erase=trunc_date("year"))
    born = sa.Column("birth", sa.Date, info=birth)
    sa.Table("profiles", metadata, pointer(primary_key=True), born)
    house = settle(metadata)
    profiles = [{"user_id": n, "birth": date(1990, 7, 14)} for n in (1, 2)]
    house.fill({"users": people(), "profiles": profiles})
    assert house.export()["tables"]["profiles"][0]["data"]["birth"] == "1990-07-14"
    before = house.dump()
    house.erase()
    assert house.row("profiles", 1)["birth"] == date(1990, 1, 1)
    assert difference(before, house.dump()) == {"users": {1: "changed"}, "profiles": {1: "changed"}}


def comments(metadata: sa.MetaData, parent: dict[str, Any], author: dict[str, Any]) -> None:
    """``comments(id, author[own], parent?, body)``."""
    sa.Table(
        "comments",
        metadata,
        key(),
        pointer("author", info=author),
        pointer("parent", "comments.id", info=parent, nullable=True),
        sa.Column("body", sa.Text, nullable=False, info=TEXT),
    )


def said(*rows: tuple[int, int, int | None]) -> list[dict[str, Any]]:
    """Rows of ``comments``: (id, author, parent)."""
    return [{"id": n, "author": who, "parent": up, "body": f"by canary{who}"} for n, who, up in rows]


def test_s05_a_comment_that_others_answered_is_blanked(settle: Settle) -> None:
    """The leaf goes; the answered one stays without its words, under a placeholder; the answer is intact."""
    metadata = sa.MetaData()
    users(metadata)
    comments(metadata, stop(), GOES | reassign(99))
    house = settle(metadata)
    house.fill({"users": people(1, 2, 3, 99), "comments": said((1, 1, None), (2, 1, 1), (3, 2, 1))})
    assert house.tables() == {"users": [1], "comments": [1, 2]}
    before = house.dump()
    house.erase()
    assert difference(before, house.dump()) == {
        "users": {1: "changed"},
        "comments": {1: "changed", 2: "gone"},
    }
    assert house.row("comments", 1) == {"id": 1, "author": 99, "parent": None, "body": "[removed]"}


def test_s05_with_mentions_the_answer_lets_go(settle: Settle) -> None:
    """The other choice: both comments go, and the answer points at nothing."""
    metadata = sa.MetaData()
    users(metadata)
    comments(metadata, mentions(), GOES)
    house = settle(metadata)
    house.fill({"users": people(), "comments": said((1, 1, None), (2, 1, 1), (3, 2, 1))})
    house.erase()
    assert house.row("comments", 3) == {"id": 3, "author": 2, "parent": None, "body": "by canary2"}
    assert set(house.dump()["comments"]) == {(3,)}


@pytest.mark.parametrize(
    "parent", [stop(), mentions(), owned_by() | delete_row()], ids=["stop", "mention", "own"]
)
def test_s06_a_chain_of_own_comments_goes(settle: Settle, parent: dict[str, Any]) -> None:
    """Five comments that answer one another go without an error of a foreign key."""
    metadata = sa.MetaData()
    users(metadata)
    comments(metadata, parent, GOES)
    house = settle(metadata)
    chain = said((1, 1, None), (2, 1, 1), (3, 1, 2), (4, 1, 3), (5, 1, 4), (6, 2, None), (7, 2, 6))
    house.fill({"users": people(), "comments": chain})
    before = house.dump()
    house.erase()
    assert difference(before, house.dump())["comments"] == dict.fromkeys(range(1, 6), "gone")


@pytest.mark.parametrize("person", [{}, delete_row()], ids=["stays", "goes"])
def test_s07_an_avatar_is_no_cycle(settle: Settle, person: dict[str, Any]) -> None:
    """The person points at a file and the file at the person: the pointer opens first."""
    metadata = sa.MetaData()
    users(metadata, pointer("avatar_id", "files.id", info=mentions(), nullable=True), info=person)
    sa.Table("files", metadata, key(), pointer("owner_id"), info=delete_row())
    house = settle(metadata)
    house.fill({"users": people(), "files": [{"id": n, "owner_id": n} for n in (1, 2)]})
    with house.engine.begin() as connection:
        table = metadata.tables["users"]
        connection.execute(table.update().where(table.c.id < 3).values(avatar_id=table.c.id))
    before = house.dump()
    house.erase()
    word = "gone" if person else "changed"
    assert difference(before, house.dump()) == {"users": {1: word}, "files": {1: "gone"}}
    if not person:
        assert house.row("users", 1)["avatar_id"] is None


@pytest.mark.parametrize("keyed", [True, False], ids=["with key", "without key"])
def test_s08_a_plain_link_table(settle: Settle, keyed: bool) -> None:
    """Links are exported and go; the clubs are neither shown nor changed."""
    metadata = sa.MetaData()
    users(metadata)
    sa.Table("clubs", metadata, key(), sa.Column("name", sa.String(20)), info=not_personal("a list of clubs"))
    sa.Table(
        "members",
        metadata,
        pointer(info=GOES, primary_key=keyed),
        pointer("club_id", "clubs.id", info=stop(), primary_key=keyed),
    )
    house = settle(metadata)
    clubs = [{"id": n, "name": f"club {n}"} for n in (1, 2)]
    links = [{"user_id": u, "club_id": c} for u, c in ((1, 1), (1, 2), (2, 1))]
    house.fill({"users": people(), "clubs": clubs, "members": links})
    tables = house.export()["tables"]
    assert [row["data"] for row in tables["members"]] == [
        {"user_id": 1, "club_id": 1},
        {"user_id": 1, "club_id": 2},
    ]
    assert "clubs" not in tables
    before = house.dump()
    house.erase()
    assert difference(before, house.dump()) == {
        "users": {1: "changed"},
        "members": {(1, 1): "gone", (1, 2): "gone"},
    }


def test_s09_a_membership_mentions_who_invited(settle: Settle) -> None:
    """Own memberships go; where the person invited somebody, only the pointer goes; others get tokens."""
    metadata = sa.MetaData()
    users(metadata)
    sa.Table(
        "membership",
        metadata,
        key(),
        pointer(info=GOES),
        sa.Column("team_id", sa.Integer, info=not_personal("a team")),
        pointer("invited_by", info=mentions(), nullable=True),
    )
    house = settle(metadata)
    rows = [(1, 1, 3), (2, 2, 1), (3, 3, 2)]
    members = [{"id": n, "user_id": u, "team_id": 7, "invited_by": by} for n, u, by in rows]
    house.fill({"users": people(), "membership": members})
    exported = {row["pk"]: row for row in house.export()["tables"]["membership"]}
    assert exported[1]["data"]["invited_by"] == "person-1"
    assert exported[2]["roles"] == ["mention"]
    assert exported[2]["data"]["user_id"] == "person-2"
    before = house.dump()
    house.erase()
    assert difference(before, house.dump())["membership"] == {1: "gone", 2: "changed"}
    assert house.row("membership", 2)["invited_by"] is None


def test_s12_a_composite_key_is_taken_whole(settle: Settle) -> None:
    """Two tenants use the same number; only one of the two people is meant."""
    metadata = sa.MetaData()
    sa.Table(
        "people",
        metadata,
        key("tenant"),
        key("id"),
        sa.Column("email", sa.String(100), info=EMAIL),
        info=subject("user"),
    )
    sa.Table(
        "notes",
        metadata,
        key(),
        sa.Column("tenant", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False, info=GOES),
        sa.ForeignKeyConstraint(["tenant", "person_id"], ["people.tenant", "people.id"]),
    )
    house = settle(metadata)
    keys = ((1, 1), (2, 1), (1, 2))
    house.fill(
        {
            "people": [{"tenant": t, "id": n, "email": f"canary{t}{n}@example.org"} for t, n in keys],
            "notes": [{"id": i, "tenant": t, "person_id": n} for i, (t, n) in enumerate(keys)],
        }
    )
    who = "tenant=1,id=1"
    assert house.tables(who) == {"people": [{"tenant": 1, "id": 1}], "notes": [0]}
    before = house.dump()
    house.erase(who)
    assert difference(before, house.dump()) == {"people": {(1, 1): "changed"}, "notes": {0: "gone"}}
    for wrong in ("1,1", "1", "id=1,tenant=1", "tenant=1,id=1,x=1", "tenant=1, id=1"):
        with pytest.raises(MalformedIdentifierError):
            house.export(wrong)


def test_s13_a_reference_without_a_constraint(settle: Settle) -> None:
    """A log that only names the user's number is found over refers_to()."""
    metadata = sa.MetaData()
    users(metadata, info=delete_row())
    who = sa.Column("user_id", sa.Integer, info=GOES | refers_to("users.id"))
    sa.Table("ip_log", metadata, key(), who)
    house = settle(metadata)
    house.fill({"users": people(), "ip_log": [{"id": n, "user_id": n % 3 + 1} for n in range(9)]})
    before = house.dump()
    house.erase()
    assert difference(before, house.dump()) == {
        "users": {1: "gone"},
        "ip_log": dict.fromkeys((0, 3, 6), "gone"),
    }


def test_s16_an_invoice_is_kept_and_the_person_becomes_a_stub(settle: Settle) -> None:
    """What the tax law keeps is unchanged and still says whose it is; the person's row stays, emptied."""
    metadata = sa.MetaData()
    users(metadata, info=delete_row())
    kept = personal("billing", purpose="tax", on_erase=keep("tax law", until="2999-12-31"))
    sa.Table(
        "invoices", metadata, key(), pointer(), sa.Column("name", sa.String(50), nullable=False, info=kept)
    )
    posts(metadata)
    house = settle(metadata)
    invoices = [{"id": n, "user_id": n, "name": f"Canary {n}"} for n in (1, 2)]
    house.fill({"users": people(), "invoices": invoices, "posts": written((1, 1))})
    before = house.dump()
    assert "until 2999-12-31" in gdpr.erase(house.runtime, user="1", dry_run=True).text()
    house.erase()
    assert difference(before, house.dump()) == {"users": {1: "changed"}, "posts": {1: "gone"}}


def test_s17_null_stays_null_and_the_empty_text_goes(settle: Settle) -> None:
    """NULL and empty are told apart in the export, and only the latter is replaced."""
    metadata = sa.MetaData()
    phone = sa.Column("phone", sa.String(20), info=personal("contact", purpose="account", on_erase=opaque()))
    nick = sa.Column("nick", sa.String(20), info=NAME)
    other = sa.Column("other", sa.String(20), info=NAME)
    users(metadata, phone, nick, other)
    house = settle(metadata)
    house.fill({"users": [{"id": 1, "name": "x", "phone": "", "nick": None, "other": ""}]})
    data = house.export()["tables"]["users"][0]["data"]
    assert (data["email"], data["phone"], data["nick"]) == (None, "", None)
    house.erase()
    row = house.row("users", 1)
    assert (row["email"], row["nick"], row["other"]) == (None, None, "[erased]")
    assert len(row["phone"]) == 20


def test_s18_pseudonyms_of_a_unique_column_do_not_clash(settle: Settle) -> None:
    """One person after the other gets a pseudonym of their own that fits the column."""
    metadata = sa.MetaData()
    code = personal("contact", purpose="account", on_erase=pseudonym())
    users(metadata, sa.Column("code", sa.String(16), unique=True, nullable=False, info=code))
    house = settle(metadata)
    house.fill({"users": [{**row, "code": f"code {row['id']}"} for row in people()]})
    house.erase("1")
    house.erase("2")
    codes = {row[3] for row in house.dump()["users"].values()}
    assert len(codes) == 3
    assert {len(str(one)) for one in codes} == {16, 6}


def test_s21_the_second_time_changes_nothing(settle: Settle) -> None:
    """Erasing twice leaves the values of the first time, fillers included."""
    metadata = sa.MetaData()
    filler = personal("contact", purpose="account", on_erase=opaque())
    users(metadata, sa.Column("phone", sa.String(20), info=filler))
    posts(metadata)
    house = settle(metadata)
    house.fill({"users": [{**row, "phone": "1"} for row in people()], "posts": written((1, 1), (2, 2))})
    house.erase()
    before = house.dump()
    again = house.erase()
    assert again.outcome == "nothing"
    assert difference(before, house.dump()) == {}
    assert house.events()[-1] == "erase.nothing"
    gdpr.verify(house.runtime, user="1")
    with pytest.raises(NotFoundError):
        house.export()


def test_s22_a_dry_run_writes_nothing(settle: Settle) -> None:
    """No row, no table of ours, no file appears."""
    house = blog(settle)
    with house.engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
    before, files = house.dump(), sorted(house.folder.rglob("*"))
    assert house.plan().totals() == {"deleted": 3, "changed": 1, "kept": 0}
    assert difference(before, house.dump()) == {}
    assert sorted(house.folder.rglob("*")) == files
    with house.engine.connect() as connection:
        assert set(sa.inspect(connection).get_table_names()) == tables


def test_s23_nobody_is_an_error(settle: Settle) -> None:
    """An unknown number is told as such, by both commands, and leaves no file and no ledger line."""
    house = blog(settle)
    for act in (house.export, house.erase):
        with pytest.raises(NotFoundError):
            act("4")
    with pytest.raises(NotFoundError):
        gdpr.erase(house.runtime, user="4")
    assert not list(house.folder.glob("export*"))
    assert (house.folder / "records" / "ledger.jsonl").read_bytes() == b""
    assert house.events().count("subject.unknown") == 2


@pytest.mark.parametrize(
    "spelling",
    ["4_2", " 42", "+42", "042", "٤٢", "42;drop", "1e2", "4" * 400, "", "-0", "42\n", "42\x00", "%s", "1.0"],
)
def test_s24_one_spelling_of_a_number(settle_here: Settle, spelling: str) -> None:
    """Everything but the canonical spelling is refused, and never repeated."""
    house = blog(settle_here)
    for act in (house.export, house.erase):
        with pytest.raises(MalformedIdentifierError) as caught:
            act(spelling)
        assert spelling == "" or spelling not in str(caught.value)


def test_s26_a_secret_is_withheld_and_goes(settle: Settle) -> None:
    """A password hash is in no export; it becomes NULL or a filler."""
    metadata = sa.MetaData()
    users(
        metadata,
        sa.Column("password_hash", sa.String(60), nullable=False, info=secret()),
        sa.Column("totp", sa.LargeBinary(20), info=secret()),
    )
    house = settle(metadata)
    house.fill({"users": [{**row, "password_hash": "canary-hash", "totp": b"seed"} for row in people()]})
    document = house.export()
    assert document["manifest"]["withheld"] == ["users.password_hash", "users.totp"]
    assert "canary-hash" not in str(document)
    house.erase()
    row = house.row("users", 1)
    assert row["totp"] is None
    assert "canary" not in row["password_hash"]


def test_a_shared_row_goes_with_the_last_who_shares_it(settle: Settle) -> None:
    """The first of two lets go of the order, the second takes it along."""
    metadata = sa.MetaData()
    users(metadata)
    both = shared() | delete_row()
    sa.Table(
        "orders",
        metadata,
        key(),
        pointer("buyer", info=both, nullable=True),
        pointer("partner", info=both, nullable=True),
    )
    house = settle(metadata)
    house.fill(
        {
            "users": people(),
            "orders": [{"id": 1, "buyer": 1, "partner": 2}, {"id": 2, "buyer": 2, "partner": 3}],
        }
    )
    assert house.tables() == {"users": [1], "orders": [1]}
    house.erase("1")
    assert house.row("orders", 1) == {"id": 1, "buyer": None, "partner": 2}
    house.erase("2")
    assert set(house.dump()["orders"]) == {(2,)}
    assert house.row("orders", 2) == {"id": 2, "buyer": None, "partner": 3}


def test_a_mention_that_cannot_let_go_keeps_a_stub(settle: Settle) -> None:
    """Where others' rows must point at somebody, the person's emptied row is that somebody."""
    metadata = sa.MetaData()
    users(metadata, info=delete_row())
    sa.Table("reviews", metadata, key(), pointer(info=GOES), pointer("about", info=mentions()))
    house = settle(metadata)
    house.fill(
        {
            "users": people(),
            "reviews": [{"id": 1, "user_id": 1, "about": 2}, {"id": 2, "user_id": 2, "about": 1}],
        }
    )
    before = house.dump()
    house.erase()
    assert difference(before, house.dump()) == {"users": {1: "changed"}, "reviews": {1: "gone"}}
    assert null() == {"dihya.on_erase": {"do": "null"}}


def test_a_stamp_of_others_is_not_touched(settle: Settle) -> None:
    """Letting go of a pointer in another person's row is not an update of theirs."""
    metadata = sa.MetaData()
    users(metadata)
    stamp = sa.Column("stamp", sa.Integer, default=1, onupdate=2, info=not_personal("a counter"))
    sa.Table(
        "teams", metadata, key(), pointer(info=GOES), pointer("boss", info=mentions(), nullable=True), stamp
    )
    house = settle(metadata)
    house.fill({"users": people(), "teams": [{"id": 1, "user_id": 2, "boss": 1}]})
    house.erase()
    assert house.row("teams", 1) == {"id": 1, "user_id": 2, "boss": None, "stamp": 1}
