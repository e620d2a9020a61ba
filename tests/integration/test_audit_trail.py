"""The trail on real servers: what is written, linked, copied and adopted, and what a rollback takes along."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from dihya_migrate.audit.events import AuditEvent
from dihya_migrate.audit.log import Trail
from dihya_migrate.engines import server_of
from dihya_migrate.errors import TrailError
from dihya_migrate.settings import Settings

KEY = b"k" * 32
STEP = AuditEvent(name="step.applied", revision="a1", outcome="ok")


def trail_of(
    engine: sa.Engine, file: Path | None = None, *, key: bytes | None = KEY, required: bool = False
) -> Trail:
    """A trail as the runtime makes one."""
    return Trail(
        engine=engine,
        server=server_of(engine),
        bind="",
        settings=Settings(audit_file=file, audit_key=key, audit_file_required=required),
        app="test",
        clock=lambda: datetime.now(timezone.utc),
        actor=lambda: "tester",
    )


def installed(engine: sa.Engine, file: Path | None = None, *, key: bytes | None = KEY) -> Trail:
    """A trail whose tables are there."""
    trail = trail_of(engine, file, key=key)
    trail.install()
    return trail


def names(trail: Trail) -> list[str]:
    """Names of the stored events, oldest first."""
    return [str(stored.document["event"]) for stored in trail.events()][::-1]


def lines(file: Path) -> list[dict[str, object]]:
    """The lines of a trail's file."""
    return [json.loads(line) for line in file.read_bytes().splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the copy lies; its folder is made by the trail."""
    return tmp_path / "dihya" / "audit.jsonl"


def test_an_event_is_linked_stored_and_copied(engine: sa.Engine, file: Path) -> None:
    """What is written is in the table, in the file, and verifies."""
    trail = installed(engine, file)
    trail.preflight()
    trail.write(AuditEvent(name="run.started", run_id="r1", from_heads=(), detail={"command": "upgrade"}))
    assert names(trail) == ["trail.created", "run.started"]
    assert [line["position"] for line in lines(file)] == [1, 2]
    report = trail.verify()
    assert (report.ok, report.events, report.keyed, report.late, report.file) == (True, 2, 2, 0, "whole")


def test_a_committed_change_keeps_its_events_and_a_rolled_back_one_leaves_none(
    engine: sa.Engine, file: Path
) -> None:
    """Events share the fate of the transaction they were written in."""
    trail = installed(engine, file)
    with engine.connect() as connection:
        trail.write_in(connection, [STEP])
        connection.rollback()
        trail.write_in(connection, [STEP, STEP])
        connection.commit()
    trail.settle()
    assert names(trail) == ["trail.created", "step.applied", "step.applied"]
    assert [stored.late for stored in trail.events()] == [False] * 3
    assert trail.verify().ok


def test_a_row_that_a_crash_left_unlinked_is_linked_late_by_the_next_command(engine: sa.Engine) -> None:
    """The dead command's event verifies meanwhile, and says afterwards who linked it."""
    dead = installed(engine)
    with engine.begin() as connection:
        dead.write_in(connection, [STEP])
    trail = trail_of(engine)
    assert (trail.verify().ok, trail.verify().unlinked) == (True, 1)
    trail.preflight()
    assert [(stored.position, stored.late) for stored in trail.events()] == [(2, True), (1, False)]
    assert (trail.verify().ok, trail.verify().late) == (True, 1)


def test_an_event_before_the_tables_is_adopted(engine: sa.Engine, file: Path) -> None:
    """It goes to the file alone, and into the table, marked late, once there is one; only once."""
    trail = trail_of(engine, file)
    trail.preflight()
    trail.write(AuditEvent(name="run.refused", outcome="refused", codes=("DM401",)))
    assert [(line["position"], line["chain"]) for line in lines(file)] == [(None, None)]
    assert trail.verify().ok
    trail.install()
    trail.settle()
    assert names(trail) == ["run.refused", "trail.created"]
    assert [stored.late for stored in trail.events()] == [False, True]
    assert [line["position"] for line in lines(file)] == [None, 1, 2]
    assert trail.verify().ok


def test_without_a_file_an_early_event_waits_for_the_tables(engine: sa.Engine) -> None:
    """Nothing is lost inside one process, even in a test-suite, which keeps no file."""
    trail = trail_of(engine)
    trail.write(AuditEvent(name="run.started"))
    trail.install()
    assert names(trail) == ["run.started", "trail.created"]


def test_tables_made_inside_a_rolled_back_change_are_gone(sqlite_url: str, file: Path) -> None:
    """Where DDL is transactional a failed first run leaves no table of ours; its events are in the file."""
    engine = sa.create_engine(sqlite_url)
    trail = trail_of(engine, file)
    server = server_of(engine)
    with server.migration_engine(engine, suspend_foreign_keys=False) as own, own.connect() as connection:
        transaction = connection.begin()
        trail.install(connection)
        trail.write_in(connection, [STEP])
        transaction.rollback()
    trail.write(AuditEvent(name="run.failed", outcome="failed"))
    assert not trail.installed()
    trail.install()
    assert names(trail) == ["run.failed", "trail.created"]
    engine.dispose()


def test_installing_twice_makes_one_chain(engine: sa.Engine) -> None:
    """Whoever comes second finds the tables and adds nothing."""
    installed(engine)
    trail = installed(engine)
    assert names(trail) == ["trail.created"]
    assert trail.installed()


def test_a_file_that_fell_behind_catches_up(engine: sa.Engine, tmp_path: Path) -> None:
    """Every host's file becomes a whole copy, whichever host wrote the events."""
    here, there = installed(engine, tmp_path / "here.jsonl"), trail_of(engine, tmp_path / "there.jsonl")
    for _ in range(3):
        here.write(STEP)
    there.settle()
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()


def test_a_torn_last_line_is_mended(engine: sa.Engine, file: Path) -> None:
    """A write cut short by a crash costs nothing: the event is copied again from the table."""
    trail = installed(engine, file)
    trail.write(STEP)
    file.write_bytes(file.read_bytes()[:-40])
    trail.write(STEP)
    report = trail.verify()
    assert (report.ok, report.torn_lines, report.file) == (True, 1, "whole")


def test_the_end_of_a_large_file_is_found(engine: sa.Engine, file: Path) -> None:
    """Lines of other chains and blocks of any size do not hide it."""
    trail = installed(engine, file)
    with engine.begin() as connection:
        trail.write_in(connection, [STEP] * 700)
    trail.settle()
    stranger = file.read_bytes().replace(lines(file)[0]["chain"].encode(), b"f" * 32)  # type: ignore[attr-defined]
    with file.open("ab") as stream:
        stream.write(stranger)
    trail.write(STEP)
    assert lines(file)[-1]["position"] == 702
    assert trail.verify().ok


def test_several_binds_share_one_file(sqlite_url: str, tmp_path: Path, file: Path) -> None:
    """Each database has its own chain; their lines may stand among each other."""
    engines = [sa.create_engine(sqlite_url), sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")]
    trails = [installed(engine, file) for engine in engines]
    for trail in trails * 3:
        trail.write(STEP)
    assert [trail.verify().events for trail in trails] == [4, 4]
    assert all(trail.verify().ok for trail in trails)
    for engine in engines:
        engine.dispose()


def _write_many(url: str, file: str | None, count: int) -> None:
    engine = sa.create_engine(url)
    trail = trail_of(engine, Path(file) if file else None)
    trail.install()
    for number in range(count):
        if number % 2:
            trail.write(STEP)
            continue
        with server_of(engine).writing(engine) as connection:
            trail.write_in(connection, [STEP])
        trail.settle()
    engine.dispose()


@pytest.mark.parametrize("one_file", [True, False], ids=["same host", "two hosts"])
def test_concurrent_processes_make_one_chain(database_url: str, tmp_path: Path, *, one_file: bool) -> None:
    """Two processes that install and write at once leave one contiguous chain and whole files."""
    files = [str(tmp_path / ("a.jsonl" if one_file else f"{number}.jsonl")) for number in range(2)]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(database_url, file, 12)) for file in files]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    engine = sa.create_engine(database_url)
    for file in files:
        trail = trail_of(engine, Path(file))
        trail.settle()
        report = trail.verify()
        assert (report.problems, report.events, report.file) == ((), 25, "whole")
    engine.dispose()


