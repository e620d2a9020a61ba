"""The canary: no command, in success or in failure, lets a value of the database out."""

from __future__ import annotations

import logging
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import Result

from tests.project import Project

MARK = "MARK-"
ID = "MARK-id-1"
MODELS = """
from dihya_migrate.gdpr import const, not_personal, null, owned_by, personal, pseudonym, secret, subject

class Person(db.Model):
    __tablename__ = "person"
    __table_args__ = {"info": subject("user")}
    id = db.Column(db.String(60), primary_key=True)
    email = db.Column(
        db.String(100), unique=True, info=personal("contact", purpose="account", on_erase=pseudonym())
    )
    name = db.Column(
        db.String(50),
        nullable=False,
        info=personal("identity", purpose="account", on_erase=const("[erased]")),
    )
    password = db.Column(db.String(50), info=secret())
    theme = db.Column(db.String(50), info=not_personal("display"))

class Note(db.Model):
    __tablename__ = "note"
    id = db.Column(db.Integer, primary_key=True)
    person_id = db.Column(db.ForeignKey("person.id"), nullable=False, info=owned_by())
    body = db.Column(db.Text, info=personal("content", purpose="notes", on_erase=null()))
"""
CREATE = """
op.create_table(
    "person",
    sa.Column("id", sa.String(60), primary_key=True),
    sa.Column("email", sa.String(100), unique=True),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("password", sa.String(50)),
    sa.Column("theme", sa.String(50)),
)
op.create_table(
    "note",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.String(60), sa.ForeignKey("person.id"), nullable=False),
    sa.Column("body", sa.Text),
)
"""
DROP = 'op.drop_table("note")\nop.drop_table("person")'
ROWS = (
    "INSERT INTO person VALUES ('MARK-id-1', 'MARK-1@example.org', 'MARK-name', 'MARK-hash', 'MARK-theme')",
    "INSERT INTO person VALUES ('MARK-id-2', 'MARK-2@example.org', 'MARK-name', 'MARK-hash', 'MARK-theme')",
    "INSERT INTO note VALUES (1, 'MARK-id-1', 'MARK-body'), (2, 'MARK-id-2', 'MARK-body')",
    "CREATE TABLE legacy (id INTEGER PRIMARY KEY, kind VARCHAR(50) DEFAULT 'MARK-default')",
    "INSERT INTO legacy VALUES (1, 'MARK-legacy')",
)
CALLS = [
    ("db list-templates", 0),
    ("db init -d elsewhere", 0),
    ("db heads -v", 0),
    ("db branches -v", 0),
    ("db show", 0),
    ("db history -v -i", 0),
    ("db edit", 0),
    ("db current -v", 0),
    ("db current --check-heads", 0),
    ("db check", 1),
    ("db check --format json", 1),
    ("db migrate -m compare", 0),
    ("db revision -m 'by hand'", 0),
    ("db revision --autogenerate", 0),
    ("db merge r1 r1b", 0),
    ("db validate all", 0),
    ("db validate --offline --format json", 0),
    ("db plan --sql", 0),
    ("db plan --format json", 0),
    ("db status", 0),
    ("db upgrade --dry-run", 0),
    ("db upgrade --sql", 0),
    ("db upgrade", 0),
    ("db upgrade --format json", 0),
    ("db status --format json", 0),
    ("db rollback", 0),
    ("db stamp r2", 0),
    ("db stamp --purge r2", 0),
    ("db downgrade --dry-run", 0),
    ("db downgrade --sql", 0),
    ("db downgrade --format json", 0),
    ("db repair --accept --reason 'by hand'", 3),
    ("gdpr map", 0),
    ("gdpr map --format json", 0),
    ("gdpr map --format markdown", 0),
    ("gdpr check", 0),
    ("gdpr check --format json", 0),
    (f"gdpr export --user {ID} --output one.zip", 0),
    (f"gdpr export --user {ID} --output one.json --format json --report json", 0),
    (f"gdpr export --user {ID} --output - --format jsonl", 0),
    (f"gdpr export --user {ID} --output one.json", 2),
    ("gdpr export --user MARK-nobody --output two.zip", 3),
    (f"gdpr erase --user {ID}", 2),
    (f"gdpr verify --user {ID}", 1),
    (f"gdpr erase --user {ID} --dry-run", 0),
    (f"gdpr erase --user {ID} --yes --plan-hash {'0' * 64}", 1),
    (f"gdpr erase --user {ID} --yes --format json", 0),
    (f"gdpr erase --user {ID} --yes", 0),
    (f"gdpr export --user {ID} --output three.zip", 3),
    (f"gdpr verify --user {ID}", 0),
    (f"gdpr verify --user {ID} --format json", 0),
    ("gdpr erase --user MARK-nobody --yes", 3),
    ("gdpr verify --subject MARK:MARK-nobody", 2),
    ("audit list", 0),
    ("audit list --format json", 0),
    ("audit verify", 0),
    ("audit verify --format json", 0),
]
"""Every command, in an order in which each finds what it needs, and the code it leaves with."""
ROW = 'op.get_bind().execute(sa.text("SELECT {0} FROM person ORDER BY id")).scalars().first()'
FAILURES = {
    "unique violation": """
        op.execute("INSERT INTO person (id, email, name) SELECT 'x', email, name FROM person")
    """,
    "unique violation with parameters": f"""
        email = {ROW.format("email")}
        table = sa.table("person", sa.column("id"), sa.column("email"), sa.column("name"))
        op.bulk_insert(table, [{{"id": email, "email": email, "name": email}}])
    """,
    "foreign key": """
        op.execute("INSERT INTO note (id, person_id, body) SELECT 9, name, body FROM note, person")
    """,
    "not null": 'op.execute("UPDATE person SET name = NULL")',
    "script raises": f"raise ValueError({ROW.format('email')})",
    "script raises a chain": f"""
        try:
            raise KeyError({ROW.format("name")})
        except KeyError as error:
            raise RuntimeError({ROW.format("email")}) from error
    """,
    "script logs and prints": f"""
        import logging, warnings
        logging.getLogger("sqlalchemy.engine.Engine").info("[raw sql] %s", {ROW.format("email")})
        raise LookupError({ROW.format("email")})
    """,
}
CAST = {
    "sqlite": 'op.execute("SELECT json(email) FROM person")',
    "postgresql": 'op.execute("ALTER TABLE person ALTER COLUMN name TYPE INTEGER USING name::integer")',
    "mysql": 'op.execute("ALTER TABLE person MODIFY name INTEGER NOT NULL")',
}


