"""The four formats say the same, lossless, and nothing that is somebody else's."""

from __future__ import annotations

import base64
import csv
import enum
import hashlib
import io
import json
import uuid
import zipfile
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dihya_migrate.actions import gdpr
from dihya_migrate.gdpr import delete_row, mentions, not_personal, owned_by, personal, third_party

from .conftest import Settle
from .house import EMAIL, House, key, people, pointer, users

pytestmark = pytest.mark.filterwarnings("ignore:Dialect sqlite.pysqlite does .not. support Decimal")


class Colour(enum.Enum):
    """Stored by name."""

    RED = "r"


VALUES: dict[str, tuple[Any, Any, object]] = {
    "text": (sa.Text(), 'ünï "quoted"\n=1+1', 'ünï "quoted"\n=1+1'),
    "price": (sa.Numeric(20, 4), Decimal("1234567.5678"), "1234567.5678"),
    "big": (sa.BigInteger(), 2**60, str(2**60)),
    "flag": (sa.Boolean(), True, True),
    "day": (sa.Date(), date(1990, 7, 14), "1990-07-14"),
    "moment": (sa.DateTime(), datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),  # noqa: DTZ001
    "hour": (sa.Time(), time(3, 4, 5), "03:04:05"),
    "bytes": (sa.LargeBinary(20), b"\xff\x00", base64.b64encode(b"\xff\x00").decode()),
    "uuid": (sa.Uuid(), uuid.UUID(int=7), str(uuid.UUID(int=7))),
    "colour": (sa.Enum(Colour), Colour.RED, "RED"),
    "doc": (sa.JSON(), {"a": [1, None, "x"]}, {"a": [1, None, "x"]}),
    "absent": (sa.String(5), None, None),
    "empty": (sa.String(5), "", ""),
    "span": (sa.Interval(), timedelta(seconds=90), "PT90S"),
}


def rich(settle: Settle) -> House:
    """One person with a value of each type, and two others."""
    metadata = sa.MetaData()
    about = personal("various", purpose="tests")
    users(metadata, *(sa.Column(name, type_, info=about) for name, (type_, _, _) in VALUES.items()))
    house = settle(metadata)
    values = {name: value for name, (_, value, _) in VALUES.items()}
    house.fill(
        {"users": [{**row, **(values if row["id"] == 1 else dict.fromkeys(values))} for row in people()]}
    )
    return house


def test_values_are_lossless(settle: Settle) -> None:
    """Each type comes out in one exact spelling, NULL and the empty text apart."""
    data = rich(settle).export()["tables"]["users"][0]["data"]
    assert {name: data[name] for name in VALUES} == {name: told for name, (_, _, told) in VALUES.items()}


def test_the_schema_admits_the_rows(settle_here: Settle) -> None:
    """schema.json names every exported column, no secret one."""
    house = rich(settle_here)
    with zipfile.ZipFile(written(house, "zip")) as archive:
        schema = json.loads(archive.read("schema.json"))
    properties = schema["$defs"]["users"]["properties"]
    assert set(properties) == {"id", "email", "name", *VALUES}
    assert properties["bytes"]["contentEncoding"] == "base64"


def written(house: House, fmt: str, user: str = "1") -> Path:
    """One person's export in a file."""
    path = house.folder / f"{fmt}-{user}.out"
    gdpr.export(house.runtime, user=user, output=str(path), fmt=fmt)
    return path


def test_s25_all_formats_say_the_same(settle: Settle) -> None:
    """JSON, JSON Lines and ZIP hold equal rows; the CSV's cells are theirs."""
    house = rich(settle)
    rows = json.loads(written(house, "json").read_bytes())["tables"]["users"]
    lines = [json.loads(line) for line in written(house, "jsonl").read_bytes().splitlines()]
    assert [{k: v for k, v in line.items() if k != "table"} for line in lines[:-1]] == rows
    with zipfile.ZipFile(written(house, "zip")) as archive:
        members = [json.loads(line) for line in archive.read("data/users.jsonl").splitlines()]
    assert members == rows
    with zipfile.ZipFile(written(house, "csv")) as archive:
        table = list(csv.DictReader(io.StringIO(archive.read("data/users.csv").decode(), newline="")))
    assert table[0]["price"] == "1234567.5678"
    assert table[0]["text"] == VALUES["text"][2]


