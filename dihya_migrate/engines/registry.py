"""The protocol every server answers to, and a clear refusal for the others."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from sqlalchemy.engine import Connection, Engine

from ..errors import UnsupportedDialectError


@dataclass(frozen=True, slots=True)
class LockScope:
    """What one run holds alone: a version table in a schema; the server adds the database."""

    version_table: str = "alembic_version"
    schema: str | None = None


class Server(Protocol):
    """What we ask of a database server beyond SQLAlchemy."""

    name: str
    transactional_ddl: bool
    """Can a run be undone as a whole when we own its transaction?"""

    def lock(self, engine: Engine, scope: LockScope, timeout: float) -> AbstractContextManager[None]:
        """Hold the run lock on a connection of its own, polling at most *timeout* seconds.

        Raises:
            LockTimeoutError: Another run kept it.
        """

    def migration_engine(
        self, engine: Engine, *, suspend_foreign_keys: bool
    ) -> AbstractContextManager[Engine]:
        """An engine for the migration's own connection, atomic where the server can be.

        It is a sub-engine of *engine*: listeners on it do not reach the application's connections.
        """

    def side_engine(self, engine: Engine) -> AbstractContextManager[Engine]:
        """The same database through other connections than the pool's; for short transactions of our own."""

    def snapshot(self, engine: Engine) -> AbstractContextManager[Connection]:
        """A connection that reads one unchanging state and is rolled back at the end."""

    def writing(self, engine: Engine) -> AbstractContextManager[Connection]:
        """A connection in a transaction that may write from its first statement; commits at the end."""

    def commit_under(self, connection: Connection) -> None:
        """Commit beneath a SQLAlchemy transaction that goes on, for an ``env.py`` that opened it itself."""

    def autocommit_under(self, connection: Connection) -> AbstractContextManager[None]:
        """Commit, run the block in autocommit, then go on in the transaction."""

    def after_erasure(self, engine: Engine) -> tuple[str, ...]:
        """Remove deleted bytes from disk as far as a client can; returns what is left to the operator."""


_FOLDERS = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


def server_of(engine: Engine) -> Server:
    """The server behind *engine*.

    Raises:
        UnsupportedDialectError: None of ours.
    """
    name = engine.dialect.name
    if name not in _FOLDERS:
        raise UnsupportedDialectError(name, tuple(sorted(_FOLDERS)))
    return cast("Server", import_module(f".{_FOLDERS[name]}", __package__).SERVER)
