"""Two tables of our own: which runs there were, and which script each applied revision came from.

``dihya_run.revision`` is set in the migration's own transaction before a revision starts and cleared in the
one that moves the version row. Seen from outside it is therefore set only while part of that revision is
committed and the version row is not: after a rollback it is gone, after an implicit commit it stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

RUNNING, DONE, FAILED, HALF_APPLIED, INTERRUPTED, ACCEPTED = (
    "running",
    "done",
    "failed",
    "half-applied",
    "interrupted",
    "accepted",
)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One row of ``dihya_run``."""

    id: str
    direction: str
    started_at: str
    host: str
    state: str = RUNNING
    finished_at: str | None = None
    from_heads: tuple[str, ...] = ()
    to_heads: tuple[str, ...] = ()
    revision: str | None = None
    """Under way or half applied."""
    landed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables in one schema."""

    run: sa.Table
    revision: sa.Table


@lru_cache
def tables(schema: str | None) -> Tables:
    """Our tables in *schema*; None is the connection's default."""
    metadata = sa.MetaData(schema=schema)
    run = sa.Table(
        "dihya_run",
        metadata,
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("from_heads", sa.Text, nullable=False),
        sa.Column("to_heads", sa.Text, nullable=False),
        sa.Column("revision", sa.String(255)),
        sa.Column("landed", sa.Text, nullable=False),
        mysql_engine="InnoDB",
    )
    revision = sa.Table(
        "dihya_revision",
        metadata,
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("script_sha256", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("applied_at", sa.String(32), nullable=False),
        mysql_engine="InnoDB",
    )
    return Tables(run, revision)


class Journal:
    """Reads and writes the two tables over connections it is given.

    Args:
        schema: Where the tables lie; None is the connection's default.
    """

    def __init__(self, schema: str | None = None) -> None:
        self.schema = schema
        self.tables = tables(schema)

    def install(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        self.tables.run.metadata.create_all(connection, checkfirst=True)

    def installed(self, connection: Connection) -> bool:
        """Are the tables there?"""
        return sa.inspect(connection).has_table("dihya_run", schema=self.schema)

    def open(self, connection: Connection, record: RunRecord, from_heads: Iterable[str]) -> None:
        """Write a run that starts."""
        connection.execute(
            self.tables.run.insert().values(
                id=record.id,
                direction=record.direction,
                state=RUNNING,
                started_at=record.started_at,
                host=record.host,
                from_heads=json.dumps(list(from_heads)),
                to_heads="[]",
                landed="[]",
            )
        )

    def close(
        self,
        connection: Connection,
        run_id: str,
        state: str,
        finished_at: str,
        *,
        to_heads: Iterable[str] = (),
        landed: Iterable[str] = (),
        revision: str | None = None,
    ) -> None:
        """Write how a run ended; *revision* is the one that is half applied, if any."""
        connection.execute(
            self.tables.run.update()
            .where(self.tables.run.c.id == run_id)
            .values(
                state=state,
                finished_at=finished_at,
                to_heads=json.dumps(list(to_heads)),
                landed=json.dumps(list(landed)),
                revision=revision,
            )
        )

    def mark(self, connection: Connection, run_id: str, revision: str | None) -> None:
        """Say in the migration's own transaction which revision is under way; None: none."""
        connection.execute(
            self.tables.run.update().where(self.tables.run.c.id == run_id).values(revision=revision)
        )

    def applied(self, connection: Connection, run_id: str, hashes: Mapping[str, str], when: str) -> None:
        """Remember the scripts of revisions that were just applied, in their own transaction.

        What is not applied has no row; see :meth:`forget`.
        """
        rows = [
            {"id": k, "script_sha256": v, "run_id": run_id, "applied_at": when} for k, v in hashes.items()
        ]
        connection.execute(self.tables.revision.insert(), rows)

    def forget(self, connection: Connection, revisions: Iterable[str]) -> None:
        """Forget the scripts of revisions that are not applied, or not any more."""
        rows = [{"old": id_} for id_ in revisions]
        if rows:
            table = self.tables.revision
            connection.execute(table.delete().where(table.c.id == sa.bindparam("old")), rows)

    def run(self, connection: Connection, run_id: str) -> RunRecord | None:
        """The run *run_id*, or None."""
        table = self.tables.run
        row = connection.execute(table.select().where(table.c.id == run_id)).first()
        return None if row is None else _record(row)

    def runs(self, connection: Connection, *states: str, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Runs in one of *states* (all without any), newest first."""
        table = self.tables.run
        query = table.select().order_by(table.c.started_at.desc(), table.c.id.desc())
        if states:
            query = query.where(table.c.state.in_(states))
        if limit is not None:
            query = query.limit(limit)
        return tuple(_record(row) for row in connection.execute(query))

    def hashes(self, connection: Connection) -> dict[str, str]:
        """Script hash of every applied revision that we applied."""
        table = self.tables.revision
        return {row.id: row.script_sha256 for row in connection.execute(table.select())}


def _record(row: sa.Row[tuple[object, ...]]) -> RunRecord:
    return RunRecord(
        id=row.id,
        direction=row.direction,
        state=row.state,
        started_at=row.started_at,
        finished_at=row.finished_at,
        host=row.host,
        from_heads=tuple(json.loads(row.from_heads)),
        to_heads=tuple(json.loads(row.to_heads)),
        revision=row.revision,
        landed=tuple(json.loads(row.landed)),
    )
