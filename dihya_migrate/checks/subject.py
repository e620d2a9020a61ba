"""What a check looks at: scripts with their steps, the graph, and what is known of the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

from ..model import Revision, Severity, Step
from . import sql

Table = tuple[str, str]
"""A table as (bind, name); the name is ``schema.table`` where a schema is given."""


class Problem(Protocol):
    """A fault of the graph."""

    @property
    def kind(self) -> str:
        """Name of the check that tells of it."""

    @property
    def revision(self) -> str:
        """Where."""

    @property
    def others(self) -> tuple[str, ...]:
        """The other ids or paths it concerns."""


class Lineage(Protocol):
    """The part of ``revisions.graph.History`` the checks use."""

    @property
    def by_id(self) -> Mapping[str, Revision]:
        """Revisions by id."""

    @property
    def heads(self) -> tuple[str, ...]:
        """Revisions nobody names as parent."""

    @property
    def problems(self) -> Sequence[Problem]:
        """Faults of the graph."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known besides the scripts; everything has a default that means "not known"."""

    dialect: str = ""
    """Name of the default bind's dialect."""
    direction: str = "upgrade"
    """Which way the run goes."""
    target: str = "heads"
    """What the run was asked for; ``head`` needs a single one."""
    fresh: bool = False
    """A gate in front of a database in which no revision was ever applied."""
    database_heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Version rows by bind."""
    applied_hashes: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each script when it was applied, by revision, from our journal."""
    known_tables: frozenset[Table] = frozenset()
    """Tables that exist, ours and Alembic's left out."""
    empty_tables: frozenset[Table] = frozenset()
    """Tables that were seen to hold no row."""
    version_width: int | None = None
    """Characters that fit into the version column; None: not known, 32 by default."""
    declares: bool = False
    """Does the project declare personal data at all?"""
    undecided: frozenset[tuple[str, str, str]] = frozenset()
    """Columns of the models nobody decided about, as (bind, table, column)."""
    model_tables: frozenset[Table] | None = None
    """Tables of the models when a revision is generated; None otherwise."""
    drop_limit: float = 0.5
    """Share of the known tables above which dropping is a catastrophe (0 to 1)."""
    today: date = date.max
    """For suppressions that end; without a clock every one that names a day is over."""


@dataclass(frozen=True, slots=True)
class Script:
    """One revision with what each of its functions would do."""

    revision: Revision
    upgrade: tuple[Step, ...] = ()
    downgrade: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """What one check says of one place."""

    message: str
    step: Step | None = None
    line: int | None = None
    revision: str | None = None
    """Where neither a step nor the script says it."""
    severity: Severity | None = None
    """Where the check's own does not fit."""


@dataclass(frozen=True)
class Pending:
    """All scripts of one run, in order, with the tables that are born in it."""

    scripts: tuple[Script, ...] = ()

    @cached_property
    def born(self) -> Mapping[Table, tuple[int, int]]:
        """Where each table that the run creates comes up: index of the script, index of the step."""
        found: dict[Table, tuple[int, int]] = {}
        for index, script in enumerate(self.scripts):
            for place, step in enumerate(script.upgrade):
                for table in _born_in(step, found):
                    found.setdefault(table, (index, place))
        return found


def _born_in(step: Step, born: Mapping[Table, object]) -> Iterator[Table]:
    if step.kind == "create_table":
        yield table_of(step)
    elif step.kind == "rename_table" and table_of(step) in born:
        yield (step.bind, qualified(step.detail["new_name"], step.schema))
    elif step.kind == "execute" and step.sql:
        for action in sql.actions(step.sql):
            if action.kind == "create_table":
                yield (step.bind, action.table)


@dataclass(frozen=True)
class Subject:
    """What one check is called with: one script of a run, or the run as a whole (*index* None)."""

    facts: Facts
    lineage: Lineage
    pending: Pending = field(default_factory=Pending)
    index: int | None = None

    @property
    def script(self) -> Script:
        """The script in question."""
        return self.pending.scripts[self.index or 0]

    @property
    def revision(self) -> Revision:
        """Its revision."""
        return self.script.revision

    def harmless(self, place: int, table: Table, index: int | None = None) -> bool:
        """Is *table* empty, or born earlier in the run than step *place* of this script?"""
        if table in self.facts.empty_tables:
            return True
        here = (self.index if index is None else index) or 0
        return self.pending.born.get(table, (here + 1, 0)) < (here, place)


def table_of(step: Step) -> Table:
    """The table of *step*."""
    return (step.bind, qualified(step.table or "", step.schema))


def qualified(table: str, schema: str | None) -> str:
    """``schema.table``, or the table alone."""
    return f"{schema}.{table}" if schema else table
