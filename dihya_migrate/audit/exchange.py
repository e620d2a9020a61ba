"""Bring table and file up to date together.

Order of locks, always: the file, then the row of ``dihya_chain``. The file is written after the table has
committed, so it never knows an event the table does not; what it missed it gets the next time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from typing import Protocol

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from .. import failure
from ..errors import TrailError
from ..settings import Settings
from .chain import Entry, Record
from .linker import Linked, Linker, NoTablesError
from .sinks import Sink
from .sinks.jsonl import AuditFile, OpenFile
from .sinks.logger import LoggerSink
from .sinks.table import AuditTable

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


class Exchange:
    """What one trail knows between two exchanges, and the exchange itself.

    Attributes:
        own: Ids of events written inside others' transactions and not linked yet.
        held: Events that had neither table nor file to go to; body by id.
    """

    def __init__(
        self, *, engine: Engine, server: Server, settings: Settings, table: AuditTable, app: str, bind: str
    ) -> None:
        self._engine, self._server, self._settings, self._table = engine, server, settings, table
        self._linker = Linker(table, settings.audit_key, app, bind)
        self._voice: Sink = LoggerSink()
        self._warned = False
        self.file = AuditFile(settings.audit_file) if settings.audit_file else None
        self.own: set[str] = set()
        self.held: dict[str, str] = {}

    def run(self, new: Sequence[Entry] = (), *, probe: bool = False) -> bool:
        """Link *new* and all that waits, then copy it to the file; False: there are no tables.

        Raises:
            TrailError: The ends do not agree, or a file the application named cannot be written.
            SQLAlchemyError: The database refuses.
        """
        try:
            with ExitStack() as stack:
                file = self._open(stack)
                side = stack.enter_context(self._server.side_engine(self._engine))
                linked = self._link(side, file, new, probe=probe)
                self._copy(side, file, linked)
        except NoTablesError:
            return False
        for record in linked.records:
            self.own.discard(record.event_id)
            self.held.pop(record.event_id, None)
        self._voice.put(linked.records)
        return True

    def set_aside(self, entry: Entry) -> bool:
        """Keep in the file an event that cannot go to the table; False: there is no such file.

        Raises:
            TrailError: A file the application named cannot be written.
        """
        try:
            with ExitStack() as stack:
                if file := self._open(stack):
                    file.put_aside([entry.body], self._settings.audit_key)
                    return True
        except OSError as error:
            self._no_file(error)
        return False

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
            linked = self._linker.link(connection, file, new, own=self.own, held=self.held, probe=probe)
            self._announce(file, linked)
            return linked

    def _announce(self, file: OpenFile | None, linked: Linked) -> None:
        if file is None or not linked.records or linked.tail.position != linked.start:
            return
        try:
            file.announce(linked.records)
        except OSError as error:
            self._no_file(error)

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

    def _open(self, stack: ExitStack) -> OpenFile | None:
        if self.file is None:
            return None
        try:
            return stack.enter_context(self.file.locked())
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


def _pages(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while page := list(islice(iterator, _PAGE)):
        yield page