def test_concurrent_threads_share_one_trail(engine: sa.Engine, file: Path) -> None:
    """A trail may be used from several threads of a server."""
    trail = installed(engine, file)

    def write_five() -> None:
        for _ in range(5):
            trail.write(STEP)

    threads = [threading.Thread(target=write_five) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    report = trail.verify()
    assert (report.problems, report.events) == ((), 16)


def test_a_pool_of_one_is_enough(database_url: str, file: Path) -> None:
    """The trail has its own connections, also while the application holds its only one."""
    engine = sa.create_engine(
        database_url, poolclass=sa.QueuePool, pool_size=1, max_overflow=0, pool_timeout=1
    )
    trail = trail_of(engine, file)
    with engine.connect():
        trail.install()
        trail.preflight()
        trail.write(STEP)
        assert trail.verify().ok
    engine.dispose()


@pytest.mark.parametrize("poolclass", [sa.StaticPool, sa.pool.SingletonThreadPool])
def test_a_database_in_memory_works(poolclass: type[sa.Pool], file: Path) -> None:
    """There the trail shares the one connection, outside the application's transactions."""
    engine = sa.create_engine("sqlite://", poolclass=poolclass)
    trail = installed(engine, file)
    trail.preflight()
    with engine.begin() as connection:
        trail.write_in(connection, [STEP])
    trail.settle()
    trail.write(STEP)
    assert (trail.verify().problems, trail.verify().events) == ((), 3)
    engine.dispose()


def test_a_file_the_application_named_must_be_writable(engine: sa.Engine, tmp_path: Path) -> None:
    """Then nothing is touched."""
    (tmp_path / "taken").write_text("a file where a folder is needed")
    trail = trail_of(engine, tmp_path / "taken" / "audit.jsonl", required=True)
    with pytest.raises(TrailError, match="cannot be written") as caught:
        trail.preflight()
    assert caught.value.exit_code == 6
    assert str(tmp_path) not in str(caught.value)
    assert sa.inspect(engine).get_table_names() == []


def test_the_default_file_may_be_unwritable(
    engine: sa.Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table alone has the trail then, and one warning says so."""
    (tmp_path / "taken").write_text("a file where a folder is needed")
    trail = installed(engine, tmp_path / "taken" / "audit.jsonl")
    trail.preflight()
    trail.write(STEP)
    assert capsys.readouterr().err.count("Warning") == 1
    assert names(trail) == ["trail.created", "step.applied"]
    assert (trail.verify().ok, trail.verify().file) == (True, "absent")


def test_an_unreachable_database_leaves_the_event_in_the_file(tmp_path: Path, file: Path) -> None:
    """A failure is recorded even when the database is what failed."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'no such folder' / 'x.db'}")
    trail = trail_of(engine, file)
    trail.write(AuditEvent(name="run.failed", outcome="failed"))
    assert [line["event"]["event"] for line in lines(file)] == ["run.failed"]  # type: ignore[index]
    with pytest.raises(TrailError):
        trail.preflight()
    with pytest.raises(TrailError):
        trail_of(engine).write(STEP)
    engine.dispose()


def test_another_key_is_refused(engine: sa.Engine) -> None:
    """A process that lost the key, or has another one, does not go on with the chain."""
    installed(engine)
    for key in (None, b"x" * 32):
        with pytest.raises(TrailError, match="sealed with key"):
            trail_of(engine, key=key).preflight()
        assert [problem.kind for problem in trail_of(engine, key=key).verify().problems] == ["wrong-key"]


def test_a_chain_without_a_key_may_gain_one(engine: sa.Engine) -> None:
    """The events before it are shown as not keyed."""
    plain = installed(engine, key=None)
    with engine.begin() as connection:
        plain.write_in(connection, [STEP])
    keyed = trail_of(engine)
    keyed.write(STEP)
    assert (keyed.verify().ok, keyed.verify().events, keyed.verify().keyed) == (True, 3, 2)


def test_a_thousand_events_cost_little(engine: sa.Engine, file: Path) -> None:
    """They travel in batches: the number of statements does not grow with them."""
    trail, statements = installed(engine, file), list[str]()
    count: Callable[..., None] = lambda *args: statements.append(args[2])  # noqa: E731
    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        with engine.begin() as connection:
            trail.write_in(connection, [STEP] * 1000)
        trail.settle()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)
    assert len(statements) < 20
    assert trail.verify().events == 1001


def test_events_are_found_by_name_run_and_revision(engine: sa.Engine) -> None:
    """Newest first; ids may be shortened."""
    trail = installed(engine)
    for revision in ("abc1", "abd2", 'x"y%_'):
        trail.write(AuditEvent(name="step.applied", run_id="run-1", revision=revision))
    assert len(list(trail.events(event="step.applied", limit=2))) == 2
    assert len(list(trail.events(run="run"))) == 3
    assert [s.document["revision"] for s in trail.events(revision="ab")] == ["abd2", "abc1"]
    assert [s.document["revision"] for s in trail.events(revision='x"')] == ['x"y%_']
    assert list(trail.events(event="step")) == []
