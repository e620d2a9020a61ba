"""DM2xx: steps that destroy data."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ..model import Step
from . import sql
from .examples import Example
from .registry import HAZARD, STOP, check
from .subject import Facts, Remark, Script, Subject, Table, table_of

_SHOP = frozenset({("", "orders"), ("", "users"), ("", "invoices")})
_FIRST_ADD_THEN_DROP = """\
op.create_table("scratch", sa.Column("id", sa.Integer(), primary_key=True))
op.drop_table("scratch")
"""


@lru_cache(maxsize=4096)
def _of_sql(text: str, kind: sql.ActionKind) -> tuple[sql.Action, ...]:
    return tuple(action for action in sql.actions(text) if action.kind == kind)


def _actions(step: Step, kind: sql.ActionKind) -> tuple[sql.Action, ...]:
    """What *step* does of *kind*, whether by an operation or by raw SQL."""
    if step.kind == "execute":
        return _of_sql(step.sql, kind) if step.sql else ()
    if step.kind != kind:
        return ()
    columns = [column.name for column in step.columns] or [""]
    return tuple(sql.Action(kind, table_of(step)[1], column) for column in columns)


def targets(script: Script) -> set[Table]:
    """The tables that *script* destroys or empties, so that somebody may ask whether they hold a row."""
    kinds: tuple[sql.ActionKind, ...] = ("drop_table", "drop_column", "truncate", "delete_all", "update_all")
    return {
        (step.bind, action.table)
        for step in script.upgrade
        for kind in kinds
        for action in _actions(step, kind)
    }


def _harmful(subject: Subject, kind: sql.ActionKind) -> Iterator[tuple[Step, sql.Action]]:
    """The actions of *kind* on tables that are neither empty nor born in this run."""
    for place, step in enumerate(subject.script.upgrade):
        for action in _actions(step, kind):
            if not subject.harmless(place, (step.bind, action.table)):
                yield step, action


@check(
    code="DM201",
    name="drop-table",
    weight=HAZARD,
    remedy="""\
# one release earlier: take the model away, and keep the rows under another name
op.rename_table("orders", "orders_until_2026_11")
# a release later, when nobody missed them:
op.drop_table("orders_until_2026_11")  # dihya: ignore[DM201] reason="archived, see the runbook\"""",
    bad=[Example('op.drop_table("orders")'), Example('op.execute("DROP TABLE IF EXISTS orders")')],
    good=[
        Example(_FIRST_ADD_THEN_DROP, title="born in the same run"),
        Example(
            'op.drop_table("orders")', facts=Facts(empty_tables=frozenset({("", "orders")})), title="empty"
        ),
        Example('op.rename_table("orders", "orders_until_2026_11")'),
    ],
)
def drop_table(subject: Subject) -> Iterator[Remark]:
    """Dropping a table destroys its rows, and the code that still runs fails on it.

    A table that is empty, or born earlier in the same run, is dropped without a word.
    """
    for step, action in _harmful(subject, "drop_table"):
        yield Remark(f"table {action.table!r} and all its rows are destroyed", step)


@check(
    code="DM202",
    name="drop-column",
    weight=HAZARD,
    remedy="""\
# one release earlier: take the attribute out of the model, so that no running code selects it; then:
op.drop_column("users", "name")  # dihya: ignore[DM202] reason="unused since 4.2\"""",
    bad=[
        Example('op.drop_column("users", "name")'),
        Example("""\
            with op.batch_alter_table("users") as batch_op:
                batch_op.drop_column("name")
            """),
        Example('op.execute("ALTER TABLE users DROP COLUMN name")'),
    ],
    good=[
        Example('op.add_column("users", sa.Column("nick", sa.Text()))'),
        Example('op.execute("ALTER TABLE users DROP CONSTRAINT ck_users_name")'),
    ],
)
def drop_column(subject: Subject) -> Iterator[Remark]:
    """Dropping a column destroys its values, and code that still runs selects it by name."""
    for step, action in _harmful(subject, "drop_column"):
        yield Remark(f"column {action.table}.{action.column} and all its values are destroyed", step)


