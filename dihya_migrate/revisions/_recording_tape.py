"""The growing list of steps of one replay, and the reasons why it ended early."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import NoReturn

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import NoInspectionAvailable

from ..model import Direction, Step
from ._recording_connection import READS_ROWS
from ._recording_facts import Facts, sql_text
from ._recording_guard import StopReplayError
from .irreversible import IrreversibleError

MAX_STEPS = 20_000
"""Operations of one direction of one script; more than that is a loop that waits for a database."""
LIVE_SCHEMA = "goes on from the live schema"


class Tape:
    """Steps in the order in which a script asked for them.

    Args:
        file: The script as its code objects name it; lines are looked up in its frames.
        revision: Its id.
        path: Its path as shown to people.
        direction: Which of its functions is replayed.
    """

    def __init__(self, file: str, revision: str, path: str, direction: Direction) -> None:
        self.file, self.revision, self.path, self.direction = file, revision, path, direction
        self.steps: list[Step] = []
        self.rendered: dict[int, str] = {}
        """SQL by index of its step, when it was asked for."""
        self.bind = ""
        self.autocommit = False
        self.stopped: StopReplayError | None = None
        self._read_noted = False

    def add(self, facts: Iterable[Facts], *, batch: bool = False) -> int:
        """Note an operation and what it implies; the index of the operation itself.

        Raises:
            StopReplayError: The replay has ended before, or is endless.
        """
        if self.stopped is not None:
            raise self.stopped
        if len(self.steps) >= MAX_STEPS:
            self.stop("repeats its operations without end")
        line, own = self._line(), len(self.steps)
        for fact in facts:
            if "implied" not in fact.detail:
                own = len(self.steps)
            self.steps.append(self._step(fact, line, batch=batch))
        return own

    def _step(self, fact: Facts, line: int | None, *, batch: bool = False) -> Step:
        return Step(
            revision=self.revision,
            direction=self.direction,
            kind=fact.kind,
            table=fact.table,
            schema=fact.schema,
            columns=fact.columns,
            name=fact.name,
            sql=fact.sql,
            path=self.path,
            line=line,
            bind=self.bind,
            batch=batch,
            autocommit=self.autocommit,
            detail=fact.detail,
        )

    def _line(self) -> int | None:
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == self.file:
                return frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return None

    def statement(self, statement: object, dialect: Dialect) -> None:
        """Note SQL that went to the connection itself."""
        self.add([Facts("execute", sql=sql_text(statement, dialect))])

    def note_read(self) -> None:
        """The script looks at rows: say once that what follows may hang on them, and go on with none."""
        if not self._read_noted:
            self._read_noted = True
            self.add([Facts("not_analysed", detail={"reason": READS_ROWS, "partial": "1"})])

    def stop(self, reason: str) -> NoReturn:
        """End the replay.

        Raises:
            StopReplayError: Always.
        """
        stop = StopReplayError(reason)
        self.report(stop)
        raise stop

    def report(self, stop: StopReplayError) -> None:
        """Remember the first reason to stop, also when the script swallows it."""
        if self.stopped is None:
            detail = {"reason": stop.reason} | ({"effect": stop.effect} if stop.effect else {})
            self.steps.append(self._step(Facts("not_analysed", detail=detail), self._line()))
            self.stopped = stop

    def failed(self, error: BaseException) -> None:
        """The script raised *error*: tell its kind, never its message."""
        if self.stopped is not None:
            return
        line = _line_of(error.__traceback__, self.file)
        if isinstance(error, IrreversibleError):
            facts = Facts("irreversible", detail={"reason": error.reason})
        elif isinstance(error, NoInspectionAvailable):
            facts = Facts("not_analysed", detail={"reason": LIVE_SCHEMA})
        else:
            name = type(error).__name__
            facts = Facts("not_analysed", detail={"reason": f"raises {name}", "raises": name})
        self.steps.append(self._step(facts, line))

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        """What ``get_context().autocommit_block()`` is in a replay."""
        before, self.autocommit = self.autocommit, True
        try:
            yield
        finally:
            self.autocommit = before

    def mark_copy(self, start: int) -> None:
        """The steps from *start* on are carried out by copying their table."""
        for index in range(start, len(self.steps)):
            step = self.steps[index]
            if step.batch:
                self.steps[index] = replace(step, detail={**step.detail, "copy": "1"})


def _line_of(traceback: TracebackType | None, file: str) -> int | None:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
