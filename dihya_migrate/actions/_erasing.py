"""One erasure from its preflight to the last line of its record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ..audit.events import AuditEvent
from ..audit.log import Trail
from ..engines import server_of
from ..errors import (
    BusyError,
    ConfigurationError,
    DihyaError,
    IncompleteError,
    NotFoundError,
    ResidueError,
    TrailError,
    UnfitEnvironmentError,
)
from ..failure import reduce
from ..gdpr.case import Case, Survey
from ..gdpr.erase import Done, acceptable, carry_out, lock, residue, revision_of, same_as
from ..gdpr.ledger import Entry, Ledger
from ..gdpr.plan import Plan, as_counts
from ..gdpr.text import erased_text, plan_text
from ..gdpr.trouble import explain, gave_way
from ..runtime import Runtime

_ROUNDS = 3
_ATTEMPTS = 3
Outcome = Literal["planned", "erased", "nothing"]


@dataclass(frozen=True)
class EraseResult:
    """What an erasure did, or would do."""

    outcome: Outcome
    plan: Plan
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Table → rows deleted and changed, as the database counted them; empty for a plan."""
    rounds: int = 0
    """Transactions it took; more than one: something was written meanwhile, and swept."""
    left_to_operator: tuple[str, ...] = ()
    """Copies that no client of the database can reach."""

    def document(self) -> dict[str, object]:
        """For ``--format json``."""
        return {
            "outcome": self.outcome,
            "plan": self.plan.document(),
            "counts": {table: dict(row) for table, row in self.counts.items()},
            "rounds": self.rounds,
            "left_to_operator": list(self.left_to_operator),
        }

    def text(self) -> str:
        """For people."""
        if self.outcome == "nothing":
            return "Nothing to do: this person is erased, and nothing has come back"
        if self.outcome == "planned":
            return plan_text(self.plan)
        return erased_text(self.counts, self.rounds, self.left_to_operator)


def is_unknown(survey: Survey) -> bool:
    """Is there nothing to show that this person ever existed?"""
    found = survey.found
    return not found.present and survey.mark is None and not any(found.rows.values())


def planned(survey: Survey, expected: str | None) -> EraseResult:
    """The answer of a dry run.

    Raises:
        NotFoundError: There was never such a person.
        PlanRefusedError: It is not the *expected* plan.
    """
    if is_unknown(survey):
        raise _nobody()
    if not survey.clean:
        same_as(survey.plan, expected)
    return EraseResult("nothing" if survey.clean else "planned", survey.plan)


def probe(engine: sa.Engine, case: Case) -> None:
    """Write nothing, in a way that fails at once where nothing may be written.

    Raises:
        SQLAlchemyError: The database is read-only, or not there.
    """
    with server_of(engine).writing(engine) as connection:
        connection.execute(sa.delete(case.tables[case.home.name]).where(sa.false()))


def read_only(engine: sa.Engine, case: Case) -> bool:
    """Is it a replica, or a file that may only be read?"""
    try:
        probe(engine, case)
    except SQLAlchemyError as error:
        return isinstance(explain(error), UnfitEnvironmentError)
    return False


