"""Answers for a person: what is held, a copy of it, its erasure, and the proof that nothing is left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ..audit.events import AuditEvent
from ..audit.log import Trail
from ..engines import Server, server_of
from ..errors import (
    ConfigurationError,
    DihyaError,
    NotFoundError,
    TrailError,
    UsageError,
    VerificationError,
)
from ..failure import reduce
from ..gdpr.case import Case, Survey
from ..gdpr.erase import residue, revision_of
from ..gdpr.export import Exported
from ..gdpr.export import export as write_export
from ..gdpr.formats import FORMATS, Format
from ..gdpr.identify import kind_and_text, parse_key
from ..gdpr.mapping import build_map
from ..gdpr.marks import Marks
from ..gdpr.output import check as check_output
from ..gdpr.output import default_name, fresh_file
from ..gdpr.plan import Plan
from ..gdpr.quiet import quiet
from ..gdpr.records import DataMap, Undecided
from ..gdpr.text import check_text, map_markdown, map_text, plural
from ..gdpr.trouble import explain
from ..runtime import Runtime
from . import _erasing

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


@dataclass(frozen=True)
class ExportResult:
    """What was written; counts only."""

    output: str
    """The path as it was given, or ``-``."""
    format: Format
    sha256: str
    """Of the whole file."""
    exported: Exported

    def document(self) -> dict[str, object]:
        """For ``--report json``."""
        done = self.exported
        return {
            "output": self.output,
            "format": self.format,
            "sha256": self.sha256,
            "rows": dict(done.counts),
            "withheld": list(done.withheld),
            "redacted": dict(done.redacted),
            "other_people": done.people,
        }

    def text(self) -> str:
        """For people."""
        done = self.exported
        total = plural(sum(done.counts.values()), "row")
        lines = [f"Exported {total} of {plural(len(done.counts), 'table')} to {self.output}"]
        lines += [f"  {table}: {count}" for table, count in done.counts.items()]
        lines += [f"Withheld, as secrets: {', '.join(done.withheld)}"] if done.withheld else []
        hidden = sum(done.redacted.values())
        lines += [f"Redacted, as other people's: {plural(hidden, 'value')}"] if hidden else []
        return "\n".join([*lines, f"SHA-256: {self.sha256}"])


EraseResult = _erasing.EraseResult


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


def export(
    runtime: Runtime,
    *,
    user: str | None = None,
    subject: str | None = None,
    output: str | None = None,
    fmt: str = "zip",
    stream: BinaryIO | None = None,
) -> ExportResult:
    """Write everything about one person to a new, owner-only file.

    Args:
        runtime: Of the application.
        user: The identifier of a person of the kind ``user``, or of the only kind.
        subject: ``KIND:ID`` instead.
        output: A path that does not exist yet; None: a name made of the time; ``-``: *stream*.
        fmt: ``zip``, ``json``, ``jsonl`` or ``csv``.
        stream: Takes the bytes when *output* is ``-``.

    Raises:
        UsageError: The identifier, the format or the output is no good; nothing was read.
        NotFoundError: There is no such person, or they have been erased.
        PlanRefusedError: Models and database differ.
        UnfitEnvironmentError: The disk is full, or the database cannot be reached.
        TrailError: The audit trail cannot be written; nothing was read.
    """
    if fmt not in FORMATS:
        raise UsageError("there is no such format", f"known are {', '.join(FORMATS)}")
    if output == "-" and stream is None:
        raise UsageError("'-' needs a stream to write to")
    suffix = "zip" if fmt == "csv" else fmt
    path = None if output == "-" else Path(output or default_name(runtime.clock(), suffix))
    if path is not None:
        check_output(path)
    case = _case(runtime, user, subject)
    case.decided()
    trail = _trail_for_reading(runtime, case)
    about = {"subject": case.subject, "map_sha256": case.data_map.sha256, "detail": {"format": fmt}}
    trail.write(AuditEvent(name="export.started", **about))  # type: ignore[arg-type]
    try:
        with _translated():
            result = _write(runtime, case, path, stream, fmt)
    except NotFoundError:
        unknown(runtime, case, "export")
        raise
    except DihyaError as error:
        with suppress(TrailError):
            failed = AuditEvent(name="export.failed", outcome="failed", error=_told(error), **about)  # type: ignore[arg-type]
            trail.write(failed)
        raise
    detail = {"format": fmt, "file_sha256": result.sha256, "withheld": str(len(result.exported.withheld))}
    trail.write(
        AuditEvent(
            name="export.finished",
            outcome="ok",
            subject=case.subject,
            map_sha256=case.data_map.sha256,
            counts=result.exported.counts,
            detail=detail,
        )
    )
    return result


def _trail_for_reading(runtime: Runtime, case: Case) -> Trail:
    """The trail, ready; a read-only replica can answer too, its events go to the file alone."""
    trail = runtime.trail(case.part.bind)
    try:
        trail.preflight()
        if not trail.installed():
            trail.install()
    except TrailError:
        if not _erasing.read_only(quiet(runtime.engine(case.part.bind)), case):
            raise
    return trail


class _Hashing:
    """Passes bytes on and hashes them; has no ``tell``, so that writers stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.total = stream, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Pass *data* on."""
        self.total.update(data)
        return self.stream.write(data)

    def flush(self) -> None:
        """Pass on what is buffered."""
        self.stream.flush()


def _write(
    runtime: Runtime, case: Case, path: Path | None, stream: BinaryIO | None, fmt: Format
) -> ExportResult:
    engine = quiet(runtime.engine(case.part.bind))
    with server_of(engine).snapshot(engine) as connection:
        target = fresh_file(path) if path is not None else _as_it_is(cast("BinaryIO", stream))
        with target as raw:
            hashing = _Hashing(raw)
            done = write_export(
                connection,
                case,
                cast("BinaryIO", hashing),
                fmt,
                now=runtime.clock(),
                controller=runtime.settings.controller,
                revision=revision_of(connection),
            )
            hashing.flush()
    return ExportResult("-" if path is None else str(path), fmt, hashing.total.hexdigest(), done)


@contextmanager
def _as_it_is(stream: BinaryIO) -> Iterator[BinaryIO]:
    yield stream


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
    case = _case(runtime, user, subject)
    case.decided()
    engine = quiet(runtime.engine(case.part.bind))
    if dry_run:
        survey = _survey(server_of(engine), engine, case)
        return _erasing.planned(survey, plan_hash)
    _need_key(case)
    with _translated():
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
    case = _case(runtime, user, subject)
    case.decided()
    _need_key(case)
    engine = quiet(runtime.engine(case.part.bind))
    survey = _survey(server_of(engine), engine, case)
    if _erasing.is_unknown(survey):
        unknown(runtime, case, "verify")
        raise NotFoundError("there is no such person", "check the identifier and the kind")
    if survey.mark is None:
        raise VerificationError("this person has not been erased", "flask gdpr erase")
    if not survey.clean:
        raise residue(survey.residue or {case.home.name: 1})
    return survey.plan


# -- what they share


def _case(runtime: Runtime, user: str | None, subject: str | None) -> Case:
    found = data_map(runtime)
    kind, text = kind_and_text(user, subject, found.kinds)
    part = found.parts[found.kinds[kind]]
    return Case(
        found,
        part,
        dict(runtime.metadatas[part.bind].tables),
        kind,
        parse_key(part.subject_table(kind), text),
        runtime.settings.pseudonym_key,
        Marks(runtime.settings.database_schema),
        runtime.clock().date(),
    )


def _need_key(case: Case) -> None:
    if case.key is None:
        raise ConfigurationError(
            "DIHYA_PSEUDONYM_KEY is not set, and an erasure is recorded under it",
            'python -c "import secrets; print(secrets.token_hex(32))" makes one; keep it for ever',
        )


def _survey(server: Server, engine: sa.Engine, case: Case) -> Survey:
    with _translated(), server.snapshot(engine) as connection:
        return case.survey(connection, case.live(connection, erasing=True))


def unknown(runtime: Runtime, case: Case, command: str) -> None:
    """Tell the trail that somebody asked for a person who is not there."""
    detail = {"command": command, "kind": case.kind}
    event = AuditEvent(name="subject.unknown", outcome="refused", subject=case.subject, detail=detail)
    runtime.trail(case.part.bind).write(event)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise explain(error) from None


def _told(error: DihyaError) -> Mapping[str, object]:
    return reduce(error).document()
