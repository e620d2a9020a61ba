"""The pure parts: order of tables, spelling of keys, fillers, the ledger's lines."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dihya_migrate.errors import ConfigurationError, MalformedIdentifierError, TrailError, UsageError
from dihya_migrate.gdpr.fillers import replacement
from dihya_migrate.gdpr.formats import member_name
from dihya_migrate.gdpr.graph import order
from dihya_migrate.gdpr.identify import kind_and_text, parse_key
from dihya_migrate.gdpr.ledger import Entry, Ledger, ledger_digest
from dihya_migrate.gdpr.output import default_name
from dihya_migrate.gdpr.records import ColumnRule, Edge, Strategy, TableRule
from dihya_migrate.gdpr.values import plain

KEY = b"k" * 32


def edge(table: str, target: str, *, nullable: bool = False, soft: bool = False) -> Edge:
    """A pointer from *table* to *target*."""
    name = f"to_{target}"
    return Edge(
        table, (name,), target, ("id",), role="owned", nullable=(name,) if nullable else (), soft=soft
    )


def test_children_go_before_their_parents() -> None:
    """Whatever the names."""
    chain = [edge("a", "b"), edge("b", "c")]
    assert order("cab", chain).tables == ("a", "b", "c")


def test_a_cycle_opens_where_it_can() -> None:
    """At the pointer that may be NULL, and nowhere else."""
    back = edge("users", "files", nullable=True)
    found = order(["users", "files"], [edge("files", "users"), back])
    assert (found.tables, found.cut, found.stuck) == (("files", "users"), (back,), ())


def test_a_cycle_without_a_way_out_is_told() -> None:
    """One pointer has to wait for the commit; soft ones bind nobody."""
    found = order(["a", "b"], [edge("a", "b"), edge("b", "a")])
    assert [one.name for one in found.stuck] == ["a.to_b"]
    assert not order(["a", "b"], [edge("a", "b"), edge("b", "a", soft=True)]).stuck


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), max_size=15))
def test_any_graph_gets_an_order_that_holds(pairs: list[tuple[int, int, bool]]) -> None:
    """No table goes before one that still points at it, but over an opened pointer."""
    edges = [edge(f"t{a}", f"t{b}", nullable=n) for a, b, n in pairs]
    found = order([f"t{n}" for n in range(7)], edges)
    place = {name: number for number, name in enumerate(found.tables)}
    assert len(place) == 7
    for one in edges:
        assert one in found.cut or one in found.stuck or place[one.table] < place[one.target]


def table(*families: tuple[str, str]) -> TableRule:
    """A table of people whose key has columns of these families."""
    columns = tuple(ColumnRule("users", name, "key", "X", family, key=True) for name, family in families)
    return TableRule("users", tuple(name for name, _ in families), columns, kind="user")


@pytest.mark.parametrize("text", ["0", "42", "-7", str(2**63 - 1)])
def test_a_number_is_read(text: str) -> None:
    """In its one spelling."""
    assert parse_key(table(("id", "integer")), text) == (int(text),)


@given(st.text())
def test_what_is_read_is_spelt_that_way(text: str) -> None:
    """str(parsed) is what was given, or nothing is parsed."""
    for family in ("integer", "uuid", "string"):
        with suppress(MalformedIdentifierError):
            (value,) = parse_key(table(("id", family)), text)
            assert str(value) == text


@pytest.mark.parametrize("text", ["", " a", "a ", "a\nb", "\x1b[2J", "a\x00", "x" * 256, "\udcff"])
def test_a_text_key_has_no_control_characters(text: str) -> None:
    """Nor spaces around it, nor more than 255 characters."""
    with pytest.raises(MalformedIdentifierError):
        parse_key(table(("id", "string")), text)


def test_a_uuid_has_one_spelling() -> None:
    """Lower case with hyphens."""
    one = uuid.uuid4()
    assert parse_key(table(("id", "uuid")), str(one)) == (one,)
    for wrong in (one.hex, f"{{{one}}}", str(one).upper().replace("0", "A"), f"urn:uuid:{one}"):
        with pytest.raises(MalformedIdentifierError):
            parse_key(table(("id", "uuid")), wrong)


def test_a_composite_key_names_its_columns_in_order() -> None:
    """tenant=1,id=2 and nothing else."""
    both = table(("tenant", "integer"), ("id", "string"))
    assert parse_key(both, "tenant=1,id=ada") == (1, "ada")
    for wrong in ("1,ada", "id=ada,tenant=1", "tenant=1", "tenant=01,id=ada", "tenant=1,id=a,b=c"):
        with pytest.raises(MalformedIdentifierError):
            parse_key(both, wrong)


def test_a_key_without_a_spelling_is_a_matter_of_configuration() -> None:
    """A date as a key cannot be typed."""
    with pytest.raises(ConfigurationError, match=r"users\.id"):
        parse_key(table(("id", "date")), "2020-01-01")


def test_who_is_meant() -> None:
    """--user is the kind 'user', or the only kind."""
    assert kind_and_text("7", None, {"user": "", "lead": ""}) == ("user", "7")
    assert kind_and_text("7", None, {"lead": ""}) == ("lead", "7")
    assert kind_and_text(None, "lead:a:b", {"lead": ""}) == ("lead", "a:b")
    for user, subject in (("7", "lead:7"), (None, None), (None, "7"), (None, "nobody:7"), ("7", None)):
        with pytest.raises(UsageError):
            kind_and_text(user, subject, {"lead": "", "staff": ""})


def column(family: str, length: int | None = None) -> ColumnRule:
    """A column to fill."""
    return ColumnRule("users", "x", "personal", family=family, length=length)


def test_fillers_fit_and_differ() -> None:
    """S19: a thousand people in ten characters, all different."""
    strategy = Strategy("opaque")
    made = {replacement(column("string", 10), strategy, "value", KEY) for _ in range(1000)}
    assert len(made) == 1000
    assert {len(str(one)) for one in made} == {10}
    assert isinstance(replacement(column("uuid"), strategy, uuid.uuid4(), KEY), uuid.UUID)
    assert isinstance(replacement(column("uuid"), strategy, "text", KEY), str)
    assert isinstance(replacement(column("binary", 8), strategy, b"x", KEY), bytes)


def test_a_pseudonym_is_the_same_for_the_same() -> None:
    """By value, within a domain and under a key."""
    strategy, here = Strategy("pseudonym"), column("string")
    one = replacement(here, strategy, "ada", KEY)
    assert replacement(here, strategy, "ada", KEY) == one
    assert replacement(here, Strategy("pseudonym", domain="mail"), "ada", KEY) != one
    assert replacement(here, strategy, "ada", b"l" * 32) != one
    assert "ada" not in str(one)


@pytest.mark.parametrize("do", ["pseudonym", "opaque", "trunc_date"])
def test_null_stays_null(do: str) -> None:
    """Nothing is invented."""
    assert replacement(column("string"), Strategy(do, unit="year"), None, KEY) is None  # type: ignore[arg-type]


def test_dates_are_cut() -> None:
    """To the first instant of their unit; a zone stays."""
    moment = datetime(1990, 7, 14, 5, 6, 7, 8, tzinfo=timezone.utc)
    cut = Strategy("trunc_date", unit="month")
    assert replacement(column("datetime"), cut, moment, KEY) == datetime(1990, 7, 1, tzinfo=timezone.utc)
    assert replacement(column("date"), cut, date(1990, 7, 14), KEY) == date(1990, 7, 1)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2**53, str(2**53)),
        (2**53 - 1, 2**53 - 1),
        (Decimal("1.10"), "1.10"),
        (float("nan"), "nan"),
        (timedelta(days=1, microseconds=5), "PT86400.000005S"),
        (timedelta(seconds=-1), "PT-1S"),
        (memoryview(b"a"), "YQ=="),
        ({"a": [b"a", None]}, {"a": ["YQ==", None]}),
    ],
)
def test_values_have_one_spelling(value: object, told: object) -> None:
    """That JSON readers keep exactly."""
    assert plain(value) == told


def test_member_names_are_safe_and_unique() -> None:
    """Whatever the tables are called."""
    assert member_name("../etc/passwd", "csv", set()) == "data/etc_passwd.csv"
    assert member_name("crm.users", "jsonl", {"data/crm_users.jsonl"}) == "data/crm_users_2.jsonl"


def test_a_default_name_says_when_and_not_who() -> None:
    """And never clashes."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert default_name(now, "zip").startswith("export-20260102T030405Z-")
    assert default_name(now, "zip") != default_name(now, "zip")


def entries(number: int) -> list[Entry]:
    """Different erasures."""
    return [Entry("user", ledger_digest(KEY, "user", [str(n)]), f"t{n}", "m") for n in range(number)]


def test_the_ledger_links_its_lines(tmp_path: Path) -> None:
    """Each follows the one before; the same erasure is written once."""
    ledger = Ledger(tmp_path / "in" / "ledger.jsonl", KEY)
    ledger.append(entries(3))
    ledger.append(entries(4))
    ledger.preflight()
    assert len(ledger.path.read_bytes().splitlines()) == 4
    assert ledger.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b'"seq":2', b'"digest":"', b'"seal":"'])
def test_an_edited_end_is_found(tmp_path: Path, damage: bytes) -> None:
    """Before anything is erased."""
    ledger = Ledger(tmp_path / "ledger.jsonl", KEY)
    ledger.append(entries(2))
    lines = ledger.path.read_bytes().splitlines()
    ledger.path.write_bytes(lines[0] + b"\n" + lines[1].replace(damage, damage[:-1] + b"9") + b"\n")
    with pytest.raises(TrailError):
        ledger.preflight()
