"""Carries out an erasure: lock, look, plan, act, look again, all in one transaction of the caller."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from ..errors import BusyError, PlanRefusedError, ResidueError
from ..failure import reduce
from .act import Actor
from .case import Case, Survey
from .identify import spelt
from .ledger import Entry, ledger_digest
from .live import Live
from .marks import Mark
from .plan import Plan

_PATIENCE, _PAUSE = 1.0, 0.05
_LOCKED = {"55P03", "1205", "3572"}


@dataclass(frozen=True)
class Done:
    """One transaction's worth of erasure, not committed yet."""

    plan: Plan
    counts: Mapping[str, Mapping[str, int]]
    mark: Mark
    entry: Entry


def lock(connection: sa.Connection, case: Case) -> bool:
    """Hold the person's own row until the transaction ends; False when there is none.

    Children that refer to it by a constraint cannot be added meanwhile. SQLite has locked the whole file.

    Raises:
        BusyError: Another transaction kept the row for a second.
    """
    if connection.dialect.name == "sqlite":
        # the driver's default leaves deleted bytes in the file; the pragma works inside a transaction too
        connection.exec_driver_sql("PRAGMA secure_delete = ON").close()
        return case.present(connection)
    ends = time.monotonic() + _PATIENCE
    while True:
        savepoint = connection.begin_nested()  # PostgreSQL gives up a whole transaction over one refused lock
        try:
            there = case.present(connection, lock=True)
        except (OperationalError, DBAPIError) as error:
            savepoint.rollback()
            if reduce(error).code not in _LOCKED:
                raise
            if time.monotonic() > ends:
                raise BusyError(
                    "another transaction holds this person's row, perhaps another erasure",
                    "try again in a moment",
                ) from None
            time.sleep(_PAUSE)
        else:
            savepoint.commit()
            return there


def acceptable(plan: Plan, *, limit: int, expected: str | None = None) -> None:
    """Refuse a plan that must not or cannot be carried out.

    Args:
        plan: What would be done.
        limit: Most rows that one transaction may delete or change.
        expected: The hash of the plan that the operator has seen.

    Raises:
        PlanRefusedError: With every conflict, or with what differs.
    """
    if plan.conflicts:
        lines = "\n".join(f"  - {conflict}" for conflict in plan.conflicts)
        raise PlanRefusedError(
            f"this person cannot be erased as things stand:\n{lines}", "nothing was changed"
        )
    same_as(plan, expected)
    rows = plan.totals()["deleted"] + plan.totals()["changed"]
    if rows > limit:
        raise PlanRefusedError(
            f"the plan has {rows} rows and one transaction may take {limit}",
            "raise DIHYA_ERASE_ATOMIC_LIMIT if the database can hold so many row locks",
        )


def same_as(plan: Plan, expected: str | None) -> None:
    """Refuse a plan whose hash is not the *expected* one; None expects nothing.

    Raises:
        PlanRefusedError: Rows or declarations changed.
    """
    if expected is not None and expected != plan.sha256:
        raise PlanRefusedError(
            "the plan is no longer the one with this hash: rows or declarations changed since",
            "look at it again with --dry-run",
        )


def carry_out(
    connection: sa.Connection, case: Case, survey: Survey, live: Live, *, now: datetime, revision: str
) -> Done:
    """Act on *survey*'s plan, look again, and leave the mark; the caller commits or rolls back.

    Args:
        connection: In a transaction that holds the person's row.
        case: The person; its key is there.
        survey: Made inside this transaction.
        live: The live schema.
        now: In UTC.
        revision: The database's Alembic revision, empty when there is none.

    Raises:
        ResidueError: The second look still found something; the caller rolls back.
        FailedError: A planned row was gone.
    """
    if case.key is None or case.subject is None:
        raise TypeError("an erasure needs the pseudonym key")
    counts = Actor(connection, case.part, case.tables, case.key).run(survey.plan)
    again = case.survey(connection, live)
    _nothing_left(again, survey.plan)
    parts = spelt(case.home, case.person)
    erased_at = now.isoformat(timespec="seconds")
    entry = Entry(
        case.kind,
        ledger_digest(case.key, case.kind, parts),
        erased_at,
        case.data_map.sha256,
        case.part.bind,
    )
    mark = Mark(
        case.subject,
        case.kind,
        entry.digest,
        erased_at,
        case.data_map.sha256,
        again.state,
        _key_id(case),
        revision,
    )
    case.marks.put(connection, mark)
    return Done(survey.plan, counts, mark, entry)


def _key_id(case: Case) -> str:
    from ..sealing import key_id

    return key_id(case.key)


def _nothing_left(again: Survey, plan: Plan) -> None:
    """The second discovery may find only rows that the plan has treated."""
    left = dict(again.residue)
    for table in again.plan.tables:
        new = set(table.treat) - set(plan.table(table.table).treat)
        if new:
            left[table.table] = left.get(table.table, 0) + len(new)
    if left:
        raise residue(left)


def residue(left: Mapping[str, int]) -> ResidueError:
    """What is still there, by table; counts only."""
    told = ", ".join(f"{table}: {count}" for table, count in sorted(left.items()))
    return ResidueError(
        f"personal data is still there ({told})",
        "something writes while the erasure runs: a trigger, or the person; stop it, then erase again",
    )


def revision_of(connection: sa.Connection, schema: str | None = None) -> str:
    """The database's Alembic revision; several are joined by a comma, none is empty."""
    if not sa.inspect(connection).has_table("alembic_version", schema=schema):
        return ""
    table = sa.table("alembic_version", sa.column("version_num"), schema=schema)
    return ",".join(sorted(str(row[0]) for row in connection.execute(sa.select(table.c.version_num))))[:255]
