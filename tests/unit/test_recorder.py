"""Scripts are replayed into steps: whatever way they are written, and without touching anything."""

from __future__ import annotations

import importlib.util
import logging
import sqlite3
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent, indent

import alembic.context
import alembic.op
import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from dihya_migrate.errors import UnsupportedDialectError
from dihya_migrate.model import Step
from dihya_migrate.revisions._recording_tape import MAX_STEPS
from dihya_migrate.revisions.recorder import as_sql, record, replaying

DIALECTS = ("sqlite", "postgresql", "mysql")


def write(folder: Path, upgrade: str, top: str = "", downgrade: str = "pass") -> Path:
    """A script with these bodies."""
    file = folder / "b2_script.py"
    bodies = "".join(
        f"\n\ndef {name}():\n{indent(dedent(body).strip(), '    ')}\n"
        for name, body in (("upgrade", upgrade), ("downgrade", downgrade))
    )
    head = "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = 'b2'\ndown_revision = None\n"
    file.write_text(head + dedent(top) + bodies, encoding="utf-8")
    return file


def steps(folder: Path, upgrade: str, top: str = "", dialect: str = "postgresql") -> tuple[Step, ...]:
    """What ``upgrade()`` with this body would do."""
    return record(write(folder, upgrade, top), "upgrade", dialect, revision="b2")


def told(found: tuple[Step, ...]) -> list[str]:
    """Steps in short."""
    return [str(step) for step in found]


SHAPES = [
    ("op.drop_table('t')", "", ["drop_table t"]),
    ("op.drop_table('t', schema='s')", "", ["drop_table t"]),
    ("o.drop_column('t', 'c')", "from alembic import op as o", ["drop_column t c"]),
    ("drop_table('t')", "from alembic.op import drop_table", ["drop_table t"]),
    ("for t in ('a', 'b'):\n    op.drop_table(t)", "", ["drop_table a", "drop_table b"]),
    ("helper('t')", "def helper(t):\n    op.drop_index(f'ix_{t}', t)\n", ["drop_index t ix_t"]),
    ("(lambda: getattr(op, 'drop_' + 'table')('t'))()", "", ["drop_table t"]),
    ("op.rename_table('a', 'b')", "", ["rename_table a"]),
    ("op.create_index('ix', 't', ['a', sa.text('lower(b)')])", "", ["create_index t a, lower(b) ix"]),
    ("op.create_foreign_key('fk', 'a', 'b', ['x'], ['id'])", "", ["create_foreign_key a x fk"]),
    ("op.create_unique_constraint('uq', 't', ['a', 'b'])", "", ["create_unique_constraint t a, b uq"]),
    ("op.create_primary_key('pk', 't', ['a'])", "", ["create_primary_key t a pk"]),
    ("op.create_check_constraint('ck', 't', 'a > 0')", "", ["create_check_constraint t ck"]),
    ("op.create_exclude_constraint('ex', 't', ('a', '='))", "", ["create_exclude_constraint t ex"]),
    ("op.drop_constraint('ck', 't', type_='check')", "", ["drop_constraint t ck"]),
    ("op.create_table_comment('t', 'c')", "", ["create_table_comment t"]),
    ("op.drop_table_comment('t')", "", ["drop_table_comment t"]),
    ("op.alter_column('t', 'a', new_column_name='b')", "", ["alter_column t a"]),
    ("op.execute('SELECT 1')", "", ["execute"]),
    ("op.get_bind().execute(sa.text('SELECT 1'))", "", ["execute"]),
    ("op.get_bind().exec_driver_sql('SELECT 1')", "", ["execute"]),
    ("op.get_context().execute('SELECT 1')", "", ["execute"]),
    ("op.bulk_insert(sa.table('t', sa.column('a')), [{'a': 1}, {'a': 2}])", "", ["bulk_insert t a"]),
    (
        "op.add_column('t', sa.Column('u', sa.Integer, sa.ForeignKey('k.id'), index=True))",
        "",
        ["add_column t u", "create_foreign_key t u", "create_index t u"],
    ),
    (
        "op.add_column('t', sa.Column('u', sa.Text, unique=True))",
        "",
        ["add_column t u", "create_unique_constraint t u"],
    ),
    (
        "op.create_table('t', sa.Column('a', sa.Integer, index=True))",
        "",
        ["create_table t a", "create_index t a ix_t_a"],
    ),
    ("with op.batch_alter_table('t') as b:\n    b.drop_column('a')", "", ["drop_column t a"]),
    (
        """with op.batch_alter_table('t') as b:
            b.create_foreign_key('fk', 'k', ['a'], ['id'])
            b.execute('SELECT 1')""",
        "",
        ["create_foreign_key t a fk", "execute"],
    ),
    ("sa.Enum('a', name='mood').create(op.get_bind(), checkfirst=True)", "", ["execute"]),
    ("sa.Table('t', sa.MetaData(), sa.Column('a', sa.Integer)).create(op.get_bind())", "", ["execute"]),
    ("if op.get_bind().dialect.name == 'postgresql':\n    op.drop_table('t')", "", ["drop_table t"]),
    ("if op.get_context().dialect.name == 'sqlite':\n    op.drop_table('t')", "", []),
    ("if context.is_offline_mode():\n    op.drop_table('t')", "from alembic import context", []),
    ("with op.get_bind().begin_nested():\n    op.drop_table('t')", "", ["drop_table t"]),
    ("pass", "", []),
    ("...", "", []),
]


