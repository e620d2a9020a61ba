"""Answers for a person: what is held, a copy of it, its erasure, and the proof that nothing is left."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import NotFoundError, VerificationError
from ..gdpr.erase import residue
from ..gdpr.mapping import build_map
from ..gdpr.plan import Plan
from ..gdpr.quiet import quiet
from ..gdpr.records import DataMap, Undecided
from ..gdpr.text import check_text, map_markdown, map_text
from ..runtime import Runtime
from . import _erasing
from ._erasing import EraseResult
from ._exporting import ExportResult, export
from ._person import case_of, need_key, survey, translated, unknown

__all__ = [
    "CheckResult",
    "EraseResult",
    "ExportResult",
    "check",
    "data_map",
    "describe",
    "erase",
    "export",
    "verify",
]


@dataclass(frozen=True)
class CheckResult:
    """What nobody has decided; empty when the map is complete."""

    undecided: tuple[Undecided, ...]
    tables: int

    def document(self) -> dict[str, object]:
        """For ``--format json``."""
        return {"tables": self.tables, "undecided": [item.document() for item in self.undecided]}

    def text(self) -> str:
        """For people, with code to paste."""
        return check_text(self.undecided, self.tables)


def data_map(runtime: Runtime) -> DataMap:
    """The declared map of personal data, of all databases.

    Raises:
        MappingError: The declarations contradict the schema or each other.
    """
    return build_map(runtime.metadatas)


def describe(found: DataMap, layout: str) -> str:
    """The map in words; *layout* is ``text`` or ``markdown``."""
    return map_markdown(found) if layout == "markdown" else map_text(found)


def check(runtime: Runtime) -> CheckResult:
    """What nobody has decided yet.

    Raises:
        MappingError: The declarations contradict the schema or each other.
    """
    found = data_map(runtime)
    return CheckResult(found.undecided, sum(len(part.tables) for part in found.parts.values()))


def erase(
    runtime: Runtime,
    *,
    user: str | None = None,
    subject: str | None = None,
    dry_run: bool = False,
    plan_hash: str | None = None,
    reason: str = "",
) -> EraseResult:
    """Erase one person in one transaction, and prove that nothing is left.

    Args:
        runtime: Of the application.
        user: The identifier of a person of the kind ``user``, or of the only kind.
        subject: ``KIND:ID`` instead.
        dry_run: Only plan; nothing is written anywhere.
        plan_hash: Refuse unless the plan still has this hash.
        reason: Why, in the operator's words; goes to the audit trail.

    Raises:
        UsageError: The identifier is no good.
        ConfigurationError: There is no pseudonym key.
        MappingError: Something in reach is undecided.
        PlanRefusedError: The plan has a conflict, or is not the expected one.
        NotFoundError: There was never such a person.
        TrailError: Trail or ledger cannot be written; nothing was touched.
        BusyError: Another erasure holds this person.
        FailedError: The database refused; everything is as before.
        ResidueError: Personal data is still there.
    """
    case = case_of(runtime, user, subject)
    case.decided()
    engine = quiet(runtime.engine(case.part.bind))
    if dry_run:
        found = survey(engine, case)
        return _erasing.planned(found, plan_hash)
    need_key(case)
    with translated():
        return _erasing.Erasing(runtime, case, engine, reason=reason, plan_hash=plan_hash).run()


def verify(runtime: Runtime, *, user: str | None = None, subject: str | None = None) -> Plan:
    """See that an erased person is still erased; returns the plan, which has nothing left to do.

    Args:
        runtime: Of the application.
        user: The identifier of a person of the kind ``user``, or of the only kind.
        subject: ``KIND:ID`` instead.

    Raises:
        NotFoundError: There was never such a person.
        VerificationError: The person has not been erased.
        ResidueError: The person was erased, and there is personal data again.
    """
    case = case_of(runtime, user, subject)
    case.decided()
    need_key(case)
    engine = quiet(runtime.engine(case.part.bind))
    found = survey(engine, case)
    if _erasing.is_unknown(found):
        unknown(runtime, case, "verify")
        raise NotFoundError("there is no such person", "check the identifier and the kind")
    if found.mark is None:
        raise VerificationError("this person has not been erased", "flask gdpr erase")
    if not found.clean:
        raise residue(found.residue or {case.home.name: 1})
    return found.plan
