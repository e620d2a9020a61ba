"""The connection a replayed script gets: it notes statements, holds no rows, and says so when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from sqlalchemy.engine import Dialect
from sqlalchemy.engine.mock import MockConnection

READS_ROWS = "goes on from rows of the database"
OWN_SESSION = "opens a session of its own"
DRIVER = "uses the driver's own connection"


class RecordingResult:
    """An empty result; the first look at it is noted, for what follows may hang on it."""

    returns_rows = True
    closed = False

    def __init__(self, note_read: Callable[[], None], stop: Callable[[str], NoReturn]) -> None:
        self._note_read, self._stop = note_read, stop

    def _nothing(self, *_args: object, **_kwargs: object) -> None:
        self._note_read()

    fetchone = first = one_or_none = scalar = scalar_one_or_none = _nothing

    def _no_rows(self, *_args: object, **_kwargs: object) -> list[Any]:
        self._note_read()
        return []

    fetchall = fetchmany = all = keys = _no_rows

    def _itself(self, *_args: object, **_kwargs: object) -> RecordingResult:
        return self

    scalars = mappings = tuples = columns = unique = yield_per = execution_options = _itself

    def __iter__(self) -> Iterator[Any]:
        self._note_read()
        return iter(())

    def partitions(self, *_args: object) -> Iterator[Any]:
        """No partitions of no rows."""
        return iter(self)

    def _needs_one(self, *_args: object, **_kwargs: object) -> NoReturn:
        self._stop(READS_ROWS)

    one = scalar_one = _needs_one

    @property
    def rowcount(self) -> int:
        """Nothing was changed."""
        self._note_read()
        return 0

    @property
    def inserted_primary_key(self) -> NoReturn:
        """Only a database gives keys."""
        self._stop(READS_ROWS)

    lastrowid = inserted_primary_key

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> RecordingResult:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing to close."""


class RecordingTransaction:
    """A transaction of nothing."""

    is_active = True

    def commit(self) -> None:
        """The enclosing run decides."""

    rollback = close = commit

    def __enter__(self) -> RecordingTransaction:
        return self

    def __exit__(self, *_exc: object) -> None:
        """The enclosing run decides."""


class RecordingConnection(MockConnection):
    """What ``op.get_bind()`` returns in a replay.

    Args:
        dialect: Of the database the script is meant for.
        note: Called with each statement.
        note_read: Called when a result is looked at.
        stop: Ends the replay with a reason.
    """

    closed = False

    def __init__(
        self,
        dialect: Dialect,
        note: Callable[[object], None],
        note_read: Callable[[], None],
        stop: Callable[[str], NoReturn],
    ) -> None:
        super().__init__(dialect, self._execute)
        self._note, self._note_read, self._stop = note, note_read, stop
        self.info: dict[Any, Any] = {}

    def _execute(self, statement: object, _parameters: object = None) -> RecordingResult:
        if isinstance(statement, str):
            self._stop("passes a plain string to execute()")  # the real connection refuses it as well
        self._note(statement)
        return RecordingResult(self._note_read, self._stop)

    def exec_driver_sql(self, statement: str, *_args: object, **_kwargs: object) -> RecordingResult:
        """Note SQL in the driver's own words."""
        self._note(statement)
        return RecordingResult(self._note_read, self._stop)

    def scalar(self, statement: object, *_args: object, **_kwargs: object) -> None:
        """There is no value."""
        self._execute(statement).scalar()

    def scalars(self, statement: object, *_args: object, **_kwargs: object) -> RecordingResult:
        """There are no values."""
        return self._execute(statement)

    def connect(self, **_kwargs: object) -> NoReturn:
        """A real connection has no such method; a session that takes this for an engine calls it."""
        self._stop(OWN_SESSION)

    def begin(self) -> RecordingTransaction:
        """A transaction of nothing."""
        return RecordingTransaction()

    begin_nested = begin_twophase = get_transaction = get_nested_transaction = begin

    def in_transaction(self) -> bool:
        """Alembic holds one."""
        return True

    def in_nested_transaction(self) -> bool:
        """Never."""
        return False

    def commit(self) -> None:
        """Noted as a statement."""
        self._note("COMMIT")

    def rollback(self) -> None:
        """Noted as a statement."""
        self._note("ROLLBACK")

    def close(self) -> None:
        """Nothing to close."""

    def get_isolation_level(self) -> str:
        """The servers' usual one."""
        return "READ COMMITTED"

    @property
    def connection(self) -> NoReturn:
        """The driver's connection does not exist."""
        self._stop(DRIVER)

    @property
    def url(self) -> NoReturn:
        """Of the engine; only the real one has an address."""
        self._stop("reads the database's address")

    raw_connection = connection
