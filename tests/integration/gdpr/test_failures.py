"""What goes wrong, and what must be true afterwards; numbers as in the catalogue of failures."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dihya_migrate.actions import gdpr
from dihya_migrate.errors import (
    BusyError,
    ConfigurationError,
    DihyaError,
    FailedError,
    IncompleteError,
    MappingError,
    PlanRefusedError,
    ResidueError,
    TrailError,
    UnfitEnvironmentError,
    UsageError,
)
from dihya_migrate.gdpr import delete_row, mentions, owned_by, personal, refuse, subject
from dihya_migrate.gdpr import output as output_module

from .child import blog_tables
from .conftest import Settle
from .house import KEY, House, difference, key, people, pointer, users

POSTS = [{"id": n, "user_id": who, "body": f"by canary{who}"} for n, who in ((1, 1), (2, 1), (3, 2))]


def blog(settle: Settle, **options: Any) -> House:
    """Two posts of person 1, one of person 2."""
    house = settle(blog_tables(), **options)
    house.fill({"users": people(), "posts": POSTS})
    return house


def url_of(house: House) -> str:
    """The database's URL, password included."""
    return house.engine.url.render_as_string(hide_password=False)


def start(house: House, dies_at: int) -> subprocess.Popen[str]:
    """Erase person 1 in a process of its own."""
    arguments = [url_of(house), str(house.folder), str(dies_at)]
    command = [sys.executable, "-m", "tests.integration.gdpr.child", *arguments]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE)


def test_f1_killed_at_any_write_nothing_has_happened(settle: Settle) -> None:
    """Until the commit nothing is changed, and the next run goes through; after it, the next one records."""
    house = blog(settle)
    before = house.dump()
    for dies_at in range(1, 20):
        killed = start(house, dies_at)
        killed.communicate(timeout=60)
        assert killed.returncode == 99
        if house.row("users", 1)["email"] is None:
            break
        assert difference(before, house.dump()) == {}
        assert "erase.finished" not in house.events()
    assert dies_at > 4
    ledger = house.folder / "records" / "ledger.jsonl"
    assert house.erase().outcome == "nothing"
    assert len(ledger.read_bytes().splitlines()) == 1
    assert house.events().count("erase.finished") == 1
    assert house.runtime.trail().verify().ok


def test_f5_a_constraint_nobody_knows_stops_it_up_front(settle: Settle) -> None:
    """A table outside the models that points at the person is named; nothing is touched."""
    house = blog(settle)
    with house.engine.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE legacy (id INTEGER PRIMARY KEY, u INTEGER REFERENCES users (id))")
            if house.engine.dialect.name != "mysql"
            else sa.text(
                "CREATE TABLE legacy (id INTEGER PRIMARY KEY, u INTEGER,"
                " FOREIGN KEY (u) REFERENCES users (id) ON DELETE CASCADE)"
            )
        )
    before = house.dump()
    with pytest.raises(PlanRefusedError, match=r"legacy\.u points at users"):
        house.erase()
    with house.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE legacy"))
    assert difference(before, house.dump()) == {}


def test_f5_a_trigger_that_objects_rolls_everything_back(settle_here: Settle) -> None:
    """The database's own error becomes exit code 4, without a word of its message."""
    house = blog(settle_here)
    before = house.dump()
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no BEFORE DELETE ON posts BEGIN SELECT RAISE(ABORT, 'canary1@example.org'); END"
        )
    with pytest.raises(FailedError) as caught:
        gdpr.erase(house.runtime, user="1")
    assert "canary" not in str(caught.value)
    assert difference(before, house.dump()) == {}
    assert house.events()[-1] == "erase.failed"