@check(
    code="DM203",
    name="mass-drop",
    weight=STOP,
    remedy="""\
# Autogenerate drops every table whose model it does not see. Import the models where the application is made:
from shop import models  # noqa: F401""",
    scope="run",
    bad=[
        Example(
            'op.drop_table("orders")\nop.drop_table("invoices")',
            facts=Facts(known_tables=_SHOP),
            title="two of the three tables there are",
        )
    ],
    good=[
        Example('op.drop_table("orders")', facts=Facts(known_tables=_SHOP)),
        Example(_FIRST_ADD_THEN_DROP, facts=Facts(known_tables=_SHOP)),
    ],
)
def mass_drop(subject: Subject) -> Iterator[Remark]:
    """More than half of the tables would be dropped in one run.

    This is what a revision looks like that was generated while the models were not imported. The share is set
    by ``DIHYA_DROP_LIMIT``.
    """
    known = subject.facts.known_tables
    dropped: dict[Table, Step] = {}
    for index, script in enumerate(subject.pending.scripts):
        for place, step in enumerate(script.upgrade):
            for action in _actions(step, "drop_table"):
                table = (step.bind, action.table)
                if table in known and not subject.harmless(place, table, index):
                    dropped.setdefault(table, step)
    if len(dropped) > 1 and len(dropped) > subject.facts.drop_limit * len(known):
        names = ", ".join(repr(name) for _bind, name in list(dropped)[:5])
        last = list(dropped.values())[-1]
        yield Remark(f"{len(dropped)} of {len(known)} tables would be dropped ({names} …)", last)


@check(
    code="DM204",
    name="drop-schema-or-database",
    weight=STOP,
    remedy='# not in a migration: an administrator drops it by hand, after a backup\nop.drop_table("orders")',
    bad=[Example('op.execute("DROP SCHEMA billing CASCADE")'), Example('op.execute("drop database shop")')],
    good=[Example('op.execute("CREATE SCHEMA billing")')],
)
def drop_schema_or_database(subject: Subject) -> Iterator[Remark]:
    """Dropping a schema or a database takes everything in it along."""
    for step in subject.script.upgrade:
        for action in _actions(step, "drop_schema"):
            yield Remark(f"schema {action.table!r} would be dropped with all it holds", step)
        for action in _actions(step, "drop_database"):
            yield Remark(f"database {action.table!r} would be dropped", step)


@check(
    code="DM205",
    name="truncate",
    weight=HAZARD,
    remedy="""op.execute("DELETE FROM orders WHERE state = 'draft'")""",
    bad=[Example('op.execute("TRUNCATE TABLE orders CASCADE")')],
    good=[Example("""op.execute("DELETE FROM orders WHERE state = 'draft'")""")],
)
def truncate(subject: Subject) -> Iterator[Remark]:
    """TRUNCATE destroys every row, with CASCADE also those of the tables that refer to it."""
    for step, action in _harmful(subject, "truncate"):
        yield Remark(f"every row of {action.table!r} is destroyed", step)


@check(
    code="DM206",
    name="write-without-where",
    weight=HAZARD,
    remedy="""\
# touch only the rows that need it; a run that is repeated then touches none
op.execute("UPDATE users SET level = 0 WHERE level IS NULL")""",
    bad=[
        Example('op.get_bind().execute(sa.text("DELETE FROM orders"))'),
        Example('op.execute("UPDATE users SET a = 0")'),
        Example('op.execute(sa.table("orders", sa.column("id")).delete())'),
        Example('op.execute("DELETE FROM orders WHERE 1=1")'),
    ],
    good=[
        Example('op.execute("UPDATE users SET z = a WHERE z IS NULL")'),
        Example("""op.execute("INSERT INTO users (a) VALUES ('delete from x')")"""),
    ],
)
def write_without_where(subject: Subject) -> Iterator[Remark]:
    """UPDATE or DELETE without WHERE reaches every row: it destroys, locks long and leaves bloat."""
    for step, action in _harmful(subject, "delete_all"):
        yield Remark(f"every row of {action.table!r} is deleted", step)
    for step, action in _harmful(subject, "update_all"):
        yield Remark(f"every row of {action.table!r} is written", step)
