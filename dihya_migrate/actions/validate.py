"""Validate scripts: read the history, replay it, add what the databases say, check."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import checks
from ..checks import REGISTRY, Check, Facts, Script
from ..checks.literals import literals
from ..checks.loss import targets
from ..errors import NotFoundError, RefusedError
from ..model import Finding, Report
from ..reports import pages
from ..revisions.graph import History, UnknownTargetError
from ..runtime import Runtime
from ..settings import Profile
from ._history import profile_of, read
from ._types import folder_of

if TYPE_CHECKING:
    from ..revisions.ports import Look
    from ._facts import Probe

Wanted = str | Sequence[str]


def validate(
    runtime: Runtime,
    revisions: Wanted = "",
    *,
    directory: str | Path | None = None,
    offline: bool = False,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Report:
    """Look for steps that lose data, cannot be undone, break the history or do not belong into a script.

    Args:
        runtime: The application.
        revisions: ``pending``, ``all``, or ids; empty: pending where the database answers, else all.
        directory: The migrations folder; None: the extension's.
        offline: Do not ask the databases anything.
        select: Only these checks, by code, name or beginning of a code.
        ignore: All checks but these.

    Raises:
        UsageError: *select* or *ignore* names no check.
        NotFoundError: A revision, or the folder, does not exist.
        RefusedError: ``pending`` was asked for and the databases do not tell.
    """
    chosen = checks.chosen(select, ignore)
    root = folder_of(runtime, directory)
    history = read(runtime, root, directory)
    looks = None if offline or _broken(history) else _looks(runtime, directory)
    facts = replace(facts_for(runtime, looks), target="head")  # what ``flask db upgrade`` will ask for
    ids = _ids(history, revisions, looks)
    found = run_checks(
        history,
        ids,
        facts,
        profile_of(runtime, root),
        root=root,
        binds=_binds(runtime, looks),
        checks_=chosen,
        probe=None if looks is None else _probe(runtime),
    )
    return Report(found, len(ids))


def run_checks(
    history: History,
    revisions: Sequence[str],
    facts: Facts,
    profile: Profile,
    *,
    root: Path,
    binds: Mapping[str, str] | None = None,
    config: Any = None,
    checks_: Collection[Check] | None = None,
    probe: Probe | None = None,
) -> tuple[Finding, ...]:
    """What the checks find in *revisions*: the one entry for commands and for the gate in front of a run.

    Args:
        history: The graph they lie in.
        revisions: Ids in running order; empty: only the history and the databases are looked at.
        facts: What is known besides; ``facts.dialect`` is what scripts are replayed for.
        profile: Decides how much each finding weighs.
        root: The migrations folder.
        binds: Dialects by bind, when the folder migrates several databases.
        config: Alembic's configuration, for scripts that read it.
        checks_: Only these; None: all.
        probe: Finds out which of the tables that would be destroyed are empty.
    """
    scripts = replayed(history, revisions, facts.dialect or "sqlite", root=root, binds=binds, config=config)
    if probe is not None:
        doomed = {table for script in scripts for table in targets(script)} & facts.known_tables
        if doomed:
            facts = replace(facts, empty_tables=facts.empty_tables | probe(doomed))
    return checks.run(history, scripts, facts, profile, checks_)


def replayed(
    history: History,
    revisions: Sequence[str],
    dialect: str,
    *,
    root: Path,
    binds: Mapping[str, str] | None = None,
    config: Any = None,
) -> tuple[Script, ...]:
    """*revisions* with what each of their functions would do."""
    if not revisions:
        return ()
    from ..revisions.recorder import replaying

    found = []
    with replaying(dialect, binds=binds, config=config) as replay:
        for id_ in revisions:
            revision = history.by_id[id_]
            steps = replay.both(root / revision.path, revision=id_, path=revision.path)
            found.append(Script(revision, *steps))
    return tuple(found)


def facts_for(runtime: Runtime, looks: Mapping[str, Look] | None) -> Facts:
    """What the checks are told; without *looks* nothing of the databases."""
    from ._facts import live_facts, offline_facts

    return offline_facts(runtime) if looks is None else live_facts(runtime, looks)


def excerpts(findings: Iterable[Finding], root: Path) -> dict[tuple[str, int], str]:
    """The lines that *findings* speak of, without those that hold a secret or personal data."""
    shown: dict[tuple[str, int], str] = {}
    for path, numbers in _places(findings).items():
        try:
            source = (root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        hidden = {literal.line for literal in literals(source)}
        lines = source.splitlines()
        for number in numbers - hidden:
            if number <= len(lines):
                shown[path, number] = lines[number - 1]
    return shown


def explain(word: str) -> str:
    """The page of the check called *word*; ``all`` lists every check.

    Raises:
        NotFoundError: There is no such check.
    """
    if word == "all":
        return "\n".join(
            f"{check.code} {check.name}: {check.doc.strip().splitlines()[0]}" for check in REGISTRY
        )
    check = REGISTRY.find(word)
    if check is None:
        raise NotFoundError(f"there is no check {word!r}", "flask db validate --explain all lists them")
    return pages.explain(check)


def checks_page() -> str:
    """``docs/reference/checks.md``."""
    return pages.page(REGISTRY)


def _places(findings: Iterable[Finding]) -> dict[str, set[int]]:
    places: dict[str, set[int]] = {}
    for finding in findings:
        if finding.path and finding.line:
            places.setdefault(finding.path, set()).add(finding.line)
    return places


def _broken(history: History) -> bool:
    """Would Alembic fail on this graph before it asks a database anything?"""
    return any(problem.kind != "multiple-heads" for problem in history.problems)


def _looks(runtime: Runtime, directory: str | Path | None) -> Mapping[str, Look] | None:
    """Where the databases stand; None when they do not answer."""
    from ..revisions.glance import glance
    from ._site import site_of

    return glance(site_of(runtime, directory))


def _ids(history: History, wanted: Wanted, looks: Mapping[str, Look] | None) -> tuple[str, ...]:
    if wanted == "":
        wanted = "all" if looks is None else "pending"
    if wanted == "all":
        return tuple(revision.id for revision in history.ordered)
    if wanted == "pending":
        if looks is None:
            raise RefusedError(
                "the databases do not tell which revisions are pending", "flask db validate --offline all"
            )
        return _pending(history, looks)
    words = wanted.split() if isinstance(wanted, str) else wanted
    named = {_exact(history, word) for word in words}
    return tuple(revision.id for revision in history.ordered if revision.id in named)


def _pending(history: History, looks: Mapping[str, Look]) -> tuple[str, ...]:
    """What any of the databases lacks; nothing for one whose place in the history is not known."""
    lacking: set[str] = set()
    for look in looks.values():
        try:
            lacking |= {revision.id for revision in history.path(look.heads)}
        except UnknownTargetError:
            continue
    return tuple(revision.id for revision in history.ordered if revision.id in lacking)


def _exact(history: History, word: str) -> str:
    fits = [id_ for id_ in history.by_id if id_ == word] or [
        id_ for id_ in history.by_id if id_.startswith(word)
    ]
    if word == "head" and len(history.heads) == 1:
        return history.heads[0]
    if len(fits) != 1:
        raise NotFoundError(f"there is no one revision {word!r}", "flask db history lists the revisions")
    return fits[0]


def _binds(runtime: Runtime, looks: Mapping[str, Look] | None) -> dict[str, str]:
    """Dialects by bind, for folders that migrate several databases."""
    if looks is None or len(looks) < 2:
        return {}
    from ._facts import dialects

    return {bind: name for bind, name in dialects(runtime).items() if bind in looks}


def _probe(runtime: Runtime) -> Probe:
    from ._facts import probe_of

    return probe_of(runtime)
