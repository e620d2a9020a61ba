"""The trail of one database: what happened goes into the table, and a copy into the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .. import failure
from ..errors import TrailError
from ..settings import Settings
from .chain import Entry
from .events import AuditEvent
from .exchange import Exchange, Server
from .pen import Pen
from .query import StoredEvent, select
from .sinks.table import TABLES_VERSION, AuditTable
from .verify import Verifier, VerifyReport


class Trail:
    """The audit trail in one database and its file.

    Args:
        bind: Name of the bind; the default one is the empty string.
        clock: The time, with a zone.
        actor: The application's own name for who acts; None: the operating system's.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        server: Server,
        bind: str,
        settings: Settings,
        app: str,
        clock: Callable[[], datetime],
        actor: Callable[[], str | None],
    ) -> None:
        self._engine, self._server, self._settings, self._bind = engine, server, settings, bind
        self._table = AuditTable(settings.database_schema, engine.dialect.name)
        self._pen = Pen(engine, bind, app, clock, actor)
        self._exchange = Exchange(
            engine=engine, server=server, settings=settings, table=self._table, app=app, bind=bind
        )

    def preflight(self) -> None:
        """Make sure that the next event can be written and follows an unbroken end; link what a crash left.

        Raises:
            TrailError: The file (where the application named one) or the table cannot be written, the ends
                do not agree, or the key is not the one of the last event.
        """
        self._run(probe=True)

    def write(self, event: AuditEvent) -> None:
        """Write *event* in a transaction of its own; the caller has none open that writes.

        Without table or database it goes to the file alone, and into the table later.

        Raises:
            TrailError: Neither can be written.
        """
        entry = self._pen.write(event)
        try:
            if not self._run([entry]) and not self._exchange.set_aside(entry):
                self._exchange.held[entry.id] = entry.body
        except TrailError:
            if not self._exchange.set_aside(entry):
                raise

    def write_in(self, connection: Connection, events: Sequence[AuditEvent]) -> None:
        """Write *events* inside the transaction of *connection*: they stay or vanish with its change.

        Raises:
            TrailError: The table is not there (see :meth:`install`) or refuses.
        """
        entries = [self._pen.write(event) for event in events]
        if not entries:
            return
        try:
            self._table.insert(connection, entries, self._settings.audit_key)
        except SQLAlchemyError as error:
            raise _unwritable(error) from None
        self._exchange.own.update(entry.id for entry in entries)

    def settle(self) -> None:
        """Link what has been committed and bring the file up to date; the caller has no open write.

        Raises:
            TrailError: It cannot be done now. The events stay in the table; the next command links them.
        """
        self._run()

    def install(self, connection: Connection | None = None) -> None:
        """Make the tables that are missing, in the transaction of *connection* where one is given.

        Raises:
            TrailError: The database refuses.
        """
        try:
            if connection is not None:
                self._create(connection)
                return
            with self._server.side_engine(self._engine) as side:
                self._create_alone(side)
        except SQLAlchemyError as error:
            raise _unwritable(error) from None
        self.settle()

    def installed(self) -> bool:
        """Are our tables in the database?

        Raises:
            TrailError: The database does not say.
        """
        try:
            with self._server.side_engine(self._engine) as side, side.connect() as connection:
                return self._table.exists(connection)
        except SQLAlchemyError as error:
            raise _unreadable(error, self._bind) from None

    def events(
        self,
        *,
        event: str | None = None,
        run: str | None = None,
        revision: str | None = None,
        limit: int | None = None,
    ) -> Iterator[StoredEvent]:
        """Stored events, newest first; *run* and *revision* may be the beginning of an id.

        Raises:
            TrailError: The table cannot be read.
        """
        wanted = {"event": event, "run_id": run, "revision": revision}
        found = ({key: value for key, value in wanted.items() if value}, limit)
        try:
            with self._server.side_engine(self._engine) as side, self._server.snapshot(side) as connection:
                yield from select(self._table, connection, *found)
        except SQLAlchemyError as error:
            raise _unreadable(error, self._bind) from None

    def verify(self) -> VerifyReport:
        """Check every event, its place, both ends, and the file against the table; changes nothing.

        Raises:
            TrailError: Table or file cannot be read.
        """
        try:
            with self._server.side_engine(self._engine) as side:
                return Verifier(
                    bind=self._bind,
                    table=self._table,
                    snapshot=lambda: self._server.snapshot(side),
                    file=self._exchange.file,
                    required=self._settings.audit_file_required,
                    key=self._settings.audit_key,
                ).run()
        except (SQLAlchemyError, OSError) as error:
            raise _unreadable(error, self._bind) from None

    def _run(self, new: Sequence[Entry] = (), *, probe: bool = False) -> bool:
        try:
            return self._exchange.run(new, probe=probe)
        except SQLAlchemyError as error:
            raise _unwritable(error) from None

    def _create(self, connection: Connection) -> None:
        chain = self._table.create(connection)
        if chain is not None:
            detail = {"chain": chain, "tables_version": str(TABLES_VERSION)}
            self.write_in(connection, [AuditEvent(name="trail.created", outcome="ok", detail=detail)])

    def _create_alone(self, side: Engine) -> None:
        try:
            with self._server.writing(side) as connection:
                self._create(connection)
        except (DBAPIError, TrailError):  # another process made them at the same time
            with side.connect() as connection:
                if not self._table.exists(connection):
                    raise


def _unwritable(error: SQLAlchemyError) -> TrailError:
    return TrailError(
        f"the audit trail cannot be written ({failure.reduce(error)})",
        "see that the database can be reached and that its user may write dihya_audit and dihya_chain",
    )


def _unreadable(error: Exception, bind: str) -> TrailError:
    return TrailError(
        f"the audit trail{f' of bind {bind!r}' if bind else ''} cannot be read ({failure.reduce(error)})",
        "see that the database and the file can be reached; --bind NAME looks at one database alone",
    )
