"""A command that dies at any instant loses no event, and is not taken for a tamperer."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dihya_migrate.audit.sinks.jsonl import OpenFile
from tests.integration.test_audit_trail import STEP, installed, lines, trail_of


def _die(*_args: Any, **_keywords: Any) -> None:
    os._exit(9)


def _die_in_the_middle_of_a_line(file: OpenFile, *_args: Any) -> None:
    file._file.write(b'{"chain":"0123')
    os._exit(9)


def _before_the_commit(_url: str) -> None:
    sa.event.listen(sa.Engine, "commit", _die)


def _after_the_commit(_url: str) -> None:
    OpenFile.put = _die  # type: ignore[method-assign]


def _while_the_file_is_written(_url: str) -> None:
    OpenFile.put = _die_in_the_middle_of_a_line  # type: ignore[method-assign,assignment]


MOMENTS: dict[str, tuple[Callable[[str], None], int]] = {
    "before the commit": (_before_the_commit, 3),
    "after the commit": (_after_the_commit, 4),
    "while the file is written": (_while_the_file_is_written, 4),
}


def _write_and_die(url: str, file: str, moment: str) -> None:
    engine = sa.create_engine(url)
    trail = trail_of(engine, Path(file))
    with engine.begin() as connection:
        trail.write_in(connection, [STEP])
    MOMENTS[moment][0](url)
    trail.settle()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_command_is_not_a_tampered_trail(database_url: str, tmp_path: Path, moment: str) -> None:
    """A verification right after it holds; the next command completes table and file."""
    file, engine = tmp_path / "audit.jsonl", sa.create_engine(database_url)
    trail = installed(engine, file)
    trail.write(STEP)
    trail.write(STEP)
    worker = multiprocessing.get_context("spawn").Process(
        target=_write_and_die, args=(database_url, str(file), moment)
    )
    worker.start()
    worker.join(60)
    assert worker.exitcode == 9
    report = trail.verify()
    assert (report.problems, report.events) == ((), MOMENTS[moment][1])
    trail.preflight()
    report = trail.verify()
    assert (report.problems, report.events, report.unlinked, report.file) == ((), 4, 0, "whole")
    assert [p.name for p in tmp_path.glob("audit*")] == ["audit.jsonl"]
    engine.dispose()


def test_an_announcement_does_not_hide_a_cut(sqlite_url: str, tmp_path: Path) -> None:
    """It speaks for the lines it holds, not for others."""
    file, engine = tmp_path / "audit.jsonl", sa.create_engine(sqlite_url)
    trail = installed(engine, file)
    for _ in range(4):
        trail.write(STEP)
    content = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(content[:3]))
    for announced, holds in (
        (content[3:], True),
        (content[3:4], False),
        (content[4:], False),
        (content, False),
    ):
        (tmp_path / "audit.jsonl.next").write_bytes(b"".join(announced))
        assert trail.verify().ok == holds
    assert len(lines(file)) == 3
    engine.dispose()