@pytest.mark.parametrize(("body", "top", "expected"), SHAPES)
def test_operation_is_seen_however_it_is_written(
    body: str, top: str, expected: list[str], tmp_path: Path
) -> None:
    """Aliases, loops, helpers, f-strings, batches and plain connections all come to the same steps."""
    assert told(steps(tmp_path, body, top)) == expected


def test_column_is_told_as_the_dialect_writes_it(tmp_path: Path) -> None:
    """Type, nullability, server default, key and reference of each column of a new table."""
    [step] = steps(
        tmp_path,
        """
        op.create_table(
            "t",
            sa.Column("id", sa.BigInteger(), primary_key=True),
            sa.Column("name", sa.String(50), nullable=False, server_default="it's"),
            sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()),
            sa.Column("user_id", sa.Integer()),
            sa.ForeignKeyConstraint(["user_id"], ["user.id"]),
        )
        """,
    )
    facts = [
        (c.name, c.type, c.nullable, c.server_default, c.primary_key, c.references) for c in step.columns
    ]
    assert facts == [
        ("id", "BIGINT", False, None, True, None),
        ("name", "VARCHAR(50)", False, "'it''s'", False, None),
        ("at", "TIMESTAMP WITH TIME ZONE", True, "now()", False, None),
        ("user_id", "INTEGER", True, None, False, "user.id"),
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_line_is_the_line_of_the_script(dialect: str, tmp_path: Path) -> None:
    """A step knows the line that asked for it, also through a helper of another module."""
    file = write(tmp_path, "x = 1\nop.drop_table('t')\nsorted(['u'], key=op.drop_table)")
    lines = ["", *file.read_text().splitlines()]
    asked = [lines[step.line or 0].strip() for step in record(file, "upgrade", dialect)]
    assert asked == ["op.drop_table('t')", "sorted(['u'], key=op.drop_table)"]


def test_values_are_never_recorded(tmp_path: Path) -> None:
    """Parameters appear by name."""
    found = steps(
        tmp_path,
        """
        t = sa.table("t", sa.column("a"))
        op.execute(t.insert().values(a="SECRET"))
        op.get_bind().execute(sa.text("UPDATE t SET a = :v"), {"v": "SECRET"})
        op.bulk_insert(t, [{"a": "SECRET"}])
        """,
    )
    assert len(found) == 3
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize(
    ("options", "body", "copied"),
    [
        ("", "b.drop_column('a')", True),
        ("", "b.add_column(sa.Column('a', sa.Integer))", False),
        ("", "b.add_column(sa.Column('a', sa.Integer, server_default=sa.text('1 + 1')))", True),
        ("", "b.create_index('ix', ['a'])", False),
        (", recreate='always'", "b.create_index('ix', ['a'])", True),
        (", recreate='never'", "b.drop_column('a')", False),
    ],
)
def test_batch_tells_whether_sqlite_copies_the_table(
    options: str, body: str, copied: bool, tmp_path: Path
) -> None:
    """As Alembic decides it; other servers never copy for a batch."""
    code = f"with op.batch_alter_table('t'{options}) as b:\n    {body}"
    [on_sqlite] = steps(tmp_path, code, dialect="sqlite")
    [elsewhere] = steps(tmp_path, code, dialect="mysql")
    assert (on_sqlite.batch, "copy" in on_sqlite.detail) == (True, copied)
    assert "copy" not in elsewhere.detail or "always" in options


def test_autocommit_is_told(tmp_path: Path) -> None:
    """Steps inside an autocommit block are marked, those around it are not."""
    found = steps(
        tmp_path,
        """
        with op.get_context().autocommit_block():
            op.create_index("ix", "t", ["a"], postgresql_concurrently=True)
        op.drop_table("t")
        """,
    )
    assert [step.autocommit for step in found] == [True, False]
    assert found[0].detail == {"postgresql_concurrently": "True"}


def test_new_enum_type_is_a_step_of_its_own(tmp_path: Path) -> None:
    """PostgreSQL creates the type with the table."""
    found = steps(tmp_path, "op.create_table('t', sa.Column('m', sa.Enum('a', 'b', name='mood')))")
    assert (found[0].sql, found[0].detail) == ("CREATE TYPE mood AS ENUM ('a', 'b')", {"implied": "1"})


HOSTILE = [
    ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "network"),
    ("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9')", "network"),
    ("import subprocess\nsubprocess.run(['touch', {file!r}])", "a process"),
    ("import os\nos.system('touch ' + {file!r})", "a process"),
    ("open({file!r}, 'w').write('x')", "files"),
    ("import pathlib\npathlib.Path({file!r}).write_text('x')", "files"),
    ("import os\nos.open({file!r}, os.O_CREAT)", "files"),
    ("import os\nos.mkdir({file!r})", "files"),
    ("import sqlite3\nsqlite3.connect({file!r})", "a database"),
    ("sa.create_engine('sqlite:///' + {file!r}).connect()", "a database"),
    ("ENGINE.connect()", "a database"),
    ("import threading\nthreading.Thread(target=open, args=({file!r}, 'w')).start()", "a thread"),
    ("try:\n    open({file!r}, 'w')\nexcept BaseException:\n    pass", "files"),
]


