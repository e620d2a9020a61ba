"""One export from its preflight to its closing event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ..audit.events import AuditEvent
from ..audit.log import Trail
from ..engines import server_of
from ..errors import DihyaError, NotFoundError, TrailError, UsageError
from ..failure import reduce
from ..gdpr.case import Case
from ..gdpr.erase import revision_of
from ..gdpr.export import Exported
from ..gdpr.export import export as write_export
from ..gdpr.formats import FORMATS, Format
from ..gdpr.output import check as check_output
from ..gdpr.output import default_name, fresh_file
from ..gdpr.quiet import quiet
from ..gdpr.text import plural
from ..runtime import Runtime
from . import _erasing
from ._person import case_of, translated, unknown


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
    case = case_of(runtime, user, subject)
    case.decided()
    trail = _trail_for_reading(runtime, case)
    trail.write(_event("export.started", case, fmt))
    try:
        with translated():
            result = _write(runtime, case, path, stream, fmt)
    except NotFoundError:
        unknown(runtime, case, "export")
        raise
    except DihyaError as error:
        with suppress(TrailError):
            trail.write(_event("export.failed", case, fmt, error=error))
        raise
    trail.write(_event("export.finished", case, fmt, result=result))
    return result


def _event(
    name: str,
    case: Case,
    fmt: Format,
    *,
    error: DihyaError | None = None,
    result: ExportResult | None = None,
) -> AuditEvent:
    detail: dict[str, str] = {"format": fmt}
    if result:
        detail |= {"file_sha256": result.sha256, "withheld": str(len(result.exported.withheld))}
    return AuditEvent(
        name=name,
        outcome="failed" if error else "ok" if result else None,
        subject=case.subject,
        map_sha256=case.data_map.sha256,
        counts=result.exported.counts if result else {},
        error=reduce(error).document() if error else {},
        detail=detail,
    )


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
