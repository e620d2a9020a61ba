"""The table ``dihya_erasure``: who was erased here, as keyed digests, and what the erasure left behind."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

TABLE = "dihya_erasure"


@dataclass(frozen=True, slots=True)
class Mark:
    """One erased person."""

    digest: str
    """Keyed pseudonym of kind and key; the audit trail uses the same."""
    kind: str
    ledger: str
    """The digest that the ledger holds; keyed for another purpose, so that the two cannot be matched."""
    erased_at: str
    """UTC, ISO 8601."""
    map_sha256: str
    state: str
    """Keyed digest of the values left in rows that stayed; another one means that somebody wrote there."""
    key_id: str
    revision: str = ""
    """The database's Alembic revision at the time."""
    in_ledger: bool = False


class Marks:
    """Access to the table.

    Args:
        schema: Where our own tables are; None: the connection's default.
    """

    def __init__(self, schema: str | None) -> None:
        self.schema = schema
        self.table = sa.Table(
            TABLE,
            sa.MetaData(schema=schema),
            sa.Column("digest", sa.String(64), primary_key=True),
            sa.Column("kind", sa.String(64), nullable=False),
            sa.Column("ledger", sa.String(64), nullable=False),
            sa.Column("erased_at", sa.String(40), nullable=False),
            sa.Column("map_sha256", sa.String(64), nullable=False),
            sa.Column("state", sa.String(64), nullable=False),
            sa.Column("key_id", sa.String(16), nullable=False),
            sa.Column("revision", sa.String(255), nullable=False),
            sa.Column("in_ledger", sa.Boolean, nullable=False),
        )

    def install(self, connection: sa.Connection) -> None:
        """Make the table when it is missing; on MySQL and MariaDB this commits."""
        self.table.create(connection, checkfirst=True)

    def exists(self, connection: sa.Connection) -> bool:
        """Is the table there?"""
        return sa.inspect(connection).has_table(TABLE, schema=self.schema)

    def find(self, connection: sa.Connection, digest: str) -> Mark | None:
        """The mark of one person; None without one, or without the table."""
        if not self.exists(connection):
            return None
        row = connection.execute(self.table.select().where(self.table.c.digest == digest)).mappings().first()
        return _mark(row) if row else None

    def put(self, connection: sa.Connection, mark: Mark) -> None:
        """Store *mark* in the place of an older one."""
        connection.execute(self.table.delete().where(self.table.c.digest == mark.digest))
        connection.execute(self.table.insert(), {c.name: getattr(mark, c.name) for c in self.table.columns})

    def unsettled(self, connection: sa.Connection) -> list[Mark]:
        """Marks whose ledger line was not written, because a process ended between commit and append."""
        query = self.table.select().where(self.table.c.in_ledger.is_(sa.false()))
        rows = connection.execute(query.order_by(self.table.c.erased_at, self.table.c.digest)).mappings()
        return [_mark(row) for row in rows]

    def settle(self, connection: sa.Connection, digests: list[str]) -> None:
        """Say that the ledger has them."""
        for digest in digests:
            where = self.table.c.digest == digest
            connection.execute(self.table.update().where(where).values(in_ledger=True))


def _mark(row: sa.RowMapping) -> Mark:
    return Mark(**row)