@pytest.mark.parametrize(("body", "effect"), HOSTILE)
def test_outside_effect_is_stopped_and_told(body: str, effect: str, tmp_path: Path) -> None:
    """Nothing outside happens in a replay, even when the script swallows the refusal; the rest is unknown."""
    file = tmp_path / "made"
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    engine.connect().close()
    sys.modules["tests_engine"] = type(sys)("tests_engine")
    vars(sys.modules["tests_engine"])["ENGINE"] = engine
    code = f"op.drop_table('a')\n{body.format(file=str(file))}\nop.drop_table('b')"
    found = steps(tmp_path, code, "from tests_engine import ENGINE")
    engine.dispose()
    assert [step.kind for step in found] == ["drop_table", "not_analysed"]
    assert found[1].detail["effect"] == effect
    assert found[1].line is not None
    assert not file.exists()


def test_outside_effect_at_import_is_stopped(tmp_path: Path) -> None:
    """The top level of a script is guarded as well."""
    [step] = steps(tmp_path, "op.drop_table('a')", f"open({str(tmp_path / 'made')!r}, 'w')")
    assert step.detail["effect"] == "files"
    assert not (tmp_path / "made").exists()


def test_guard_ends_with_the_replay(tmp_path: Path) -> None:
    """After a replay, and in other threads during it, files and databases work as ever."""
    with replaying("sqlite") as replay:
        written = threading.Thread(target=(tmp_path / "by_thread").write_text, args=("x",))
        written.start()
        written.join()
        replay.both(write(tmp_path, "open('/dev/null', 'w')"))
        (tmp_path / "between").write_text("x")
    sqlite3.connect(tmp_path / "after").close()
    assert all((tmp_path / name).exists() for name in ("by_thread", "between", "after"))