@pytest.mark.parametrize("level", ["AUTOCOMMIT", None])
def test_an_erasure_is_one_transaction_whatever_the_engine_does(settle: Settle, level: str | None) -> None:
    """An application that runs in AUTOCOMMIT is erased in one transaction too."""
    house = blog(settle, SQLALCHEMY_ENGINE_OPTIONS={"isolation_level": level} if level else {})
    before = house.dump()

    def break_down(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("DELETE FROM posts"):
            raise sa.exc.OperationalError(statement, {}, Exception("canary"))

    sa.event.listen(house.engine, "before_cursor_execute", break_down)
    with pytest.raises(DihyaError):
        gdpr.erase(house.runtime, user="1")
    sa.event.remove(house.engine, "before_cursor_execute", break_down)
    assert difference(before, house.dump()) == {}
    assert house.erase().outcome == "erased"


def test_f25_a_trigger_that_brings_data_back_is_noticed(settle_here: Settle) -> None:
    """The second look finds it, and the whole erasure is undone."""
    house = blog(settle_here)
    before = house.dump()
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER again AFTER DELETE ON posts BEGIN"
            " INSERT INTO posts VALUES (old.id + 100, old.user_id, old.body); END"
        )
    with pytest.raises(ResidueError, match="posts: 2"):
        gdpr.erase(house.runtime, user="1")
    assert difference(before, house.dump()) == {}


@pytest.mark.parametrize("kind", ["file", "link", "fifo", "folder", "dangling", "writable", "missing"])
def test_f9_an_output_that_is_not_free_is_refused_before_anything(settle_here: Settle, kind: str) -> None:
    """Files, links, pipes, folders and folders open to others are left as they are; nothing is read."""
    house = blog(settle_here)
    path = house.folder / "out" / "person.zip"
    path.parent.mkdir(mode=0o700)
    (house.folder / "target").write_text("keep me")
    match kind:
        case "file":
            path.write_text("keep me")
        case "link":
            path.symlink_to(house.folder / "target")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "dangling":
            path.symlink_to(house.folder / "nowhere")
        case "writable":
            path.parent.chmod(0o770)
        case _:
            path = house.folder / "no such folder" / "person.zip"
    with pytest.raises(UsageError):
        gdpr.export(house.runtime, user="1", output=str(path))
    assert (house.folder / "target").read_text() == "keep me"
    assert not (house.folder / "nowhere").exists()
    assert not list(house.folder.rglob("*.part"))
    assert not house.runtime.trail().installed()