@pytest.fixture(autouse=True)
def log() -> Iterator[StringIO]:
    """Every logger at DEBUG into one stream; ``echo`` leaves its handlers behind, so they are taken away."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    names = ("", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "alembic", "psycopg", "pymysql", "app")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    logging.getLogger().addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield stream
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("sqlalchemy"):
            logging.getLogger(name).handlers.clear()


class Cage:
    """A project over a database full of marks, and everything its commands let out."""

    def __init__(self, folder: Path, url: str, log: StringIO, capture: pytest.CaptureFixture[str]) -> None:
        config = {"SQLALCHEMY_ECHO": True, "DIHYA_PSEUDONYM_KEY": "p" * 32, "DIHYA_PROFILE": "standard"}
        self.project = Project.make(folder / "project", url, models=MODELS, config=config)
        self.log, self.capture = log, capture
        self.project.write("r1", None, CREATE, DROP)
        done = self.call("db", "upgrade")
        assert done.exit_code == 0, done.output
        self.project.do(*ROWS)
        assert MARK in log.getvalue()  # nobody hushes the test itself, so the cage hears

    def call(self, *arguments: str) -> Result:
        """Run one command and look at all it said, as a process would have said it."""
        self.capture.readouterr()
        before = self.log.tell()
        result = self.project.cli(*arguments)
        captured = self.capture.readouterr()
        told = self.log.getvalue()[before:]
        parts = {"stderr": result.stderr, "log": told, "streams": captured.out + captured.err}
        if "-" not in arguments:  # an export to stdout is what was asked for
            parts["stdout"] = result.stdout
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            pytest.fail(f"{' '.join(arguments)} ends in {type(result.exception).__name__}")
        for name, text in parts.items():
            assert MARK not in text, f"{' '.join(arguments)}: {name}: {_around(text)}"
        return result

    def look(self) -> None:
        """Look into what stays: our tables, the audit file, the ledger."""
        engine = sa.create_engine(self.project.url, poolclass=sa.NullPool)
        own = [name for name in sa.inspect(engine).get_table_names() if name.startswith("dihya_")]
        assert "dihya_audit" in own
        for name in own:
            rows = str(self.project.rows(f"SELECT * FROM {name}"))
            assert MARK not in rows, f"{name}: {_around(rows)}"
        files = [path for path in (self.project.root / "instance").rglob("*") if path.is_file()]
        assert any(path.name == "audit.jsonl" for path in files)
        for path in files:
            text = path.read_text()
            assert MARK not in text, f"{path.name}: {_around(text)}"


def _around(text: str) -> str:
    place = text.index(MARK)
    return text[max(place - 300, 0) : place + 60]


@pytest.fixture
def cage(
    tmp_path: Path,
    database_url: str,
    log: StringIO,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Cage:
    """A cage on each engine; the working directory is the project's."""
    monkeypatch.setenv("EDITOR", "true")
    made = Cage(tmp_path, database_url, log, capfd)
    monkeypatch.chdir(made.project.root)
    return made