NOT_ANALYSED = [
    ("sa.inspect(op.get_bind()).get_table_names()", "goes on from the live schema"),
    ("op.get_bind().execute(sa.text('SELECT 1')).one()", "goes on from rows of the database"),
    ("op.get_bind().scalar(sa.text('SELECT 1')) + 1", "raises TypeError"),
    (
        "from sqlalchemy.orm import Session\nSession(bind=op.get_bind()).execute(sa.text('SELECT 1'))",
        "opens a session",
    ),
    ("op.get_bind().connection.cursor()", "uses the driver's own connection"),
    ("op.get_bind().execute('SELECT 1')", "passes a plain string"),
    ("import module_that_is_nowhere", "raises ModuleNotFoundError"),
    ("1 / 0", "raises ZeroDivisionError"),
    ("raise SystemExit(3)", "raises SystemExit"),
    ("while True:\n    op.execute('SELECT 1')", "repeats its operations"),
    ("def f():\n    f()\nf()", "raises RecursionError"),
    ("op.no_such_operation()", "raises AttributeError"),
]


@pytest.mark.parametrize(("body", "reason"), NOT_ANALYSED)
def test_what_needs_a_database_is_said_to_be_unknown(body: str, reason: str, tmp_path: Path) -> None:
    """A script that goes on from what a database says is not guessed at."""
    found = steps(tmp_path, f"op.drop_table('a')\n{body}\nop.drop_table('b')")
    assert found[0].kind == "drop_table"
    assert found[-1].kind == "not_analysed"
    assert found[-1].detail["reason"].startswith(reason)
    assert len(found) <= MAX_STEPS + 1


def test_reading_rows_is_noted_and_the_rest_goes_on(tmp_path: Path) -> None:
    """With no rows to loop over, what stands after the loop is still seen."""
    found = steps(
        tmp_path,
        """
        for row in op.get_bind().execute(sa.text("SELECT id FROM t")):
            op.drop_table(row.id)
        op.drop_table("z")
        """,
    )
    assert told(found) == ["execute", "not_analysed", "drop_table z"]
    assert found[1].detail["partial"] == "1"


def test_irreversible_downgrade_gives_its_reason(tmp_path: Path) -> None:
    """``irreversible("…")`` becomes a step with that reason."""
    file = write(
        tmp_path,
        "pass",
        downgrade="from dihya_migrate.revisions.irreversible import irreversible\nirreversible('gone')",
    )
    [step] = record(file, "downgrade", "sqlite")
    assert (step.kind, step.detail["reason"], step.direction) == ("irreversible", "gone", "downgrade")


def test_message_of_an_error_is_not_repeated(tmp_path: Path) -> None:
    """An exception is told by its class; its text may hold anything."""
    assert "SECRET" not in repr(steps(tmp_path, "raise ValueError('SECRET')"))


def test_replay_is_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What a script prints, logs or warns of is for the real run."""
    with caplog.at_level(logging.DEBUG):
        steps(
            tmp_path,
            "print('A'); sys.stderr.write('A'); logger.warning('A'); import warnings; warnings.warn('A')",
            "import logging, sys\nlogger = logging.getLogger('app')\n",
        )
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


def test_running_operations_are_put_back(tmp_path: Path) -> None:
    """A replay inside a run leaves ``alembic.op`` as it found it; outside of one it leaves nothing."""
    with sa.create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context) as running:
            steps(tmp_path, "op.drop_table('t')")
            assert alembic.op.get_context() is context
            assert alembic.op._proxy is running  # type: ignore[attr-defined]
    steps(tmp_path, "1 / 0")
    assert getattr(alembic.op, "_proxy", None) is None
    assert getattr(alembic.context, "_proxy", None) is None


MULTIDB = """
    def upgrade(engine_name):
        globals()["upgrade_%s" % engine_name]()


    def upgrade_():
        op.drop_table("a")


    def upgrade_users():
        op.drop_table("b")
        op.execute(op.get_bind().dialect.name)
