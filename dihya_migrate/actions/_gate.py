"""Validation in front of a run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.engine import Dialect

from .. import checks
from ..checks import Facts, Script
from ..checks.loss import targets
from ..errors import ValidationRefusedError
from ..model import Direction, Finding, Severity, Step
from ..revisions.graph import History
from ..revisions.index import indexed_history, with_sources
from ..revisions.ports import Look, Plan, Verdict
from ..revisions.recorder import as_sql, replaying
from ..revisions.site import Site
from ..runtime import Runtime
from ._facts import live_facts, probe_of
from ._history import loaded, profile_of, read

_RAW_COPY = ("drop_table", "rename_table")
_WORDS_OF_COPIES = ("batch_alter_table", "rename_table", "RENAME TO", "rename to")


class RunGate:
    """See :class:`dihya_migrate.revisions.ports.Gate`.

    Attributes:
        binds: Of the databases the run is about, once they were looked at.
        scripts: What each revision of the plan would do, once the plan was judged.
    """

    def __init__(self, runtime: Runtime, site: Site, direction: Direction, root: Path) -> None:
        self.runtime, self.site, self.direction, self.root = runtime, site, direction, root
        self.binds: tuple[str, ...] = ()
        self.scripts: dict[str, Script] = {}
        self._history: History | None = None

    def history(self, looks: Mapping[str, Look]) -> None:
        """See :class:`dihya_migrate.revisions.ports.Gate`."""
        self.binds = tuple(bind for bind, look in looks.items() if look.ours)
        _refuse(self.remarks_on_history(looks))

    def __call__(self, plan: Plan) -> Verdict:
        """See :class:`dihya_migrate.revisions.ports.Gate`."""
        findings = self.remarks(plan)
        _refuse(findings)
        return Verdict(
            findings=findings,
            suspend_foreign_keys=any(
                _copies_a_table(self._steps(id_), self.scripts[id_].revision.source) for id_ in plan.pending
            ),
            sha256={id_: script.revision.sha256 for id_, script in self.scripts.items()},
        )

    def remarks_on_history(self, looks: Mapping[str, Look]) -> tuple[Finding, ...]:
        """What the checks say of the graph and of the databases' places in it."""
        return self._checked((), self._facts(looks, ""))

    def remarks(self, plan: Plan) -> tuple[Finding, ...]:
        """What the checks say of *plan*."""
        self.scripts = self._replay(plan.pending, plan.looks)
        facts = self._facts(plan.looks, plan.target)
        doomed = {table for script in self.scripts.values() for table in targets(script)} & facts.known_tables
        if doomed:
            facts = replace(facts, empty_tables=probe_of(self.runtime)(doomed))
        return self._checked(tuple(self.scripts.values()), facts)

    def sql(self, id_: str, bind: str) -> tuple[str, ...]:
        """The statements of one revision, as far as they can be rendered without a database."""
        rendered = as_sql(
            self.site.script.get_revision(id_).path,
            self.direction,
            self.site.engines[bind].dialect,
            revision=id_,
            binds=self._dialects(),
            config=self.site.config,
        )
        return tuple(text for step, text in rendered if step.bind == bind)

    def operations(self, id_: str, bind: str) -> tuple[str, ...]:
        """What one revision of the judged plan would do to *bind*, in words."""
        return tuple(str(step) for step in self._steps(id_) if step.bind == bind)

    def _steps(self, id_: str) -> tuple[Step, ...]:
        script = self.scripts[id_]
        return script.downgrade if self.direction == "downgrade" else script.upgrade

    def _checked(self, scripts: Sequence[Script], facts: Facts) -> tuple[Finding, ...]:
        return checks.run(self._graph(), scripts, facts, profile_of(self.runtime, self.root))

    def _facts(self, looks: Mapping[str, Look], target: str) -> Facts:
        return replace(
            live_facts(self.runtime, looks),
            direction=self.direction,
            target=target,
            fresh=not any(look.heads for look in looks.values()),
        )

    def _graph(self) -> History:
        """The history from the index; else as Alembic loaded it; where Alembic cannot, as it is written."""
        if self._history is None and not self.site.script.version_locations:
            self._history = indexed_history(self.root / "versions")
        if self._history is None:
            try:
                with _no_warnings():
                    self._history = loaded(self.site.script, self.root)
            except Exception:  # noqa: BLE001 - Alembic meets a broken graph with KeyError and worse
                self._history = read(self.runtime, self.root)
        return self._history

    def _replay(self, ids: Sequence[str], looks: Mapping[str, Look]) -> dict[str, Script]:
        graph = self._history = with_sources(self._graph(), tuple(ids), self.root)
        found: dict[str, Script] = {}
        dialect = self.site.engines[next(iter(looks), "")].dialect if looks else "sqlite"
        with replaying(dialect, binds=self._dialects(looks), config=self.site.config) as replay:
            for id_ in ids:
                revision = graph.by_id[id_]
                steps = replay.both(self.root / revision.path, revision=id_, path=revision.path)
                found[id_] = Script(revision, *steps)
        return found

    def _dialects(self, looks: Mapping[str, Look] | None = None) -> dict[str, str | Dialect] | None:
        names = self.binds if looks is None else tuple(looks)
        return {bind: self.site.engines[bind].dialect for bind in names} if len(names) > 1 else None


@contextmanager
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Alembic warns of are findings here
        yield


def _refuse(findings: Sequence[Finding]) -> None:
    """Stop the run when an error speaks.

    Raises:
        ValidationRefusedError: With all findings, worst first.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        raise ValidationRefusedError(
            f"validation refused this run: {len(errors)} error(s), first {first.code} {first.name}",
            "nothing was touched; flask db validate says what to write instead, and how to answer for it",
            tuple(finding.code for finding in errors),
            tuple(findings),
        )


def _copies_a_table(steps: Sequence[Step], source: str) -> bool:
    """Could SQLite copy a table here, by batch mode or by hand? Where it is not known, the words decide."""
    kinds = {step.kind for step in steps}
    if "not_analysed" in kinds and any(word in source for word in _WORDS_OF_COPIES):
        return True
    words = " ".join(step.sql or "" for step in steps if step.kind == "execute").upper()
    by_hand = "DROP TABLE" in words and "RENAME TO" in words
    return any(step.batch for step in steps) or kinds.issuperset(_RAW_COPY) or by_hand
