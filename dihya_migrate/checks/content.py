"""DM52x: what does not belong into a script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from ..syntax import parse
from .examples import Example
from .literals import literals
from .registry import HAZARD, check
from .subject import Remark, Subject

_PASSWORD = "op.execute(\"ALTER ROLE app PASSWORD 's3cr3t-Value'\")"  # noqa: S105 - the bad example
_PEOPLE = "sa.table('users', sa.column('name'))"


@check(
    code="DM521",
    name="secret-literal",
    weight=HAZARD,
    remedy="""\
# take it from the environment of the run, and change the one that was in the script: it is in the history
op.execute(sa.text("ALTER ROLE app VALID UNTIL 'infinity'"))  # and set the password outside of migrations""",
    bad=[
        Example(_PASSWORD),
        Example("op.execute(\"ALTER USER app IDENTIFIED BY 's3cr3t-Value'\")", dialect="mysql"),
        Example(top='URL = "postgresql://app:s3cr3t-Value@db.internal/shop"'),
        Example(top="# old key: AKIAIOSFODNN7EXAMPLX"),
        Example(top='api_key = "9f8e7d6c5b4a"'),
    ],
    good=[
        Example('op.add_column("users", sa.Column("password", sa.String(60)))'),
        Example(top='URL = "postgresql://app:${DB_PASSWORD}@db.internal/shop"'),
        Example(top='password_column = "password_hash"'),
    ],
)
def secret_literal(subject: Subject) -> Iterator[Remark]:
    """A password, key or token stands in the script: it lies in version control and in every copy of it.

    Looks at strings and comments; what it found is never printed.
    """
    for literal in literals(subject.revision.source):
        if literal.secret:
            yield Remark(f"the script holds {literal.kind}", line=literal.line)


@check(
    code="DM522",
    name="personal-data-literal",
    weight=HAZARD,
    remedy="""\
# rows about people come from outside of version control; examples use reserved domains
op.bulk_insert(users, [{"name": "jane@example.com"}])""",
    bad=[
        Example(f"op.bulk_insert({_PEOPLE}, [{{'name': 'jane.roe@gmail.com'}}])"),
        Example(top='SUPPORT = "+33 6 98 76 54 32"'),
        Example(top='ACCOUNT = "FR76 3000 6000 0112 3456 7890 189"'),
        Example(top="# refund 4539 1488 0343 6467"),
    ],
    good=[
        Example(f"op.bulk_insert({_PEOPLE}, [{{'name': 'jane@example.com'}}])"),
        Example(top='SUPPORT = "+1 202 555 0143"'),
        Example(top='ACCOUNT = "FR76 3000 6000 0112 3456 7890 180"', title="the checksum does not hold"),
        Example(top="CARD = '4111 1111 1111 1111'", title="a published test number"),
    ],
)
def personal_data_literal(subject: Subject) -> Iterator[Remark]:
    """Somebody's e-mail address, phone number, bank account or card stands in the script.

    It cannot be erased from version control when they ask. ``example.*``, ``.test``, ``.invalid`` and
    ``.localhost`` addresses, numbers reserved for fiction and published test cards pass. What it found
    is never printed.
    """
    for literal in literals(subject.revision.source):
        if not literal.secret:
            yield Remark(f"the script holds {literal.kind}", line=literal.line)


_LIVE = frozenset({"current_app", "db"})


@lru_cache(maxsize=8192)
def _app_imports(source: str) -> tuple[tuple[str, int], ...]:
    """Imports that reach into an application: its models, ``current_app``, Flask-SQLAlchemy's ``db``."""
    if not any(word in source for word in ("model", "current_app", "import db", ", db")):
        return ()
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(
        (name, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _suspects(node)
    )


def _suspects(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The modules of *node* that are an application's."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if {"models", "model"} & set(alias.name.split(".")))
        return
    module = node.module or ""
    if module.startswith(("sqlalchemy", "alembic")):
        return
    names = {alias.name for alias in node.names}
    if {"models", "model"} & (set(module.split(".")) | names) or _LIVE & names:
        yield module or "."


@check(
    code="DM523",
    name="app-model-import",
    weight=HAZARD,
    remedy="""\
# say here what the table looks like at this point of the history
users = sa.table("users", sa.column("id", sa.Integer), sa.column("level", sa.Integer))
op.execute(users.update().where(users.c.level.is_(None)).values(level=0))""",
    bad=[
        Example(top="from myapp.models import User"),
        Example("from flask import current_app\nop.execute('SELECT 1')"),
    ],
    good=[Example(top="from datetime import date\nimport sqlalchemy.dialects.postgresql as pg")],
)
def app_model_import(subject: Subject) -> Iterator[Remark]:
    """The script uses the application's models: yesterday's revision will meet tomorrow's model, and fail."""
    for module, line in _app_imports(subject.revision.source):
        yield Remark(f"imports {module!r}, which will have changed when this revision runs again", line=line)


@check(
    code="DM524",
    name="outside-effects",
    weight=HAZARD,
    remedy="# a job of its own, before or after the run; the migration only changes the database",
    bad=[
        Example('import subprocess\nsubprocess.run(["true"])'),
        Example('open("exported.csv", "w")'),
        Example('import socket\nsocket.create_connection(("127.0.0.1", 9), timeout=1)'),
    ],
    good=[Example('op.execute("SELECT 1")')],
)
def outside_effects(subject: Subject) -> Iterator[Remark]:
    """The script starts a process, opens a connection or writes a file: no rollback takes that back.

    The checks stopped it there; what it does afterwards was not looked at.
    """
    for step in (*subject.script.upgrade, *subject.script.downgrade):
        if "effect" in step.detail:
            yield Remark(f"{step.direction}() touches {step.detail['effect']} outside the database", step)