"""


def test_multidb_functions_become_steps_of_their_binds(tmp_path: Path) -> None:
    """Each bind's function is replayed for that bind's dialect; without binds, by the functions there are."""
    file = tmp_path / "b2_x.py"
    file.write_text("from alembic import op\n" + dedent(MULTIDB))
    found = record(file, "upgrade", "sqlite", binds={"": "sqlite", "users": "postgresql"})
    assert [(step.bind, step.kind) for step in found] == [
        ("", "drop_table"),
        ("users", "drop_table"),
        ("users", "execute"),
    ]
    assert found[2].sql == "postgresql"
    assert {step.bind for step in record(file, "upgrade", "sqlite")} == {"", "users"}


def test_replay_leaves_a_loaded_module_as_it_was(tmp_path: Path) -> None:
    """What a script keeps in its globals during a replay is not there when the same module runs for real."""
    file = write(tmp_path, "global kept\nkept = op.get_bind()\nop.drop_table('t')", "kept = None")
    spec = importlib.util.spec_from_file_location("script", file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    assert told(record(module, "upgrade", "sqlite")) == ["drop_table t"]
    assert module.kept is None


def test_directions_are_independent(tmp_path: Path) -> None:
    """Both directions of one script, recorded together."""
    file = write(
        tmp_path, "op.drop_table('a')", downgrade="op.create_table('a', sa.Column('id', sa.Integer))"
    )
    with replaying("sqlite") as replay:
        upgrade, downgrade = replay.both(file, revision="b2", path="versions/b2.py")
    assert (told(upgrade), told(downgrade)) == (["drop_table a"], ["create_table a id"])
    assert (upgrade[0].path, upgrade[0].revision) == ("versions/b2.py", "b2")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sql_is_what_the_server_would_get(dialect: str, tmp_path: Path) -> None:
    """DDL in the dialect's words, ours where only a database can tell; never the rows of an insert."""
    file = write(
        tmp_path,
        """
        t = op.create_table("t", sa.Column("id", sa.Integer, sa.ForeignKey("k.id"), primary_key=True))
        op.bulk_insert(t, [{"id": 4711}])
        with op.batch_alter_table("u") as b:
            b.drop_column("a")
        op.execute("SELECT 1")
        """,
    )
    texts = [text for _step, text in as_sql(file, "upgrade", dialect)]
    assert texts[0].startswith("CREATE TABLE t")
    assert "FOREIGN KEY(id) REFERENCES k (id)" in texts[0]
    assert texts[1] == "-- bulk_insert t id (1 rows)"
    assert ("copies" in texts[2]) == (dialect == "sqlite")
    assert texts[3] == "SELECT 1;"
    assert "4711" not in "".join(texts)


def test_unknown_dialect_is_refused(tmp_path: Path) -> None:
    """A dialect nobody knows is an error of ours."""
    with pytest.raises(UnsupportedDialectError, match="klingon"):
        record(write(tmp_path, "pass"), "upgrade", "klingon")


def test_script_that_does_not_parse_is_told(tmp_path: Path) -> None:
    """A broken file is a step that says so."""
    file = tmp_path / "x.py"
    file.write_text("def upgrade(:\n")
    [step] = record(file, "upgrade", "sqlite")
    assert step.detail["raises"] == "SyntaxError"


def test_replay_is_fast(tmp_path: Path) -> None:
    """A hundred replays of one script take nowhere near a second each; a hang would show here."""
    file = write(tmp_path, "op.add_column('t', sa.Column('a', sa.Integer))")
    start = time.monotonic()
    with replaying("sqlite") as replay:
        for _ in range(100):
            replay.both(file)
    assert time.monotonic() - start < 30
