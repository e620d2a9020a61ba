"""The vocabulary that every layer shares: frozen records, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Direction = Literal["upgrade", "downgrade", "stamp"]


class Severity(str, Enum):
    """How much a finding weighs; ``error`` stops a run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration script as read from its file, without running it."""

    id: str
    parents: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    docstring: str = ""
    path: str = ""
    """Relative to the migrations folder, with forward slashes."""
    sha256: str = ""
    """Of the file's bytes with line ends as LF, in hexadecimal."""
    source: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnFact:
    """What a step says of one column."""

    name: str
    type: str = ""
    """As the dialect renders it, e.g. ``VARCHAR(50)``; empty when the step does not say."""
    nullable: bool | None = None
    server_default: str | None = None
    primary_key: bool = False
    references: str | None = None
    """``table.column`` of a foreign key."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of one migration, as the recorder saw it.

    ``kind`` is the name Alembic gives the operation (``create_table``, ``drop_column``, ``execute`` …), or
    ``not_analysed`` where the script could not be replayed (``detail["reason"]`` says why).
    """

    revision: str
    direction: Direction
    kind: str
    table: str | None = None
    schema: str | None = None
    columns: tuple[ColumnFact, ...] = ()
    name: str | None = None
    """Of the index or constraint."""
    sql: str | None = None
    """Raw SQL of an ``execute``."""
    path: str = ""
    line: int | None = None
    bind: str = ""
    batch: bool = False
    """Inside ``batch_alter_table``: SQLite may copy the table."""
    autocommit: bool = False
    """Inside ``autocommit_block``."""
    detail: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [self.kind, self.table or "", ", ".join(c.name for c in self.columns), self.name or ""]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of one check."""

    code: str
    """Printed, silenced and documented under this name for ever."""
    name: str
    severity: Severity
    message: str
    """What will happen, naming the table."""
    remedy: str = ""
    """What to write instead, ready to paste."""
    revision: str | None = None
    path: str = ""
    line: int | None = None
    operation: str = ""
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a validation found."""

    findings: tuple[Finding, ...] = ()
    revisions: int = 0
    """How many scripts were looked at."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop a run."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True)
class AppliedStep:
    """One revision that ran."""

    revision: str
    direction: Direction
    message: str = ""
    seconds: float = 0.0
    bind: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did, for callers and for ``--format json``."""

    run_id: str = ""
    direction: Direction = "upgrade"
    from_heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    to_heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Heads by bind name; the default bind is the empty string."""
    applied: tuple[AppliedStep, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """What else was noticed, such as an earlier run that was interrupted."""


@dataclass(frozen=True, slots=True)
class PlannedRevision:
    """One revision that would run."""

    id: str
    message: str = ""
    bind: str = ""
    operations: tuple[str, ...] = ()
    sql: tuple[str, ...] = ()
    """One statement each, where it could be rendered."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a run would do from where the databases stand."""

    direction: Direction
    heads: Mapping[str, tuple[str, ...]]
    """By bind name, now."""
    revisions: tuple[PlannedRevision, ...] = ()
    findings: tuple[Finding, ...] = ()
    sha256: str = ""
    """Of direction, heads, revisions and script hashes: the same plan has the same hash."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is told of one past run."""

    id: str
    direction: str
    state: str
    started_at: str
    finished_at: str | None
    host: str
    revision: str | None = None
    landed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """Where one database stands."""

    bind: str
    dialect: str
    heads: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Heads that no script of this build has."""
    last_run: RunFacts | None = None
    half_applied: RunFacts | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Where the scripts and every database stand."""

    script_heads: tuple[str, ...]
    databases: tuple[DatabaseStatus, ...]
