"""One application's databases and scripts as a run sees them, and a first look at where they stand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine

from ..model import Direction
from .journal import Journal
from .lazy import LazyScriptDirectory
from .ports import Database, Look
from .refusals import refusal
from .seams import Host, installed, prepare


@dataclass(frozen=True, slots=True)
class Request:
    """What to run."""

    direction: Direction
    target: str | tuple[str, ...]
    tag: str | None = None
    purge: bool = False
    """``stamp --purge``: empty the version table first."""


@dataclass
class Site:
    """One application's databases and scripts, as a run sees them.

    Attributes:
        engines: All engines of the application by bind name; the default bind is the empty string.
        database: Makes what a run needs of one bind; only asked for binds that ``env.py`` visits.
        extensions: ``app.extensions``; ``env.py`` looks itself up there.
        hidden: Says of a table name whether it is ours.
        lock_timeout: Seconds.
    """

    config: Config
    engines: Mapping[str, Engine]
    database: Callable[[str], Database]
    extensions: Any
    hidden: Callable[[str | None], bool]
    journal: Journal
    clock: Callable[[], datetime]
    lock_timeout: float

    @cached_property
    def script(self) -> ScriptDirectory:
        """The scripts, read once a run.

        Raises:
            NotFoundError: There is no migrations folder.
        """
        try:
            return LazyScriptDirectory.from_config(self.config)
        except CommandError as error:
            raise refusal(error) from None

    def environment(self, fn: Any, host: Host, **options: Any) -> EnvironmentContext:
        """An environment for ``env.py`` with our work function *fn*."""
        return prepare(EnvironmentContext(self.config, self.script, fn=fn, **options), host)

    def host(self) -> Host:
        """The application's own engines; nothing of a run is attached to them."""
        return Host(self.extensions, self.engines, self.hidden)

    def now(self) -> str:
        """UTC, RFC 3339 with microseconds."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def look(site: Site) -> dict[str, Look]:
    """Run ``env.py`` once without a step, to learn what it configures and where each database stands."""
    looks: dict[str, Look] = {}
    host = site.host()

    def fn(heads: tuple[str, ...], context: MigrationContext) -> list[Any]:
        configured = host.seen[-1]
        looks[configured.bind] = Look(
            bind=configured.bind,
            heads=tuple(sorted(heads)),
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            per_migration=bool(context.opts.get("transaction_per_migration")),
            ours=configured.guarded or _same(site, configured.bind, context.connection),
        )
        return []

    with installed(host), _unheard(), site.environment(fn, host, dont_mutate=True):
        site.script.run_env()
    return looks


@contextmanager
def _unheard() -> Iterator[None]:
    """The stock ``env.py`` announces that it migrates each database, which a mere look does not."""
    logger = logging.getLogger("alembic.env")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _same(site: Site, bind: str, connection: Connection | None) -> bool:
    """Does an engine that ``env.py`` made itself lead to the database of *bind*?"""
    engine = site.engines.get(bind)
    return engine is not None and connection is not None and connection.engine.url == engine.url


def read_heads(engine: Engine, look: Look) -> tuple[str, ...]:
    """The committed heads, seen over *engine*; () when there is no version table."""
    table = sa.table(look.version_table, sa.column("version_num"), schema=look.version_table_schema)
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(look.version_table, schema=look.version_table_schema):
            return ()
        return tuple(sorted(str(row[0]) for row in connection.execute(sa.select(table.c.version_num))))
