"""Whatever is done to the table or the file behind our back, a verification finds it, and a run refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from dihya_migrate.audit.log import Trail
from dihya_migrate.errors import TrailError
from tests.integration.test_audit_trail import KEY, STEP, installed, trail_of

_PUT = (
    "INSERT INTO dihya_audit (event_id, link, late, key_id, body{})"
    " VALUES ('x', 'b', (1 = 0), 'none', '{{}}'{})"
)
TABLE: dict[str, tuple[str, tuple[str, int]]] = {
    "a text": (
        "UPDATE dihya_audit SET body = REPLACE(body, 'tester', 'nobody') WHERE position = 2",
        ("edited", 2),
    ),
    "a link": ("UPDATE dihya_audit SET link = prev WHERE position = 3", ("edited", 3)),
    "a lateness": ("UPDATE dihya_audit SET late = (1 = 1) WHERE position = 3", ("edited", 3)),
    "an id": ("UPDATE dihya_audit SET event_id = 'another' WHERE position = 3", ("edited", 3)),
    "the first": ("DELETE FROM dihya_audit WHERE position = 1", ("removed", 1)),
    "one removed": ("DELETE FROM dihya_audit WHERE position = 3", ("removed", 3)),
    "two removed": ("DELETE FROM dihya_audit WHERE position IN (2, 3)", ("removed", 2)),
    "the last": ("DELETE FROM dihya_audit WHERE position = 6", ("cut", 6)),
    "the end of the chain": ("UPDATE dihya_chain SET link = 'f'", ("edited", 6)),
    "all": ("DELETE FROM dihya_audit", ("cut", 1)),
    "one put in": (
        _PUT.format(", position", ", 7"),
        ("inserted", 7),
    ),
    "one left to be linked": (
        _PUT.format("", ""),
        ("inserted", 7),
    ),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the copy lies."""
    return tmp_path / "audit.jsonl"


