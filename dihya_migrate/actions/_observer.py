"""Writes a run's events to the audit trail of every database it touches."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from ..audit.events import AuditEvent
from ..errors import DihyaError, MigrationError
from ..model import AppliedStep, RunResult
from ..revisions.journal import RunRecord
from ..revisions.ports import Plan
from ..runtime import Runtime
from ._types import OnStep


class TrailObserver:
    """See :class:`dihya_migrate.revisions.ports.Observer`.

    Args:
        on_step: Told of each step, for progress.
    """

    def __init__(self, runtime: Runtime, on_step: OnStep | None = None) -> None:
        self.runtime, self.on_step = runtime, on_step
        self.notes: list[str] = []

    def starting(self, run_id: str, plan: Plan) -> None:
        """Intent, before anything is touched; a trail that cannot be written stops the run here."""
        for bind, look in plan.looks.items():
            if look.ours:
                trail = self.runtime.trail(bind)
                trail.preflight()
                trail.install()
                trail.write(
                    AuditEvent(
                        name="run.started",
                        run_id=run_id,
                        direction=plan.direction,
                        from_heads=look.heads,
                        counts={"revisions": len(plan.revisions[bind])},
                        detail={"target": plan.target},
                    )
                )

    def applied(
        self, run_id: str, connection: Connection, bind: str, steps: Sequence[tuple[AppliedStep, str]]
    ) -> None:
        """What was done, in its own transaction."""
        events = [
            AuditEvent(
                name="step.applied",
                run_id=run_id,
                direction=step.direction,
                revision=step.revision,
                script_sha256=digest or None,
                duration_ms=round(step.seconds * 1000),
                outcome="ok",
            )
            for step, digest in steps
        ]
        self.runtime.trail(bind).write_in(connection, events)

    def step_done(self, step: AppliedStep) -> None:
        """Pass progress on."""
        if self.on_step is not None:
            self.on_step(step)

    def finished(self, result: RunResult) -> None:
        """The outcome; writing it links the steps' events too."""
        name = "stamp.applied" if result.direction == "stamp" else "run.finished"
        for bind, heads in result.to_heads.items():
            if bind in self.runtime.binds:
                self.runtime.trail(bind).write(
                    AuditEvent(
                        name=name,
                        run_id=result.run_id,
                        direction=result.direction,
                        from_heads=result.from_heads[bind],
                        to_heads=heads,
                        counts={"revisions": sum(step.bind == bind for step in result.applied)},
                        duration_ms=round(result.seconds * 1000),
                        outcome="ok",
                    )
                )

    def failed(self, run_id: str, plan: Plan, error: DihyaError, *, half_applied: bool) -> None:
        """The failure; when the trail fails as well, the first error matters more."""
        reduced = error.reduced if isinstance(error, MigrationError) else {"class": type(error).__name__}
        for bind, look in plan.looks.items():
            if look.ours:
                self._write_quietly(
                    bind,
                    AuditEvent(
                        name="run.half_applied" if half_applied else "run.failed",
                        run_id=run_id,
                        direction=plan.direction,
                        from_heads=look.heads,
                        revision=error.revision if isinstance(error, MigrationError) else None,
                        error=reduced,
                        outcome="half-applied" if half_applied else "failed",
                    ),
                )

    def recovered(self, bind: str, record: RunRecord) -> None:
        """An earlier run ended without a word."""
        self.notes.append(
            f"an earlier {record.direction} of {record.started_at[:19]}Z ({record.host}) was interrupted; "
            + (
                f"revision {record.revision} is half applied"
                if record.revision
                else "nothing of it was left open"
            )
        )
        self.runtime.trail(bind).write(
            AuditEvent(
                name="run.interrupted",
                run_id=record.id,
                direction=record.direction,
                revision=record.revision,
                outcome="half-applied" if record.revision else "interrupted",
            )
        )

    def refused(self, binds: Sequence[str], direction: str, codes: Sequence[str]) -> None:
        """Validation said no."""
        for bind in binds:
            self._write_quietly(
                bind,
                AuditEvent(name="run.refused", direction=direction, codes=tuple(codes), outcome="refused"),
            )

    def _write_quietly(self, bind: str, event: AuditEvent) -> None:
        try:
            self.runtime.trail(bind).write(event)
        except DihyaError as second:
            self.notes.append(f"the audit trail could not be written: {second}")
