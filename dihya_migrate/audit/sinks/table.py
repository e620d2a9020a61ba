"""The home of the trail: ``dihya_audit`` holds the events, ``dihya_chain`` the one row every writer locks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...errors import TrailError
from ...sealing import GENESIS, key_id
from ..chain import Entry, Head, Record, birth_seal

TABLES_VERSION = 1
_OPTIONS: dict[str, dict[str, Any]] = {
    "mysql": {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"},
    "mariadb": {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4"},
}
_COUNTED: dict[str, dict[str, Any]] = {**_OPTIONS, "sqlite": {"sqlite_autoincrement": True}}
_PAGE = 1000
_IDS = 500
"""Most bound parameters of one IN; SQLite before 3.32 takes 999."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The two tables in one schema."""

    audit: sa.Table
    chain: sa.Table


@lru_cache
def tables(schema: str | None, dialect: str) -> Tables:
    """Our tables in *schema*; None is the connection's default.

    Options are those of *dialect* alone: naming another one's makes SQLAlchemy import it.
    """
    metadata = sa.MetaData(schema=schema)
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts INTEGER keys only
    audit = sa.Table(
        "dihya_audit",
        metadata,
        sa.Column("seq", number, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("position", sa.BigInteger, unique=True),
        sa.Column("prev", sa.String(64)),
        sa.Column("link", sa.String(64), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        # a length makes it MEDIUMTEXT there; TEXT holds 64 KiB only
        sa.Column("body", sa.Text().with_variant(sa.Text(2**24 - 1), "mysql", "mariadb"), nullable=False),
        **_COUNTED.get(dialect, {}),
    )
    chain = sa.Table(
        "dihya_chain",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("chain", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        **_OPTIONS.get(dialect, {}),
    )
    return Tables(audit, chain)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A row whose transaction has committed and which has no place in the chain yet."""

    seq: int
    event_id: str
    body: str
    birth: str
    """Its birth seal."""
    key_id: str

    def is_ours(self, key: bytes | None, *, keyed: bool) -> bool:
        """Was it written by this package? *keyed*: the chain has a key by now, so the row must have one."""
        if self.key_id != key_id(key) and (self.key_id != "none" or keyed):
            return False
        return birth_seal(self.body, None if self.key_id == "none" else key) == self.birth


class AuditTable:
    """Reads and writes the two tables over connections it is given; commits nothing.

    Args:
        schema: Where the tables lie; None is the connection's default.
        dialect: SQLAlchemy's name of the server.
    """

    def __init__(self, schema: str | None, dialect: str) -> None:
        self._schema = schema
        both = tables(schema, dialect)
        self._audit, self._chain = both.audit, both.chain

    def exists(self, connection: Connection) -> bool:
        """Are the tables there? The second one is made last."""
        return sa.inspect(connection).has_table("dihya_chain", schema=self._schema)

    def create(self, connection: Connection) -> str | None:
        """Make what is missing; the new chain's name, or None when it had begun before."""
        self._audit.metadata.create_all(connection, checkfirst=True)
        if connection.execute(sa.select(self._chain.c.chain)).first() is not None:
            return None
        if connection.execute(sa.select(self._audit.c.seq).limit(1)).first() is not None:
            raise broken("the row that holds the end of the chain is gone")
        name = uuid.uuid4().hex
        row = {"id": 1, "chain": name, "position": 0, "link": GENESIS, "version": TABLES_VERSION}
        connection.execute(self._chain.insert(), [row])
        return name

    def head(self, connection: Connection, *, lock: bool = False) -> Head:
        """Where the chain ends; *lock* keeps other writers waiting until the transaction ends.

        Raises:
            TrailError: The row is gone, or a newer version of this package made the tables.
        """
        query = sa.select(self._chain)
        row = connection.execute(query.with_for_update() if lock else query).first()
        if row is None:
            raise broken("the row that holds the end of the chain is gone")
        if row.version > TABLES_VERSION:
            raise TrailError(
                f"the trail's tables have version {row.version}; this release knows {TABLES_VERSION}",
                "install the release of dihya-migrate that made them, or a newer one",
            )
        return Head(row.chain, row.position, row.link)

    def last(self, connection: Connection, chain: str) -> Record | None:
        """The linked row with the highest position."""
        query = self._linked().order_by(self._audit.c.position.desc()).limit(1)
        row = connection.execute(query).first()
        return None if row is None else _record(row, chain)

    def at(self, connection: Connection, chain: str, position: int) -> Record | None:
        """The linked row at *position*."""
        row = connection.execute(self._linked().where(self._audit.c.position == position)).first()
        return None if row is None else _record(row, chain)

    def unlinked(self, connection: Connection) -> list[Unlinked]:
        """Committed rows that wait for their link, oldest first; locks nothing."""
        columns = self._audit.c
        query = sa.select(columns.seq, columns.event_id, columns.body, columns.link, columns.key_id)
        rows = connection.execute(query.where(columns.position.is_(None)).order_by(columns.seq))
        return [Unlinked(*row) for row in rows]

    def known(self, connection: Connection, ids: Iterable[str]) -> set[str]:
        """Those of *ids* that are in the table."""
        wanted, found = list(ids), set[str]()
        for start in range(0, len(wanted), _IDS):
            query = sa.select(self._audit.c.event_id).where(
                self._audit.c.event_id.in_(wanted[start : start + _IDS])
            )
            found.update(connection.execute(query).scalars())
        return found

    def insert(self, connection: Connection, entries: Sequence[Entry], key: bytes | None) -> None:
        """Add unlinked rows, each with its birth seal."""
        name = key_id(key)
        rows = [
            {"event_id": e.id, "body": e.body, "link": birth_seal(e.body, key), "late": False, "key_id": name}
            for e in entries
        ]
        connection.execute(self._audit.insert(), rows)

    def attach(self, connection: Connection, records: Sequence[Record], replaced: Sequence[int]) -> None:
        """Write *records* behind the chain, in place of the unlinked rows *replaced*, and move its end.

        Rows are replaced, not updated: two statements in a batch instead of one a row.
        """
        for start in range(0, len(replaced), _IDS):
            connection.execute(
                self._audit.delete().where(self._audit.c.seq.in_(replaced[start : start + _IDS]))
            )
        rows = [
            {
                "event_id": record.event_id,
                "position": record.position,
                "prev": record.prev,
                "link": record.link,
                "late": record.late,
                "key_id": record.key_id,
                "body": record.body,
            }
            for record in records
        ]
        connection.execute(self._audit.insert(), rows)
        end = records[-1]
        connection.execute(self._chain.update().values(position=end.position, link=end.link))

    def linked(self, connection: Connection, chain: str, after: int = 0) -> Iterator[Record]:
        """The linked rows behind position *after*, in order, read page by page."""
        while True:
            query = self._linked().where(self._audit.c.position > after)
            page = connection.execute(query.order_by(self._audit.c.position).limit(_PAGE)).all()
            for row in page:
                yield _record(row, chain)
            if len(page) < _PAGE:
                return
            after = page[-1].position

    def newest(self, connection: Connection, chain: str) -> Iterator[Record]:
        """All rows, newest first: those without a link, then down the chain; read page by page."""
        columns = self._audit.c
        waiting = self._rows().where(columns.position.is_(None)).order_by(columns.seq.desc())
        for row in connection.execute(waiting).all():
            yield _record(row, chain)
        before: int | None = None
        while True:
            query = self._linked() if before is None else self._linked().where(columns.position < before)
            page = connection.execute(query.order_by(columns.position.desc()).limit(_PAGE)).all()
            for row in page:
                yield _record(row, chain)
            if len(page) < _PAGE:
                return
            before = page[-1].position

    def _rows(self) -> sa.Select[tuple[object, ...]]:
        columns = self._audit.c
        return sa.select(
            columns.position,
            columns.prev,
            columns.link,
            columns.key_id,
            columns.body,
            columns.late,
            columns.event_id,
        )

    def _linked(self) -> sa.Select[tuple[object, ...]]:
        return self._rows().where(self._audit.c.position.is_not(None))


def broken(what: str) -> TrailError:
    """The error of a trail that does not hold."""
    return TrailError(
        f"the audit trail is broken: {what}", "'flask audit verify' shows where; keep both copies as they are"
    )


def _record(row: sa.Row[tuple[object, ...]], chain: str) -> Record:
    return Record(
        chain, row.position, row.prev or "", row.link, row.key_id, row.body, bool(row.late), row.event_id
    )