@pytest.fixture(params=[KEY, None], ids=["keyed", "not keyed"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    """The trail's key."""
    found: bytes | None = request.param
    return found


@pytest.fixture
def trail(engine: sa.Engine, file: Path, key: bytes | None) -> Trail:
    """A trail of six events."""
    trail = installed(engine, file, key=key)
    for _ in range(5):
        trail.write(STEP)
    assert trail.verify().ok
    return trail


def found(trail: Trail) -> set[tuple[str, str, int]]:
    """What the verification names."""
    return {(problem.where, problem.kind, problem.position) for problem in trail.verify().problems}


@pytest.mark.parametrize("what", TABLE)
def test_a_change_of_the_table_is_found(trail: Trail, engine: sa.Engine, what: str) -> None:
    """By its kind and place."""
    statement, (kind, position) = TABLE[what]
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert ("table", kind, position) in found(trail)


def test_two_events_that_change_places_are_found(trail: Trail, engine: sa.Engine) -> None:
    """Even when their numbers are right."""
    with engine.begin() as connection:
        for old, new in ((2, 90), (4, 2), (90, 4)):
            connection.execute(sa.text(f"UPDATE dihya_audit SET position = {new} WHERE position = {old}"))
    assert ("table", "reordered", 2) in found(trail)


def test_a_tail_cut_with_its_end_set_back_is_found_by_the_file(trail: Trail, engine: sa.Engine) -> None:
    """Table and end row agree with each other then, not with the copy."""
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM dihya_audit WHERE position > 4"))
        link = connection.execute(sa.text("SELECT link FROM dihya_audit WHERE position = 4")).scalar()
        connection.execute(sa.text("UPDATE dihya_chain SET position = 4, link = :link"), {"link": link})
    assert found(trail) == {("table", "cut", 5)}
    with pytest.raises(TrailError, match="goes on to event 6"):
        trail.preflight()


def test_a_whole_table_forged_without_a_key_is_found_by_the_file(
    engine: sa.Engine, tmp_path: Path, file: Path
) -> None:
    """Without a key the links can be made anew, but the copy remembers the old ones."""
    trail = installed(engine, file, key=None)
    forger = installed(engine, tmp_path / "other.jsonl", key=None)
    trail.write(STEP)
    with engine.begin() as connection:
        rows = connection.execute(sa.text("DELETE FROM dihya_audit WHERE position = 2")).rowcount
        link = connection.execute(sa.text("SELECT link FROM dihya_audit")).scalar()
        connection.execute(sa.text("UPDATE dihya_chain SET position = 1, link = :link"), {"link": link})
    (tmp_path / "other.jsonl").unlink(missing_ok=True)
    forger.write(STEP)
    assert rows == 1
    assert found(trail) == {("file", "differs", 2)}
    with pytest.raises(TrailError, match="do not agree on event 2"):
        trail.preflight()


Lines = list[bytes]
LINES: dict[str, tuple[Callable[[Lines], Lines], tuple[str, int]]] = {
    "edited": (lambda old: [*old[:2], old[2].replace(b"tester", b"nobody"), *old[3:]], ("edited", 3)),
    "removed": (lambda old: [*old[:2], *old[3:]], ("removed", 3)),
    "swapped": (lambda old: [old[0], old[2], old[1], *old[3:]], ("reordered", 2)),
    "copied": (lambda old: [*old[:4], old[1], *old[4:]], ("inserted", 5)),
    "forged": (
        lambda old: [*old[:2], old[2].replace(b'"prev":"', b'"prev":"0'), *old[2:]],
        ("unreadable", 3),
    ),
    "cut": (lambda old: old[:-2], ("cut", 5)),
    "emptied": (lambda old: old[:0], ("cut", 1)),
    "respelt": (lambda old: [*old[:5], old[5].replace(b'":', b'": ')], ("unreadable", 6)),
}


@pytest.mark.parametrize("what", LINES)
def test_a_change_of_the_file_is_found(trail: Trail, file: Path, what: str) -> None:
    """By its kind and place, while the table still holds."""
    change, (kind, position) = LINES[what]
    changed = change(file.read_bytes().splitlines())
    file.write_bytes(b"".join(line + b"\n" for line in changed))
    problems = found(trail)
    assert ("file", kind, position) in problems
    assert all(where == "file" for where, _, _ in problems)


@pytest.mark.parametrize("what", ["a text", "the last", "the end of the chain", "one left to be linked"])
def test_a_run_refuses_a_broken_end(trail: Trail, engine: sa.Engine, what: str) -> None:
    """The cheap look before a run reads the end of the chain only, and what waits to be linked."""
    statement = TABLE[what][0].replace("position = 2", "position = 6")
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    with pytest.raises(TrailError, match="the audit trail is broken") as caught:
        trail.preflight()
    assert caught.value.exit_code == 6


def test_a_forged_waiting_row_is_never_linked(trail: Trail, engine: sa.Engine) -> None:
    """It stays where it was put, for everybody to see."""
    with engine.begin() as connection:
        connection.execute(sa.text(TABLE["one left to be linked"][0]))
    trail.write(STEP)
    assert found(trail) == {("table", "inserted", 8)}
    assert trail.verify().unlinked == 1


def test_a_refusal_is_recorded_beside_a_broken_chain(trail: Trail, engine: sa.Engine, file: Path) -> None:
    """The chain is not continued; the file takes the event alone."""
    with engine.begin() as connection:
        connection.execute(sa.text(TABLE["the last"][0]))
    trail.write(STEP)
    assert b'"position":null' in file.read_bytes().splitlines()[-1]


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_a_change_of_a_side_line_is_found(sqlite_url: str, file: Path, change: str) -> None:
    """Events written before there was a table are sealed too."""
    engine = sa.create_engine(sqlite_url)
    trail = trail_of(engine, file)
    for _ in range(3):
        trail.write(STEP)
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + (second.replace(b"tester", b"nobody") if change == "edited" else b"") + third)
    assert ("file", change, 2) in found(trail)
    trail.install()
    assert trail.verify().events == 3, "what does not hold is not adopted"
    engine.dispose()


def test_a_missing_file_that_the_application_named_is_a_problem(
    trail: Trail, engine: sa.Engine, file: Path
) -> None:
    """One that nobody asked for is only mentioned."""
    key = trail._settings.audit_key
    file.unlink()
    assert (trail.verify().ok, trail.verify().file) == (True, "absent")
    assert found(trail_of(engine, file, key=key, required=True)) == {("file", "cut", 1)}


def test_what_other_hosts_wrote_may_still_be_missing_in_this_file(
    trail: Trail, engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is behind is not a file that was cut."""
    monkeypatch.setattr("dihya_migrate.audit.pen.host", lambda: "another-host")
    trail_of(engine, tmp_path / "there.jsonl", key=trail._settings.audit_key).write(STEP)
    assert (trail.verify().problems, trail.verify().file) == ((), "behind")
