"""Watching one connection through a run: what each step did, what of it is committed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, TwoPhaseTransaction

from ..errors import FailedError
from ..model import AppliedStep, Direction
from .ports import Server
from .seams import Configured
from .versions import WaitingMoves

_NAME = r"[`\"\[]?([A-Za-z0-9_$.`\"\]\[]+)"
_CHANGE = re.compile(
    rf"\s*(?:--[^\n]*\n\s*)*(CREATE|ALTER|DROP|RENAME|TRUNCATE|INSERT INTO|UPDATE|DELETE FROM)\b"
    rf"(?:\s+(?:UNIQUE|TEMPORARY|OR REPLACE|FULLTEXT|SPATIAL))*"
    rf"\s*(TABLE|INDEX|VIEW|TYPE|SEQUENCE|SCHEMA|TRIGGER|FUNCTION)?"
    rf"(?:\s+(?:CONCURRENTLY|IF EXISTS|IF NOT EXISTS))*\s+{_NAME}",
    re.IGNORECASE,
)
_IMPLICIT_COMMIT = ("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE")


@dataclass(frozen=True, slots=True)
class Reports:
    """To whom a watch reports.

    Attributes:
        mark: Writes, in the step's transaction, which revision is under way (None: none).
        done: Is told of each step when it is done, committed or not.
        flush: Writes, in their transaction, that steps were applied.
    """

    mark: Callable[[Connection, str | None], None]
    done: Callable[[AppliedStep], None]
    flush: Callable[[Connection, list[AppliedStep]], None]


class Watch:
    """Follows the steps of one bind.

    Args:
        server: Of the database, or None when ``env.py`` brought an engine to somewhere else.
    """

    def __init__(self, bind: str, direction: Direction, server: Server | None, reports: Reports) -> None:
        self.bind, self.direction, self.server = bind, direction, server
        self._reports = reports
        self._waiting: WaitingMoves | None = None
        self.heads: tuple[str, ...] | None = None
        self.revision: str | None = None
        """Under way."""
        self.landed: list[str] = []
        """What of the revision under way is committed, in words without values."""
        self._statements: list[str] = []
        self._done: list[AppliedStep] = []
        self._marked = False
        self._autocommitting = False
        self._started = 0.0
        self._message = ""

    def listen(self, engine: Engine) -> None:
        """Follow statements and commits of *engine*, which belongs to this run alone."""
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "after_cursor_execute", self._after_statement)
        event.listen(engine, "commit", self._before_commit)

    @contextmanager
    def over(self, context: MigrationContext, configured: Configured) -> Iterator[None]:
        """Around all steps of one database."""
        per_step = not context.impl.transactional_ddl or bool(context.opts.get("transaction_per_migration"))
        mend = configured.external and self.server is not None

        def applied(*, step: Any, heads: set[str], **_: Any) -> None:
            self._applied(context.connection, tuple(sorted(heads)), per_step=per_step)
            del step

        if not per_step and configured.guarded and not context.on_version_apply_callbacks:
            self._waiting = WaitingMoves(context)
        context.on_version_apply_callbacks = (*context.on_version_apply_callbacks, applied)
        if mend:
            context.autocommit_block = lambda: self._autocommit(context.connection)  # type: ignore[method-assign]
        yield
        self._settle(context.connection)

    def begin(self, step: Any, context: MigrationContext) -> Any:
        """Let *step* tell us when it starts; its function keeps its name, which Alembic prints."""
        original = step.migration_fn
        revision = step.revision.revision if hasattr(step, "revision") else None

        def migration_fn(**keywords: Any) -> None:
            self.revision, self._message = revision, headline(step.doc)
            self._statements.clear()
            self.landed.clear()
            self._started = time.perf_counter()
            original(**keywords)

        migration_fn.__name__ = original.__name__
        step.migration_fn = migration_fn
        return step

    def committed(self, context: MigrationContext) -> None:
        """After a step: commit it, where ``transaction_per_migration`` asks and ``env.py`` began first."""
        connection = context.connection
        if connection is None or self.server is None or not context.opts.get("transaction_per_migration"):
            return
        if not isinstance(connection.get_transaction(), TwoPhaseTransaction):
            self.server.commit_under(connection)

    def _applied(self, connection: Connection | None, heads: tuple[str, ...], *, per_step: bool) -> None:
        self.heads = heads
        if self.revision is None:  # a stamp runs no script
            return
        seconds = time.perf_counter() - self._started
        step = AppliedStep(self.revision, self.direction, self._message, seconds, self.bind)
        self._done.append(step)
        self._reports.done(step)
        self.revision = None
        self._statements.clear()
        if self._marked:
            self._mark(connection, None)
        if per_step:
            self._settle(connection)

    def _settle(self, connection: Connection | None) -> None:
        """Write what waits: it must be in the transaction that is about to be committed."""
        if connection is None:
            return
        if self._waiting is not None:
            self._waiting.send(connection)
        done, self._done = self._done, []
        if done:
            self._reports.flush(connection, done)

    def _mark(self, connection: Connection | None, revision: str | None) -> None:
        if connection is not None:
            self._reports.mark(connection, revision)
            self._marked = revision is not None

    def _before_commit(self, connection: Connection) -> None:
        """A commit in the middle of a step, as ``autocommit_block`` makes it: the step leaves a trace."""
        if self.revision is not None:
            self._settle(connection)
            self.landed += map(describe, self._statements)
            self._statements.clear()
            self._mark(connection, self.revision)

    @contextmanager
    def _autocommit(self, connection: Connection | None) -> Iterator[None]:
        if connection is None or self.server is None:
            raise FailedError("autocommit_block needs a connection")
        self._before_commit(connection)
        with self.server.autocommit_under(connection):
            self._autocommitting = True
            try:
                yield
            finally:
                self._autocommitting = False

    def _before_statement(self, connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        """See what is about to look at the version table, or to commit by itself.

        The first DDL of a revision does so on MySQL; the mark goes in front of it, and is committed with it.
        """
        if self._waiting is not None and self._waiting.concern(statement):
            self._waiting.send(connection)
        if self.revision is not None and not self._marked and self._commits(statement):
            self._mark(connection, self.revision)

    def _after_statement(self, connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if self.revision is None or not _CHANGE.match(statement) or "dihya_run" in statement:
            return
        self._statements.append(statement)
        level = connection.get_execution_options().get("isolation_level")
        autocommit = self._autocommitting or level == "AUTOCOMMIT"
        if autocommit or self._commits(statement):
            self.landed += map(describe, self._statements)
            self._statements.clear()

    def _commits(self, statement: str) -> bool:
        """Does *statement* commit by itself on this server?"""
        return self.server is not None and not self.server.transactional_ddl and _is_ddl(statement)


def headline(doc: str | None) -> str:
    """The first line of a script's docstring; Alembic's own trailer is none."""
    first = (doc or "").strip().partition("\n")[0].strip()
    return "" if first.startswith(("Revision ID:", "Revises:", "Create Date:")) else first


def _is_ddl(statement: str) -> bool:
    return statement.lstrip()[:8].upper().startswith(_IMPLICIT_COMMIT)


def describe(statement: str) -> str:
    """The verb and the object of *statement*; nothing of its values."""
    match = _CHANGE.match(statement)
    if match is None:
        return "a statement"
    verb, kind, name = match.group(1), match.group(2), match.group(3)
    return " ".join(part for part in (verb.upper(), (kind or "").upper(), name.strip('`"[]')) if part)
