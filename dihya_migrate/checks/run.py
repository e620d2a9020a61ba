"""Run the checks over a run's scripts and weigh what they say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ..errors import UsageError
from ..model import Finding, Severity
from ..settings import Profile
from .registry import REGISTRY, Check
from .silence import Silence, silences
from .subject import Facts, Lineage, Pending, Remark, Script, Subject

_BACKWARDS = ("lineage", "reversal")
"""The families with something to say of a downgrade; all others judge what ``upgrade()`` does."""


def chosen(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks to run, by code, name or the beginning of a code such as ``DM2``.

    Args:
        select: Only these; empty means all.
        ignore: All but these.

    Raises:
        UsageError: A word fits no check.
    """
    wanted, unwanted = _matching(select), _matching(ignore)
    return tuple(
        check for check in REGISTRY if (not wanted or check.code in wanted) and check.code not in unwanted
    )


def _matching(words: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for word in words:
        fits = {
            check.code
            for check in REGISTRY
            if check.code.startswith(word.upper()) or check.name == word.lower()
        }
        if not fits:
            raise UsageError(f"no check is called {word!r}", "flask db validate --explain all lists them")
        found |= fits
    return found


def run(
    lineage: Lineage,
    scripts: Sequence[Script],
    facts: Facts,
    profile: Profile,
    checks: Collection[Check] | None = None,
) -> tuple[Finding, ...]:
    """What *checks* (all by default) find in *scripts*, in the order of the run, the run as a whole first."""
    pending = Pending(tuple(scripts))
    asked = [
        (check, check.severity(profile))
        for check in (REGISTRY if checks is None else checks)
        if facts.direction == "upgrade" or check.family in _BACKWARDS
    ]
    speaking = [(check, severity) for check, severity in asked if severity is not None]
    whole = Subject(facts, lineage, pending)
    findings: list[Finding] = []
    for check, severity in speaking:
        if check.scope == "run":
            findings += _findings(check, severity, whole)
    by_script = [(check, severity) for check, severity in speaking if check.scope == "script"]
    for index in range(len(pending.scripts)):
        subject = Subject(facts, lineage, pending, index)
        for check, severity in by_script:
            findings += _findings(check, severity, subject)
    if facts.fresh and profile == "standard":
        return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    return tuple(findings)


def _findings(check: Check, severity: Severity, subject: Subject) -> Iterator[Finding]:
    for remark in check.verdict(subject):
        finding = _finding(check, remark.severity or severity, remark, subject)
        yield _silenced(finding, subject)


def _finding(check: Check, severity: Severity, remark: Remark, subject: Subject) -> Finding:
    step = remark.step
    revision = step.revision if step else remark.revision
    if revision is None and subject.index is not None:
        revision = subject.revision.id
    known = subject.lineage.by_id.get(revision or "")
    return Finding(
        code=check.code,
        name=check.name,
        severity=severity,
        message=remark.message,
        remedy=check.remedy,
        revision=revision,
        path=known.path if known else (step.path if step else ""),
        line=step.line if step else remark.line,
        operation=str(step) if step else "",
        table=step.table if step else None,
    )


def _silenced(finding: Finding, subject: Subject) -> Finding:
    """*finding*, or a note that somebody answers for it; what is silenced is shown, never hidden."""
    known = subject.lineage.by_id.get(finding.revision or "")
    if known is None or "dihya:" not in known.source or finding.code.startswith(("DM4", "DM53")):
        return finding
    for silence in silences(known.source):
        if silence.covers(finding.code, finding.name, finding.line) and not silence.over(subject.facts.today):
            return _noted(finding, silence)
    return finding


def _noted(finding: Finding, silence: Silence) -> Finding:
    until = f" until {silence.until}" if silence.until else ""
    return Finding(
        code=finding.code,
        name=finding.name,
        severity=Severity.INFO,
        message=f"{finding.message} (silenced{until}: {silence.reason})",
        revision=finding.revision,
        path=finding.path,
        line=finding.line,
        operation=finding.operation,
        table=finding.table,
    )
