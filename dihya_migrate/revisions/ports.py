"""What a run needs from outside this package; :mod:`dihya_migrate.actions` provides it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.engine import Connection, Engine

from ..errors import DihyaError
from ..model import AppliedStep, Direction, Finding, RunResult
from .journal import RunRecord


class Server(Protocol):
    """The part of ``engines.Server`` a run uses."""

    transactional_ddl: bool

    def migration_engine(
        self, engine: Engine, *, suspend_foreign_keys: bool
    ) -> AbstractContextManager[Engine]:
        """An engine for the migration's own connection."""

    def side_engine(self, engine: Engine) -> AbstractContextManager[Engine]:
        """The same database beside the pool."""

    def commit_under(self, connection: Connection) -> None:
        """Commit beneath a transaction that ``env.py`` holds, which goes on."""

    def autocommit_under(self, connection: Connection) -> AbstractContextManager[None]:
        """Autocommit for a while beneath a transaction that ``env.py`` holds."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database of the application."""

    bind: str
    engine: Engine
    server: Server
    lock: Callable[[float], AbstractContextManager[None]]
    """Holds the run lock, waiting at most so many seconds for it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What ``env.py`` and the database said before anything ran."""

    bind: str
    heads: tuple[str, ...]
    version_table: str
    version_table_schema: str | None
    per_migration: bool
    ours: bool
    """The connection leads to the application's database of that bind, so our tables are within reach."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which revisions a run would apply or undo, by bind."""

    direction: Direction
    target: str
    looks: Mapping[str, Look]
    revisions: Mapping[str, tuple[str, ...]]
    """In running order."""

    @property
    def pending(self) -> tuple[str, ...]:
        """All revisions of all binds, each once, in running order."""
        return tuple(dict.fromkeys(id_ for ids in self.revisions.values() for id_ in ids))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided of a plan it let pass."""

    findings: tuple[Finding, ...] = ()
    suspend_foreign_keys: bool = False
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Script hash by revision."""


class Gate(Protocol):
    """Validation in front of a run."""

    def history(self, looks: Mapping[str, Look]) -> None:
        """Let the scripts and the databases' heads pass, before anything is planned.

        Raises:
            ValidationRefusedError: The history is broken.
        """

    def __call__(self, plan: Plan) -> Verdict:
        """Let *plan* pass.

        Raises:
            ValidationRefusedError: It must not run.
        """


class Observer(Protocol):
    """Whoever writes the audit trail and the progress."""

    def starting(self, run_id: str, plan: Plan) -> None:
        """Before the first step, on its own transaction; raising stops the run."""

    def applied(
        self, run_id: str, connection: Connection, bind: str, steps: Sequence[tuple[AppliedStep, str]]
    ) -> None:
        """In the transaction of *steps*, each with the hash of its script."""

    def step_done(self, step: AppliedStep) -> None:
        """For progress; the step may not be committed yet."""

    def finished(self, result: RunResult) -> None:
        """After the committed heads were seen from another connection."""

    def failed(self, run_id: str, plan: Plan, error: DihyaError, *, half_applied: bool) -> None:
        """After a failure; the migration's transaction is over."""

    def recovered(self, bind: str, record: RunRecord) -> None:
        """An earlier run ended without a word."""
