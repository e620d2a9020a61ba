"""The trail of one database: what happened goes into the table, a copy into the file, one chain through both.

Order of locks, always: the file, then the row of ``dihya_chain``. The file is written after the table has
committed, so it never knows an event the table does not; what it missed it gets the next time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from itertools import islice
from typing import Protocol

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .. import failure
from ..errors import TrailError
from ..settings import Settings
from .chain import Entry, Record
from .events import AuditEvent
from .linker import Linked, Linker, NoTablesError
from .pen import Pen
from .query import StoredEvent, select
from .sinks.jsonl import AuditFile, OpenFile
from .sinks.logger import LoggerSink
from .sinks.table import TABLES_VERSION, AuditTable
from .verify import Verifier, VerifyReport

_AGAIN = frozenset({"40001", "40P01", "1213", "1205", "1020", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT"})
"""Codes after which the same transaction may well succeed: serialisation failure, deadlock, busy."""
_ATTEMPTS = 6
_PAGE = 1000


class Server(Protocol):
    """The part of ``engines.Server`` the trail uses."""

    def side_engine(self, engine: Engine) -> AbstractContextManager[Engine]:
        """The same database beside the pool."""

    def writing(self, engine: Engine) -> AbstractContextManager[Connection]:
        """A connection in a transaction that may write from its first statement; commits at the end."""

    def snapshot(self, engine: Engine) -> AbstractContextManager[Connection]:
        """A connection that reads one unchanging state."""


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
        self._table = AuditTable(settings.database_schema)
        self._file = AuditFile(settings.audit_file) if settings.audit_file else None
        self._linker = Linker(self._table, settings.audit_key, app, bind)
        self._pen = Pen(engine, bind, app, clock, actor)
        self._voice = LoggerSink()
        self._own: set[str] = set()
        """Ids of events this trail wrote inside others' transactions and has not linked yet."""
        self._held: dict[str, str] = {}
        """Events that had neither table nor file to go to; body by id."""
        self._warned = False

    def preflight(self) -> None:
        """Make sure that the next event can be written and follows an unbroken end; link what a crash left.

        Raises:
            TrailError: The file (where the application named one) or the table cannot be written, the ends
                do not agree, or the key is not the one of the last event.
        """
        self._exchange(probe=True)

    def write(self, event: AuditEvent) -> None:
        """Write *event* in a transaction of its own; the caller has none open that writes.

        Without table or database it goes to the file alone, and into the table later.

        Raises:
            TrailError: Neither can be written.
        """
        entry = self._pen.write(event)
        try:
            if not self._exchange([entry]) and not self._set_aside(entry):
                self._held[entry.id] = entry.body
        except TrailError:
            if not self._set_aside(entry):
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
        self._own.update(entry.id for entry in entries)

    def settle(self) -> None:
        """Link what has been committed and bring the file up to date; the caller has no open write.

        Raises:
            TrailError: It cannot be done now. The events stay in the table; the next command links them.
        """
        self._exchange()

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
            raise _unreadable(error) from None

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
            raise _unreadable(error) from None

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
                    file=self._file,
                    required=self._settings.audit_file_required,
                    key=self._settings.audit_key,
                ).run()
        except (SQLAlchemyError, OSError) as error:
            raise _unreadable(error) from None

    def _exchange(self, new: Sequence[Entry] = (), *, probe: bool = False) -> bool:
        """Link *new* and all that waits, then copy it to the file; False: there are no tables."""
        try:
            with ExitStack() as stack:
                file = self._open(stack)
                side = stack.enter_context(self._server.side_engine(self._engine))
                linked = self._link(side, file, new, probe=probe)
                self._copy(side, file, linked)
        except NoTablesError:
            return False
        except SQLAlchemyError as error:
            raise _unwritable(error) from None
        for record in linked.records:
            self._own.discard(record.event_id)
            self._held.pop(record.event_id, None)
        self._voice.put(linked.records)
        return True

    def _link(self, side: Engine, file: OpenFile | None, new: Sequence[Entry], *, probe: bool) -> Linked:
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._link_once(side, file, new, probe=probe)
            except DBAPIError as error:
                if failure.reduce(error).code not in _AGAIN:
                    raise
                time.sleep(0.02 * 2**attempt)
        return self._link_once(side, file, new, probe=probe)

    def _link_once(self, side: Engine, file: OpenFile | None, new: Sequence[Entry], *, probe: bool) -> Linked:
        with self._server.writing(side) as connection:
            return self._linker.link(connection, file, new, own=self._own, held=self._held, probe=probe)

    def _copy(self, side: Engine, file: OpenFile | None, linked: Linked) -> None:
        """Give the file every event it does not have yet, so that each host's copy is whole."""
        if file is None:
            return
        try:
            if linked.tail.position == linked.start:
                file.put(linked.records)
                return
            with side.connect() as connection:
                for page in _pages(self._table.linked(connection, linked.chain, linked.tail.position)):
                    file.put(page)
        except OSError as error:
            self._no_file(error)

    def _set_aside(self, entry: Entry) -> bool:
        """Keep in the file an event that cannot go to the table; False: there is no such file."""
        try:
            with ExitStack() as stack:
                if file := self._open(stack):
                    file.put_aside([entry.body], self._settings.audit_key)
                    return True
        except OSError as error:
            self._no_file(error)
        return False

    def _open(self, stack: ExitStack) -> OpenFile | None:
        if self._file is None:
            return None
        try:
            return stack.enter_context(self._file.locked())
        except OSError as error:
            self._no_file(error)
            return None

    def _no_file(self, error: OSError) -> None:
        """Refuse where the application named the file; else say so once and go on with the table alone."""
        reason = failure.reduce(error)
        if self._settings.audit_file_required:
            raise TrailError(
                f"the file of the audit trail cannot be written ({reason})",
                "give the process write access to DIHYA_AUDIT_FILE, or name another file",
            ) from None
        if not self._warned:
            self._warned = True
            sys.stderr.write(
                f"Warning: the copy of the audit trail in the instance folder cannot be written ({reason}); "
                "only the table has it. DIHYA_AUDIT_FILE names another place.\n"
            )

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


def _pages(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while page := list(islice(iterator, _PAGE)):
        yield page


def _unwritable(error: SQLAlchemyError) -> TrailError:
    return TrailError(
        f"the audit trail cannot be written ({failure.reduce(error)})",
        "see that the database can be reached and that its user may write dihya_audit and dihya_chain",
    )


def _unreadable(error: Exception) -> TrailError:
    return TrailError(
        f"the audit trail cannot be read ({failure.reduce(error)})",
        "see that the database and the file can be reached and read",
    )