def test_the_manifest_holds_every_members_hash(settle_here: Settle) -> None:
    """SHA-256, size and rows of each member are those of the file."""
    with zipfile.ZipFile(written(rich(settle_here), "zip")) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for member in manifest["members"]:
            data = archive.read(member["name"])
            assert (len(data), hashlib.sha256(data).hexdigest()) == (member["bytes"], member["sha256"])
        assert {m["name"] for m in manifest["members"]} == set(archive.namelist()) - {"manifest.json"}
    assert manifest["rows"] == {"users": 1}
    assert manifest["columns"]["users.email"]["purposes"] == ["account"]
    assert "no controller: set DIHYA_CONTROLLER" in manifest["gaps"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_cell_is_never_a_formula(settle_here: Settle, start: str) -> None:
    """What a spreadsheet would run gets a quote before it, and the manifest says so."""
    metadata = sa.MetaData()
    users(metadata)
    house = settle_here(metadata)
    house.fill({"users": [{"id": 1, "email": f"{start}cmd", "name": ""}]})
    with zipfile.ZipFile(written(house, "csv")) as archive:
        text = archive.read("data/users.csv").decode()
        assert json.loads(archive.read("manifest.json"))["formula_guard"] == "'"
    assert text.splitlines()[1] == f'1,"subject",1,"\'{start}cmd",""'


def test_f30_names_come_from_tables_alone(settle_here: Settle) -> None:
    """Neither a table nor a row can lead out of the archive."""
    metadata = sa.MetaData()
    users(metadata)
    owned = pointer(info=owned_by() | delete_row())
    sa.Table("../evil", metadata, key(), owned, sa.Column("path", sa.String(20), info=EMAIL))
    house = settle_here(metadata)
    house.fill({"users": people(), "../evil": [{"id": 1, "user_id": 1, "path": "../../etc/passwd"}]})
    with zipfile.ZipFile(written(house, "zip")) as archive:
        assert archive.namelist() == ["data/users.jsonl", "data/evil.jsonl", "schema.json", "manifest.json"]


def test_a_row_of_somebody_else_shows_only_the_mention(settle: Settle) -> None:
    """What another person owns is redacted, their key a token, the same one throughout; counts are told."""
    metadata = sa.MetaData()
    users(metadata, pointer("invited_by", info=mentions(), nullable=True))
    sa.Table(
        "reviews",
        metadata,
        key(),
        pointer("author", info=owned_by() | delete_row()),
        pointer("about", info=mentions(), nullable=True),
        sa.Column("address", sa.String(50), info=personal("contact", purpose="tests")),
        sa.Column("stars", sa.Integer, info=not_personal("a number")),
    )
    house = settle(metadata)
    persons = [{**row, "invited_by": None} for row in people()]
    persons[1]["invited_by"] = 1
    reviews = [{"id": 1, "author": 2, "about": 1, "address": "canary2 street", "stars": 5}]
    house.fill({"users": persons, "reviews": reviews})
    document = house.export()
    assert "canary2" not in json.dumps(document)
    assert document["tables"]["reviews"][0]["data"] == {
        "id": 1,
        "author": "person-1",
        "about": 1,
        "address": "[redacted]",
        "stars": 5,
    }
    other = next(row for row in document["tables"]["users"] if row["roles"] == ["mention"])
    assert other["pk"] == "person-1"
    assert other["data"]["email"] == "[redacted]"
    assert document["manifest"]["redacted"]["reviews.address"] == 1
    assert document["manifest"]["other_people"] == 1


def test_s27_third_party_data_is_redacted_and_goes_with_the_row(settle: Settle) -> None:
    """A gift's address belongs to whoever gets the gift."""
    metadata = sa.MetaData()
    users(metadata)
    gift = sa.Column("gift_mail", sa.String(50), info=third_party())
    sa.Table("orders", metadata, key(), pointer(info=owned_by() | delete_row()), gift)
    house = settle(metadata)
    house.fill({"users": people(), "orders": [{"id": 1, "user_id": 1, "gift_mail": "canary9@example.org"}]})
    document = house.export()
    assert "canary9" not in json.dumps(document)
    assert document["manifest"]["redacted"] == {"orders.gift_mail": 1}
    house.erase()
    assert house.dump()["orders"] == {}


def test_a_filter_of_the_orm_hides_nothing(settle_here: Settle) -> None:
    """Soft-deleted rows are personal data too; Core selects see them."""
    metadata = sa.MetaData()
    users(metadata, sa.Column("deleted_at", sa.DateTime, info=not_personal("a flag")))
    house = settle_here(metadata)
    gone = datetime(2026, 1, 1, tzinfo=timezone.utc).replace(tzinfo=None)
    house.fill({"users": [{**row, "deleted_at": gone} for row in people()]})
    assert house.tables() == {"users": [1]}