def test_every_command_is_in_the_table(tmp_path: Path, sqlite_url: str) -> None:
    """A new command cannot be forgotten here."""
    with Project.make(tmp_path / "project", sqlite_url).opened() as app:
        found = {
            f"{group} {name}"
            for group in ("db", "gdpr", "audit")
            for name in app.cli.commands[group].list_commands(click.Context(app.cli))  # type: ignore[attr-defined]
        }
    assert found == {" ".join(call.split()[:2]) for call, _ in CALLS}


@pytest.mark.parametrize("group", ["db", "gdpr", "audit"])
def test_no_command_lets_a_value_out(cage: Cage, group: str) -> None:
    """All commands of a group in a row, over rows that are all marked."""
    for call, code in CALLS:
        words = shlex.split(call)
        if words[0] != group:
            continue
        _prepare(cage.project, words[1])
        result = cage.call(*words)
        assert result.exit_code == code, (call, result.output)
    cage.look()


def _prepare(project: Project, command: str) -> None:
    """Two heads for ``merge``; a pending revision for those after it; none that an earlier command wrote."""
    for path in project.versions.glob("*.py"):
        if path.stem not in ("r1", "r2"):
            path.unlink()
    if command == "merge":
        project.write("r1b", None)
    if command == "validate":
        up = 'op.execute("UPDATE person SET theme = name")'
        project.write("r2", "r1", up, 'op.execute("UPDATE person SET theme = NULL")')


@pytest.mark.parametrize("name", [*FAILURES, "cast"])
def test_no_failing_script_lets_a_value_out(cage: Cage, name: str) -> None:
    """Nor does any command that looks at what is left of it."""
    dialect = sa.make_url(cage.project.url).get_backend_name()
    script = CAST[dialect] if name == "cast" else FAILURES[name]
    change = "op.execute('UPDATE person SET theme = name')"
    cage.project.write("r2", "r1", f"{change}\n{textwrap.dedent(script).strip()}")
    assert cage.call("db", "upgrade").exit_code in (4, 5)
    for arguments in (
        ["db", "upgrade", "--format", "json"],
        ["db", "status"],
        ["db", "plan"],
        ["audit", "list"],
    ):
        cage.call(*arguments)
    assert cage.call("audit", "verify").exit_code == 0
    cage.look()


