"""Carrying out one run that was let through."""

from __future__ import annotations

import os
import socket
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from .. import failure
from ..errors import DihyaError, FailedError, HalfAppliedError, MigrationError
from ..model import AppliedStep, RunResult
from . import journal as journals
from . import planning
from .journal import RunRecord
from .ports import Observer, Plan, Verdict
from .seams import Configured, Host, installed
from .site import Request, Site, read_heads
from .versions import moved_by_us
from .watch import Reports, Watch


class Execution:
    """One run: opened in journal and trail, stepped, confirmed, closed."""

    def __init__(
        self, site: Site, request: Request, plan: Plan, verdict: Verdict, observer: Observer
    ) -> None:
        self.site, self.request, self.plan = site, request, plan
        self.verdict, self.observer = verdict, observer
        self.id = str(uuid.uuid4())
        self.applied: list[AppliedStep] = []
        self.databases = {bind: site.database(bind) for bind, look in plan.looks.items() if look.ours}
        self.watches = {bind: self._watch(bind) for bind in plan.looks}

    def carry_out(self) -> RunResult:
        """Run all steps.

        Raises:
            MigrationError: A step failed and was rolled back.
            HalfAppliedError: A step failed and part of it is committed.
            FailedError: Alembic reported success, yet the heads are not committed.
        """
        started = time.perf_counter()
        self._open()
        error = self._run()
        if error is not None:  # outside its handler, so that nothing raised now has it as context
            raise self._failed(error)
        for bind, connection in self._each_side():
            self.site.journal.close(
                connection, self.id, journals.DONE, self.site.now(), to_heads=self._expected(bind)
            )
        result = RunResult(
            run_id=self.id,
            direction=self.request.direction,
            from_heads={bind: look.heads for bind, look in self.plan.looks.items()},
            to_heads={bind: self._expected(bind) for bind in self.plan.looks},
            applied=tuple(self.applied),
            findings=self.verdict.findings,
            seconds=time.perf_counter() - started,
        )
        self.observer.finished(result)
        return result

    def _run(self) -> BaseException | None:
        """What ended the run before its end."""
        try:
            with self._host() as host, installed(host), moved_by_us(), self._environment(host):
                self.site.script.run_env()
            self._confirm()
        except BaseException as error:  # noqa: BLE001 - Ctrl-C and SystemExit leave a trace too
            return error
        return None

    def _expected(self, bind: str) -> tuple[str, ...]:
        heads = self.watches[bind].heads
        return self.plan.looks[bind].heads if heads is None else heads

    def _open(self) -> None:
        self.observer.starting(self.id, self.plan)
        record = RunRecord(
            id=self.id,
            direction=self.request.direction,
            started_at=self.site.now(),
            host=f"{socket.gethostname()}:{os.getpid()}",
        )
        for bind, connection in self._each_side():
            self.site.journal.install(connection)
            self.site.journal.open(connection, record, self.plan.looks[bind].heads)
            if self.request.direction == "upgrade":  # a stamp, or another tool, may have left rows behind
                self.site.journal.forget(connection, self.plan.revisions[bind])

    def _each_side(self) -> Iterator[tuple[str, Connection]]:
        """A short transaction of our own on every database of the plan."""
        for bind, database in self.databases.items():
            with database.server.side_engine(database.engine) as side, side.begin() as connection:
                yield bind, connection

    def _watch(self, bind: str) -> Watch:
        database = self.databases.get(bind)

        def mark(connection: Connection, revision: str | None) -> None:
            if database is not None:
                self.site.journal.mark(connection, self.id, revision)

        def done(step: AppliedStep) -> None:
            self.applied.append(step)
            self.observer.step_done(step)

        def flush(connection: Connection, steps: list[AppliedStep]) -> None:
            if database is not None:
                self._write(connection, bind, steps)

        server = database.server if database else None
        return Watch(bind, self.request.direction, server, Reports(mark, done, flush))

    def _write(self, connection: Connection, bind: str, steps: list[AppliedStep]) -> None:
        """What was done, in the transaction that did it."""
        hashes = {step.revision: self.verdict.sha256.get(step.revision, "") for step in steps}
        if self.request.direction == "upgrade":
            self.site.journal.applied(connection, self.id, hashes, self.site.now())
        else:
            self.site.journal.forget(connection, hashes)
        self.observer.applied(self.id, connection, bind, [(step, hashes[step.revision]) for step in steps])

    @contextmanager
    def _host(self) -> Iterator[Host]:
        """The engines ``env.py`` gets: prepared by their server, with the events of this run alone."""
        with ExitStack() as stack:
            engines: dict[str, Engine] = dict(self.site.engines)
            for bind, database in self.databases.items():
                engines[bind] = stack.enter_context(
                    database.server.migration_engine(
                        database.engine, suspend_foreign_keys=self.verdict.suspend_foreign_keys
                    )
                )
                self.watches[bind].listen(engines[bind])
            yield Host(self.site.extensions, engines, self.site.hidden, hooks=(self._configure,))

    def _configure(self, configured: Configured, keywords: dict[str, Any]) -> None:
        database = self.databases.get(configured.bind)
        if configured.guarded and database is not None and database.server.transactional_ddl:
            keywords.setdefault("transactional_ddl", True)

    def _environment(self, host: Host) -> EnvironmentContext:
        def fn(heads: tuple[str, ...], context: MigrationContext) -> Iterator[Any]:
            return self._steps(host.seen[-1], heads, context)

        return self.site.environment(
            fn, host, destination_rev=self.request.target, tag=self.request.tag, purge=self.request.purge
        )

    def _steps(
        self, configured: Configured, heads: tuple[str, ...], context: MigrationContext
    ) -> Iterator[Any]:
        if not self.request.purge and tuple(sorted(heads)) != self.plan.looks[configured.bind].heads:
            raise FailedError("the database moved between validation and run", "run the command again")
        watch = self.watches[configured.bind]
        with watch.over(context, configured):
            for step in planning.steps(self.site.script, self.request, heads):
                yield watch.begin(step, context)
                if configured.external:
                    watch.committed(context)

    def _confirm(self) -> None:
        """See from another connection that the heads are committed.

        Alembic reports success even when the transaction belonged to someone else and was rolled back.
        """
        for bind in self.databases:
            if self._committed(bind) != self._expected(bind):
                raise FailedError(
                    "the steps ran, but their transaction was not committed",
                    "look in env.py for statements on the connection before context.configure()",
                )

    def _committed(self, bind: str) -> tuple[str, ...]:
        database = self.databases[bind]
        with database.server.side_engine(database.engine) as side:
            return read_heads(side, self.plan.looks[bind])

    def _failed(self, error: BaseException) -> BaseException:
        """Find out what is left, record it, and say it without a value."""
        try:
            half = [bind for bind, connection in self._each_side() if self._close_failed(bind, connection)]
        except SQLAlchemyError:
            half = []  # the database is gone; the next run finds the open row and looks again
        if not isinstance(error, Exception):
            return error
        told = self._tell(error, half)
        self.observer.failed(self.id, self.plan, told, half_applied=bool(half))
        return told

    def _close_failed(self, bind: str, connection: Connection) -> bool:
        """Close the run in one database; True when a revision is half applied there."""
        record = self.site.journal.run(connection, self.id)
        revision = record.revision if record is not None else None
        self.site.journal.close(
            connection,
            self.id,
            journals.HALF_APPLIED if revision else journals.FAILED,
            self.site.now(),
            to_heads=self._committed(bind),
            landed=self.watches[bind].landed if revision else (),
            revision=revision,
        )
        return revision is not None

    def _tell(self, error: Exception, half: list[str]) -> DihyaError:
        if isinstance(error, DihyaError) and not half:
            return error
        watch = next((w for w in self.watches.values() if w.revision is not None), None)
        reason = str(error) if isinstance(error, CommandError | DihyaError) else str(failure.reduce(error))
        what = reason if watch is None else f"{self._place(error, watch)}: {reason}"
        told: MigrationError
        if half:
            landed = tuple(self._landed(half))
            told = HalfAppliedError(
                f"{what}\n  landed and not undone: {'; '.join(landed) or 'unknown'}",
                "undo that by hand, or finish the revision by hand; then say so: "
                'flask db repair --accept --reason "..." (and flask db stamp REVISION, if you finished it)',
                reason=reason,
                landed=landed,
            )
        else:
            stay = bool(self.applied) and self._kept()
            kept = f"; {len(self.applied)} earlier revision(s) stay applied" if stay else ""
            told = MigrationError(
                f"{what}\n  rolled back, nothing of it is in the database{kept}", reason=reason
            )
        told.revision = None if watch is None else watch.revision
        told.reduced = failure.reduce(error).document()
        told.original = error
        return told

    def _landed(self, half: list[str]) -> Iterator[str]:
        """What landed in each database that is half applied, named where there are several."""
        for bind in half:
            where = f"{bind}: " if bind else ""
            yield from (f"{where}{line}" for line in self.watches[bind].landed)

    def _kept(self) -> bool:
        """Were steps of this run committed before the one that failed?"""
        try:
            return any(self._committed(bind) != self.plan.looks[bind].heads for bind in self.databases)
        except SQLAlchemyError:
            return False

    def _place(self, error: Exception, watch: Watch) -> str:
        """The revision that failed, file and line as far as the traceback leads there, and the bind."""
        path = Path(self.site.script.get_revision(str(watch.revision)).path)
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
        place = f"at {path.name}:{lines[-1]}" if lines else f"({path.name})"
        where = f" on bind {watch.bind!r}" if watch.bind else ""
        return f"revision {watch.revision} failed {place}{where}"