class Erasing:
    """One erasure.

    Args:
        runtime: Of the application.
        case: The person; its key is there.
        engine: A silent one.
        reason: In the operator's words.
        plan_hash: Of the plan the operator has seen.
    """

    def __init__(
        self, runtime: Runtime, case: Case, engine: sa.Engine, *, reason: str, plan_hash: str | None
    ) -> None:
        self.runtime, self.case, self.engine = runtime, case, engine
        self.reason, self.plan_hash = reason, plan_hash
        self.server = server_of(engine)
        self.trail: Trail = runtime.trail(case.part.bind)
        if runtime.settings.ledger_file is None or case.key is None:
            raise ConfigurationError("an erasure needs DIHYA_LEDGER_FILE and DIHYA_PSEUDONYM_KEY")
        self.ledger = Ledger(runtime.settings.ledger_file, case.key)

    def run(self) -> EraseResult:
        """Erase; see :func:`dihya_migrate.actions.gdpr.erase` for what it raises."""
        self._preflight()
        before = self._survey()
        if is_unknown(before):
            self._tell(
                "subject.unknown", outcome="refused", detail={"command": "erase", "kind": self.case.kind}
            )
            raise _nobody()
        if before.clean:
            with self._committed():
                self._record()
            self._tell("erase.nothing", outcome="ok")
            return EraseResult("nothing", before.plan)
        acceptable(before.plan, limit=self.runtime.settings.erase_atomic_limit, expected=self.plan_hash)
        self._tell("erase.planned", plan=before.plan, counts=as_counts(before.plan.counts()))
        started = time.monotonic()
        with self._failure_told(before.plan):
            done = self._unit(started)
        if done is None:  # somebody else was faster
            self._tell("erase.nothing", outcome="ok")
            return EraseResult("nothing", before.plan)
        with self._committed():
            try:
                rounds = 1 + self._sweep(started)
            finally:
                self._record()
            left = self.server.after_erasure(self.engine)
        return EraseResult("erased", done.plan, done.counts, rounds, left)

    # -- before

    def _preflight(self) -> None:
        """Nothing of anybody's may be read or written before each record of it can be."""
        try:
            probe(self.engine, self.case)
        except SQLAlchemyError as error:
            told = explain(error)
            if not isinstance(told, UnfitEnvironmentError):
                self._survey_schema()  # names the table that is missing
            raise told from None
        self.trail.preflight()
        if not self.trail.installed():
            self.trail.install()
        self.ledger.preflight()
        self._install_marks()

    def _survey_schema(self) -> None:
        with self.server.snapshot(self.engine) as connection:
            self.case.live(connection, erasing=True)

    def _install_marks(self) -> None:
        marks = self.case.marks
        try:
            with self.engine.begin() as connection:
                marks.install(connection)
        except SQLAlchemyError:  # another process made it at the same time
            with self.engine.connect() as connection:
                if not marks.exists(connection):
                    raise

    def _survey(self) -> Survey:
        with self.server.snapshot(self.engine) as connection:
            return self.case.survey(connection, self.case.live(connection, erasing=True))

    # -- the change

    def _unit(self, started: float, *, sweeping: bool = False) -> Done | None:
        """One transaction, repeated when the database gave way to another one; None: nothing to do."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(started, sweeping=sweeping)
            except SQLAlchemyError as error:
                if attempt == _ATTEMPTS or not gave_way(error):
                    raise
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("unreachable")

    def _once(self, started: float, *, sweeping: bool) -> Done | None:
        case = self.case
        with self.server.writing(self.engine) as connection:
            lock(connection, case)
            live = case.live(connection, erasing=True)
            survey = case.survey(connection, live)
            if is_unknown(survey) or survey.clean:
                return None
            expected = None if sweeping else self.plan_hash
            acceptable(survey.plan, limit=self.runtime.settings.erase_atomic_limit, expected=expected)
            done = carry_out(
                connection,
                case,
                survey,
                live,
                now=self.runtime.clock(),
                revision=revision_of(connection),
            )
            event = self._event(
                "erase.finished",
                plan=done.plan,
                outcome="ok",
                counts=as_counts(done.counts),
                duration_ms=int((time.monotonic() - started) * 1000),
                detail={"mode": "atomic", "trigger": "sweep" if sweeping else "request"},
            )
            self.trail.write_in(connection, [event])
        return done

    def _sweep(self, started: float) -> int:
        """Look again after the commit; what was written meanwhile goes too, in at most three rounds."""
        for swept in range(_ROUNDS + 1):
            now = self._survey()
            if now.clean:
                return swept
            if swept < _ROUNDS:
                self._unit(started, sweeping=True)
        self._tell("erase.failed", outcome="residue")
        raise residue(now.residue or {self.case.home.name: 1})

    # -- the record

    def _record(self) -> None:
        """Bring ledger and trail up to date with what is committed, also by a process that died since."""
        marks = self.case.marks
        with self.engine.connect() as connection:
            open_ = marks.unsettled(connection)
        self.ledger.append(
            [Entry(m.kind, m.ledger, m.erased_at, m.map_sha256, self.case.part.bind) for m in open_]
        )
        if open_:
            with self.server.writing(self.engine) as connection:
                marks.settle(connection, [mark.digest for mark in open_])
        self.trail.settle()

    @contextmanager
    def _committed(self) -> Iterator[None]:
        """From here on nothing can be undone: whatever fails, the erasure stands, its record may not."""
        try:
            yield
        except (ResidueError, IncompleteError):
            raise
        except (SQLAlchemyError, DihyaError) as error:
            told = explain(error) if isinstance(error, SQLAlchemyError) else error
            raise IncompleteError(
                f"the erasure is committed; what follows it is not complete ({type(told).__name__})",
                "run the same command again; it looks again and completes the record",
            ) from None

    @contextmanager
    def _failure_told(self, plan: Plan) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, DihyaError) as error:
            told = explain(error) if isinstance(error, SQLAlchemyError) else error
            with suppress(TrailError):
                outcome = "refused" if isinstance(told, BusyError) else "failed"
                self._tell("erase.failed", plan=plan, outcome=outcome, error=reduce(error).document())
            raise told from None

    def _tell(self, name: str, plan: Plan | None = None, **fields: object) -> None:
        self.trail.write(self._event(name, plan=plan, **fields))

    def _event(self, name: str, *, plan: Plan | None = None, **fields: object) -> AuditEvent:
        return AuditEvent(
            name=name,
            subject=self.case.subject,
            map_sha256=self.case.data_map.sha256,
            plan_sha256=plan.sha256 if plan else None,
            reason=self.reason or None,
            **fields,  # type: ignore[arg-type]
        )


def _nobody() -> NotFoundError:
    return NotFoundError("there is no such person", "check the identifier and the kind")