BEFORE = "CREATE TRIGGER no BEFORE UPDATE ON person"
TRIGGERS = {
    "sqlite": [f"{BEFORE} BEGIN SELECT RAISE(ABORT, 'MARK-trigger'); END"],
    "postgresql": [
        "CREATE FUNCTION no() RETURNS trigger AS $$BEGIN RAISE '%', OLD.email; END$$ LANGUAGE plpgsql",
        f"{BEFORE} FOR EACH ROW EXECUTE FUNCTION no()",
    ],
    "mysql": [f"{BEFORE} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'MARK-trigger'"],
}
LATER = (
    *("db status", "db check", "db current", "db validate", "gdpr map", "gdpr check", "audit list"),
    *("audit verify", f"gdpr verify --user {ID}"),
)


@pytest.mark.parametrize("harm", ["trigger", "missing table", "missing column"])
def test_no_failing_privacy_command_lets_a_value_out(cage: Cage, harm: str) -> None:
    """The server refuses with the row in its message, or the schema is not what the models say."""
    dialect = sa.make_url(cage.project.url).get_backend_name()
    statements = {
        "trigger": TRIGGERS[dialect],
        "missing table": ["DROP TABLE note"],
        "missing column": ["ALTER TABLE note DROP COLUMN body"],
    }
    cage.project.do(*statements[harm])
    assert cage.call("gdpr", "erase", "--user", ID, "--yes").exit_code not in (0, 2)
    exported = cage.call("gdpr", "export", "--user", ID, "--output", "one.zip")
    assert (exported.exit_code == 0) == (harm == "trigger"), exported.output
    for call in LATER:
        cage.call(*shlex.split(call))
    cage.look()


@pytest.mark.parametrize("table", ["dihya_run", "dihya_audit", "alembic_version"])
def test_damaged_tables_end_in_a_plain_word(cage: Cage, table: str) -> None:
    """Whatever the server says of a table without its columns, no exception of SQLAlchemy's is shown."""
    cage.project.write("r2", "r1", 'op.execute("UPDATE person SET theme = name")', 'op.execute("SELECT 1")')
    column = {"dihya_run": "landed", "dihya_audit": "late", "alembic_version": "version_num"}[table]
    cage.project.do(f"DROP TABLE {table}", f"CREATE TABLE {table} (not_{column} VARCHAR(50))")
    assert cage.call("db", "upgrade").exit_code not in (0, 1)
    for call in (
        "db status",
        "db rollback",
        "db plan",
        "audit list",
        "audit verify",
        f"gdpr erase --user {ID} --yes",
    ):
        cage.call(*shlex.split(call))


@pytest.mark.parametrize("program", ["flask", "alembic"])
def test_no_process_lets_a_value_out(cage: Cage, program: str) -> None:
    """A real process that logs everything at DEBUG to stderr, with echo, and fails."""
    project = cage.project
    app = project.root / "app.py"
    app.write_text(f"import logging\nlogging.basicConfig(level=logging.DEBUG)\n{app.read_text()}")
    project.write("r2", "r1", textwrap.dedent(FAILURES["unique violation with parameters"]))
    commands = {
        "flask": (project.command("db", "upgrade"), project.root),
        "alembic": ([sys.executable, "-m", "alembic", "upgrade", "head"], project.root / "migrations"),
    }
    command, folder = commands[program]
    done = subprocess.run(
        command,
        cwd=folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "revision r2 failed" in done.stderr + done.stdout
    assert "INSERT INTO person" in done.stderr + done.stdout  # it did log
    for text in (done.stdout, done.stderr):
        assert MARK not in text, _around(text)
    cage.look()