def test_an_export_is_the_owners_alone(settle_here: Settle) -> None:
    """Mode 0600 from the first byte, no leftover beside it."""
    house = blog(settle_here)
    path = house.folder / "person.zip"
    gdpr.export(house.runtime, user="1", output=str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_nlink == 1
    assert not list(house.folder.glob(".*"))


def test_f10_a_full_disk_leaves_no_file(settle_here: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 10, no part of the file, and the trail says that it failed."""
    house = blog(settle_here)
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    monkeypatch.setattr(output_module, "_open", lambda _part: full)
    with pytest.raises(UnfitEnvironmentError, match="full"):
        gdpr.export(house.runtime, user="1", output=str(house.folder / "person.zip"))
    assert not list(house.folder.glob("*.zip"))
    assert house.events()[-1] == "export.failed"
    assert errno.ENOSPC in output_module._NO_ROOM


def test_f11_a_full_database_keeps_everything(settle_here: Settle) -> None:
    """SQLite out of pages: rolled back, exit code 10."""
    house = blog(settle_here)
    gdpr.export(house.runtime, user="1", output=str(house.folder / "x.zip"))  # our tables are there now
    before = house.dump()

    def no_room(connection: Any, _record: object, _proxy: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(house.engine, "checkout", no_room)
    with pytest.raises((UnfitEnvironmentError, TrailError)):
        gdpr.erase(house.runtime, user="1")
    sa.event.remove(house.engine, "checkout", no_room)
    assert difference(before, house.dump()) == {}


@contextmanager
def read_only(house: House) -> Iterator[None]:
    """Every new transaction of the application may only read."""

    def forbid(connection: Any, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()
        match house.engine.dialect.name:
            case "sqlite":
                cursor.execute("PRAGMA query_only = ON")
            case "postgresql":
                cursor.execute("SET default_transaction_read_only = on")
                connection.commit()
            case _:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.close()

    sa.event.listen(house.engine, "checkout", forbid)
    try:
        yield
    finally:
        sa.event.remove(house.engine, "checkout", forbid)
        house.engine.dispose()


def test_f12_a_read_only_database_is_found_first(settle: Settle) -> None:
    """Exit code 10 before any event; there is no erasure without writing."""
    house = blog(settle)
    house.engine.dispose()
    with read_only(house), pytest.raises(UnfitEnvironmentError, match="read-only"):
        gdpr.erase(house.runtime, user="1")
    assert not (house.folder / "records" / "ledger.jsonl").exists()
    assert house.row("users", 1)["email"] == "canary1@example.org"


def test_f13_two_erasures_of_one_person_are_one(settle: Settle) -> None:
    """Both processes leave with 0 or 7; one event, one line in the ledger."""
    house = blog(settle)
    both = [start(house, 0), start(house, 0)]
    said = [child.communicate(timeout=60)[0].strip() for child in both]
    codes = [child.returncode for child in both]
    assert 0 in codes
    assert set(codes) <= {0, 7}, said
    assert "erased" in said
    assert house.events().count("erase.finished") == 1
    assert len((house.folder / "records" / "ledger.jsonl").read_bytes().splitlines()) == 1


def test_f13_a_row_that_somebody_holds_is_busy(settle: Settle) -> None:
    """Exit code 7 after a moment; everything is as before."""
    house = blog(settle)
    gdpr.export(house.runtime, user="1", output=str(house.folder / "x.zip"))
    before = house.dump()
    table = house.metadata.tables["users"]
    with house.engine.connect() as other:
        if house.engine.dialect.name == "sqlite":
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.execute(sa.select(table).where(table.c.id == 1).with_for_update())
        with pytest.raises(BusyError):
            gdpr.erase(house.runtime, user="1")
        other.rollback()
    assert difference(before, house.dump()) == {}


def test_f14_an_export_sees_one_moment(settle: Settle) -> None:
    """An erasure between two of its tables does not show, or has to wait."""
    house = blog(settle)
    done: list[str] = []

    def erase_meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT") and "body" in statement and not done:
            done.append("started")
            done.append(gdpr.erase(house.runtime, user="1").outcome)

    sa.event.listen(house.engine, "before_cursor_execute", erase_meanwhile)
    if house.engine.dialect.name == "sqlite":
        with pytest.raises((BusyError, TrailError)):
            house.export()
    else:
        tables = house.export()["tables"]
        assert [len(rows) for rows in tables.values()] == [1, 2]
        assert tables["users"][0]["data"]["email"] == "canary1@example.org"
        assert done == ["started", "erased"]


def test_f15_a_trail_that_cannot_be_written_stops_it(settle_here: Settle) -> None:
    """Exit code 6 before any data is touched."""
    house = blog(settle_here)
    folder = house.folder / "records"
    (folder / "audit.jsonl").mkdir(parents=True)
    before = house.dump()
    for act in (house.export, lambda: gdpr.erase(house.runtime, user="1")):
        with pytest.raises(TrailError):
            act()
    assert difference(before, house.dump()) == {}
    assert not list(house.folder.glob("export*"))


@pytest.mark.parametrize("how", ["unwritable", "cut", "edited"])
def test_f17_a_ledger_that_is_no_good_stops_it(settle_here: Settle, how: str) -> None:
    """Exit code 6 before any data is touched."""
    house = blog(settle_here)
    ledger = house.folder / "records" / "ledger.jsonl"
    house.erase("3")
    if how == "unwritable":
        ledger.unlink()
        ledger.mkdir()
    elif how == "cut":
        ledger.write_bytes(ledger.read_bytes()[:-20] + b"\n")
    else:
        ledger.write_bytes(ledger.read_bytes().replace(b'"kind":"user"', b'"kind":"lead"'))
    before = house.dump()
    with pytest.raises(TrailError):
        gdpr.erase(house.runtime, user="1")
    assert difference(before, house.dump()) == {}


def test_a_line_cut_by_a_crash_does_not_stop_the_ledger(settle_here: Settle) -> None:
    """The torn end is the last crash's; what comes after it links to what was before it."""
    house = blog(settle_here)
    ledger = house.folder / "records" / "ledger.jsonl"
    house.erase("3")
    with ledger.open("ab") as file:
        file.write(b'{"torn":')
    house.erase("2")
    house.erase("1")
    lines = [json.loads(line) for line in ledger.read_bytes().splitlines() if b"torn" not in line]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert [line["prev"] for line in lines[1:]] == [line["seal"] for line in lines[:-1]]
    assert "canary" not in ledger.read_text()


@pytest.mark.parametrize("key_", [None, ""])
def test_f18_without_a_key_nothing_is_erased(settle_here: Settle, key_: str | None) -> None:
    """Exit code 2, with the line that makes a key; a dry run needs none."""
    house = blog(settle_here, DIHYA_PSEUDONYM_KEY=key_)
    assert house.plan().totals()["deleted"] == 2
    with pytest.raises(ConfigurationError, match="token_hex"):
        gdpr.erase(house.runtime, user="1")


def test_f18_another_key_than_the_ledgers_is_refused(settle_here: Settle, tmp_path: Path) -> None:
    """Erasures under a changed key could not be found again by a replay."""
    house = blog(settle_here)
    house.erase("3")
    house.runtime.settings = type(house.runtime.settings)(
        ledger_file=house.runtime.settings.ledger_file, pseudonym_key=(KEY + "2").encode()
    )
    with pytest.raises(ConfigurationError, match="under key"):
        gdpr.erase(house.runtime, user="1")
    assert tmp_path.exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE posts DROP COLUMN body", "posts.body is in the models but not in the database"),
        ("ALTER TABLE users ADD COLUMN old_email VARCHAR(50)", "users.old_email is in the database but not"),
        ("DROP TABLE posts", "table posts is in the models but not in the database"),
    ],
)
def test_f22_a_database_that_differs_from_the_models_is_refused(
    settle: Settle, change: str, told: str
) -> None:
    """Missing and unknown columns and tables are named; neither command goes on."""
    house = blog(settle)
    with house.engine.begin() as connection:
        connection.execute(sa.text(change))
    for act in (house.export, house.plan, lambda: gdpr.erase(house.runtime, user="1")):
        with pytest.raises(PlanRefusedError, match=told):
            act()


