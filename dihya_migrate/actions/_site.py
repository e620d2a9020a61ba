"""Putting an application's parts together for a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import own_tables
from ..engines import LockScope, kept_beside, server_of
from ..revisions.journal import Journal
from ..revisions.ports import Database
from ..revisions.site import Site
from ..runtime import Runtime
from ._types import XArg


def site_of(
    runtime: Runtime,
    directory: str | Path | None = None,
    x_arg: XArg = None,
    lock_timeout: float | None = None,
) -> Site:
    """The application's databases and scripts, as a run sees them."""
    wait = runtime.settings.lock_timeout if lock_timeout is None else lock_timeout
    options = runtime.configure_args
    scope = LockScope(options.get("version_table") or "alembic_version", options.get("version_table_schema"))

    def database(bind: str) -> Database:
        engine = runtime.engine(bind)
        server = server_of(engine)

        @contextmanager
        def lock(timeout: float) -> Iterator[None]:
            with server.lock(engine, scope, timeout), kept_beside(engine):
                yield

        return Database(bind, engine, server, lock)

    return Site(
        config=runtime.migrate.get_config(directory, x_arg=_list(x_arg)),
        engines=runtime.engines,
        database=database,
        extensions=runtime.extensions,
        hidden=own_tables.is_ours,
        journal=Journal(runtime.settings.database_schema),
        clock=runtime.clock,
        lock_timeout=wait,
    )


def _list(x_arg: XArg) -> str | list[str] | None:
    return x_arg if x_arg is None or isinstance(x_arg, str) else list(x_arg)
