"""Runs: upgrade, downgrade, rollback, stamp, and accepting a half-applied one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import DihyaError, LockTimeoutError, RefusedError
from ..model import Direction, RunResult
from ..runtime import Runtime
from ._boundary import alone
from ._types import OnStep, XArg, folder_of


def upgrade(
    runtime: Runtime,
    revision: str = "head",
    *,
    directory: str | Path | None = None,
    x_arg: XArg = None,
    tag: str | None = None,
    lock_timeout: float | None = None,
    on_step: OnStep | None = None,
) -> RunResult:
    """Apply all revisions up to *revision*, validated, alone, and audited.

    Args:
        runtime: The application.
        revision: As Alembic understands it: an id or its start, ``head``, ``heads``, ``+1``, ``label@head``.
        directory: The migrations folder; None: the extension's.
        x_arg: Passed to ``env.py``.
        tag: Passed to ``env.py``.
        lock_timeout: Seconds to wait for another run; None: as ``DIHYA_LOCK_TIMEOUT`` says.
        on_step: Told of each step.

    Raises:
        ValidationRefusedError: A check said no; nothing was touched.
        LockTimeoutError: Another run kept the lock.
        MigrationError: A step failed and was rolled back.
        HalfAppliedError: A step failed and part of it could not be rolled back, now or in an earlier run.
        TrailError: The audit trail cannot be written; nothing was touched.
    """
    if revision in ("head", "heads"):
        heads = _at_head(runtime, directory)
        if heads is not None:
            return RunResult(from_heads={"": heads}, to_heads={"": heads})
    return _run(runtime, "upgrade", revision, directory, x_arg, lock_timeout, on_step, tag=tag)


def downgrade(
    runtime: Runtime,
    revision: str = "-1",
    *,
    directory: str | Path | None = None,
    x_arg: XArg = None,
    tag: str | None = None,
    lock_timeout: float | None = None,
    on_step: OnStep | None = None,
) -> RunResult:
    """Undo revisions down to *revision*; arguments and errors as in :func:`upgrade`."""
    return _run(runtime, "downgrade", revision, directory, x_arg, lock_timeout, on_step, tag=tag)


def stamp(
    runtime: Runtime,
    revision: str | Sequence[str] = "head",
    *,
    directory: str | Path | None = None,
    x_arg: XArg = None,
    tag: str | None = None,
    purge: bool = False,
    lock_timeout: float | None = None,
) -> RunResult:
    """Move the version table without running a script; audited like a run."""
    target = revision if isinstance(revision, str) else tuple(revision)
    return _run(runtime, "stamp", target, directory, x_arg, lock_timeout, None, tag=tag, purge=purge)


def rollback(
    runtime: Runtime,
    runs: int = 1,
    *,
    directory: str | Path | None = None,
    lock_timeout: float | None = None,
    on_step: OnStep | None = None,
) -> RunResult:
    """Go back to where the last run, or the last *runs* runs, started; errors as in :func:`upgrade`.

    Raises:
        NotFoundError: The journal knows no run that led to where the database is.
    """
    from ..revisions import past
    from ..revisions.site import look
    from ._site import site_of

    with alone(runtime):
        site = site_of(runtime, directory, None, lock_timeout)
        target = past.start_of_last(site, look(site), runs)
    return _run(runtime, "downgrade", target, directory, None, lock_timeout, on_step)


def accept(
    runtime: Runtime,
    reason: str,
    *,
    directory: str | Path | None = None,
    lock_timeout: float | None = None,
) -> tuple[str, ...]:
    """Take the operator's word that half-applied revisions were put right by hand; returns their ids.

    Raises:
        NotFoundError: Nothing is half applied.
    """
    from ..audit.events import AuditEvent
    from ..revisions import past
    from ..revisions.site import look
    from ._site import site_of

    with alone(runtime):
        site = site_of(runtime, directory, None, lock_timeout)
        accepted = past.accept(site, look(site))
    for bind, record in accepted:
        runtime.trail(bind).write(
            AuditEvent(
                name="run.accepted", run_id=record.id, revision=record.revision, outcome="ok", reason=reason
            )
        )
    return tuple(str(record.revision) for _bind, record in accepted)


def _at_head(runtime: Runtime, directory: str | Path | None) -> tuple[str, ...] | None:
    """The heads when there is nothing to do; asked without loading Alembic."""
    from sqlalchemy.exc import SQLAlchemyError

    from ..revisions.fastpath import at_head

    if runtime.migrate.configure_callbacks:
        return None  # they may move everything we would look at
    binds = tuple(bind for bind in runtime.binds if bind)
    try:
        return at_head(
            folder_of(runtime, directory),
            runtime.engines,
            binds,
            runtime.configure_args,
            runtime.settings.database_schema,
        )
    except (OSError, SQLAlchemyError):
        return None  # the slow way finds the reason and says it


def _run(
    runtime: Runtime,
    direction: Direction,
    target: str | tuple[str, ...],
    directory: str | Path | None,
    x_arg: XArg,
    lock_timeout: float | None,
    on_step: OnStep | None,
    **options: Any,
) -> RunResult:
    from ..revisions import runner
    from ..revisions.site import Request
    from ._gate import RunGate
    from ._observer import TrailObserver
    from ._site import site_of

    observer = TrailObserver(runtime, on_step)
    with alone(runtime, lock_timeout):
        site = site_of(runtime, directory, x_arg, lock_timeout)
        gate = RunGate(runtime, site, direction, folder_of(runtime, directory))
        try:
            result = runner.run(site, Request(direction, target, **options), gate, observer)
            return replace(result, notes=tuple(observer.notes))
        except RefusedError as error:
            observer.refused(gate.binds, direction, getattr(error, "codes", ()))
            raise
        except LockTimeoutError:
            observer.refused(gate.binds, direction, ("busy",))
            raise
        except DihyaError as error:
            error.notes = (*error.notes, *observer.notes)
            raise