def test_f23_a_plan_that_changed_is_not_carried_out(settle: Settle) -> None:
    """With the hash of yesterday's plan, today's new post stops the erasure."""
    house = blog(settle)
    seen = house.plan().sha256
    house.fill({"posts": [{"id": 9, "user_id": 1, "body": "new"}]})
    before = house.dump()
    with pytest.raises(PlanRefusedError, match="hash"):
        gdpr.erase(house.runtime, user="1", plan_hash=seen)
    assert difference(before, house.dump()) == {}
    assert gdpr.erase(house.runtime, user="1", plan_hash=house.plan().sha256).outcome == "erased"


def test_f29_no_value_is_logged(settle: Settle, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    """With echo and DEBUG logging everywhere, no canary is in logs, output, trail or ledger."""
    house = blog(settle, SQLALCHEMY_ENGINE_OPTIONS={"echo": "debug"})
    caplog.clear()
    capfd.readouterr()
    with caplog.at_level(logging.DEBUG):
        house.plan()
        gdpr.export(house.runtime, user="1", output=str(house.folder / "person.zip"))
        gdpr.erase(house.runtime, user="1")
        gdpr.verify(house.runtime, user="1")
    records = "".join(path.read_text() for path in (house.folder / "records").iterdir())
    captured = capfd.readouterr()
    for text in (caplog.text, captured.out, captured.err, records):
        assert "canary" not in text


def test_an_undecided_column_stops_both(settle_here: Settle) -> None:
    """Nobody said what it holds, so it is neither given away nor left behind."""
    metadata = sa.MetaData()
    users(metadata, sa.Column("nick", sa.String(20)))
    house = settle_here(metadata)
    house.fill({"users": people()})
    assert [item.column for item in gdpr.check(house.runtime).undecided] == ["nick"]
    for act in (house.export, house.plan):
        with pytest.raises(MappingError, match=r"users\.nick"):
            act()


def test_an_owned_row_that_stays_cannot_lose_its_owner(settle: Settle) -> None:
    """The plan says so, with the way out, and nothing is changed."""
    metadata = sa.MetaData()
    users(metadata, info=delete_row())
    sa.Table("visits", metadata, key(), pointer())
    house = settle(metadata)
    house.fill({"users": people(), "visits": [{"id": 1, "user_id": 1}]})
    assert "delete_row() to the edge" in house.plan().conflicts[0]
    before = house.dump()
    with pytest.raises(PlanRefusedError, match=r"visits\.user_id"):
        gdpr.erase(house.runtime, user="1")
    assert difference(before, house.dump()) == {}


def test_an_edge_may_refuse(settle_here: Settle) -> None:
    """Open orders come first: the erasure waits for a person's decision."""
    metadata = sa.MetaData()
    users(metadata)
    sa.Table("orders", metadata, key(), pointer(info=owned_by() | refuse()))
    house = settle_here(metadata)
    house.fill({"users": people(), "orders": [{"id": 1, "user_id": 1}]})
    with pytest.raises(PlanRefusedError, match=r"orders\.user_id says refuse"):
        gdpr.erase(house.runtime, user="1")
    assert house.erase("2").outcome == "erased"


def test_a_closed_cycle_waits_for_the_commit_or_is_named(settle: Settle) -> None:
    """Rows that need each other: SQLite checks at the commit; the others say which pointer is in the way."""
    metadata = sa.MetaData()
    users(metadata)
    up = sa.Column("up", sa.Integer, nullable=False, info=mentions())
    sa.Table("a", metadata, key(), pointer(info=owned_by() | delete_row()), up)
    metadata.tables["a"].append_constraint(sa.ForeignKeyConstraint(["up"], ["a.id"]))
    house = settle(metadata)
    rows = [
        {"id": 1, "user_id": 1, "up": 1},
        {"id": 2, "user_id": 1, "up": 1},
        {"id": 3, "user_id": 2, "up": 3},
    ]
    house.fill({"users": people(), "a": rows})
    if house.engine.dialect.name == "sqlite":
        house.erase()
        assert set(house.dump()["a"]) == {(3,)}
    else:
        with pytest.raises(PlanRefusedError, match=r"a\.up closes a cycle"):
            gdpr.erase(house.runtime, user="1")


def test_a_plan_above_the_limit_is_refused(settle_here: Settle) -> None:
    """DIHYA_ERASE_ATOMIC_LIMIT bounds one transaction."""
    house = blog(settle_here, DIHYA_ERASE_ATOMIC_LIMIT=2)
    with pytest.raises(PlanRefusedError, match="3 rows"):
        gdpr.erase(house.runtime, user="1")


def test_a_key_that_is_used_again_is_a_new_person(settle: Settle) -> None:
    """SQLite hands out the highest deleted key again: the mark of the first does not hide the second."""
    metadata = blog_tables()
    metadata.tables["users"].info |= delete_row()
    house = settle(metadata)
    house.fill({"users": people()})
    house.erase("3")
    house.fill({"users": people(3)})
    assert house.tables("3") == {"users": [3]}
    with pytest.raises(ResidueError):
        gdpr.verify(house.runtime, user="3")
    assert house.erase("3").outcome == "erased"
    gdpr.verify(house.runtime, user="3")


def test_values_written_after_an_erasure_are_noticed(settle: Settle) -> None:
    """A stub that somebody fills again is no longer clean; erasing again cleans it."""
    house = blog(settle)
    house.erase()
    with house.engine.begin() as connection:
        table = house.metadata.tables["users"]
        connection.execute(table.update().where(table.c.id == 1).values(email="canary1@example.org"))
    with pytest.raises(ResidueError):
        gdpr.verify(house.runtime, user="1")
    assert house.export()["tables"]["users"][0]["data"]["email"] == "canary1@example.org"
    assert house.erase().outcome == "erased"


def test_errors_are_ours(settle_here: Settle) -> None:
    """No person without a declared kind, and both ways to name one at once, are errors of usage."""
    house = blog(settle_here)
    for user, wrong in (("1", "user:1"), (None, None), (None, "lead:1"), (None, "1")):
        with pytest.raises(DihyaError) as caught:
            gdpr.export(house.runtime, user=user, subject=wrong)
        assert caught.value.exit_code == 2
    assert subject("user")["dihya.subject"] == "user"
    assert personal("a", purpose="b")["dihya.purpose"] == ("b",)


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
def test_what_the_database_would_do_by_itself_never_reaches_others(settle: Settle, action: str) -> None:
    """ON DELETE would take another person's answer along; its pointer lets go first."""
    metadata = sa.MetaData()
    users(metadata, info=delete_row())
    parent: sa.Column[Any] = sa.Column("parent", sa.ForeignKey("notes.id", ondelete=action), info=mentions())
    owner: sa.Column[Any] = sa.Column("owner", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False)
    owner.info = owned_by() | delete_row()
    sa.Table("notes", metadata, key(), owner, parent)
    house = settle(metadata)
    notes: list[dict[str, Any]] = [{"id": 1, "owner": 1, "parent": None}, {"id": 2, "owner": 2, "parent": 1}]
    house.fill({"users": people(), "notes": [*notes, {"id": 3, "owner": 1, "parent": 2}]})
    assert f"notes.parent: ON DELETE {action}" in house.plan().cascades
    house.erase()
    assert house.dump()["notes"] == {(2,): (2, 2, None)}


def test_f12_a_read_only_database_still_exports(settle: Settle) -> None:
    """A replica can answer; the events go to the file."""
    house = blog(settle)
    house.engine.dispose()
    path = house.folder / "person.json"
    with read_only(house):
        gdpr.export(house.runtime, user="1", output=str(path), fmt="json")
    assert json.loads(path.read_text())["manifest"]["rows"] == {"users": 1, "posts": 2}
    assert "export.finished" in (house.folder / "records" / "audit.jsonl").read_text()


def test_f3_what_fails_after_the_commit_is_incomplete(
    settle_here: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 8: the erasure stands, and the same command completes the record."""
    house = blog(settle_here)

    def full(*_: object) -> None:
        raise TrailError("no")

    with monkeypatch.context() as patch:
        patch.setattr("dihya_migrate.gdpr.ledger.append", full)
        with pytest.raises(IncompleteError):
            gdpr.erase(house.runtime, user="1")
    assert house.row("users", 1)["email"] is None
    assert house.erase().outcome == "nothing"
    assert len((house.folder / "records" / "ledger.jsonl").read_bytes().splitlines()) == 1


def test_under_test_no_file_is_needed(settle: Settle) -> None:
    """An application under test keeps its trail in the table alone, and erases all the same."""
    house = blog(settle, TESTING=True, DIHYA_AUDIT_FILE=None)
    house.export()
    assert house.erase().outcome == "erased"
    assert house.events()[-1] == "erase.finished"
