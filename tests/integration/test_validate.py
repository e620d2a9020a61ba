"""Validation asks the databases what it needs to know, on every engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import flask_migrate
import pytest

from dihya_migrate.actions.validate import excerpts, validate
from dihya_migrate.errors import NotFoundError, RefusedError
from dihya_migrate.model import Finding, Severity
from dihya_migrate.runtime import KEY
from tests.project import Project

CREATE = """op.create_table(
    "users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50))
)"""
TEMPLATE = Path(flask_migrate.__file__).parent / "templates" / "flask"
DROP = 'op.drop_table("users")'


def bare(tmp_path: Path, url: str, models: str = "") -> Project:
    """A project with the folder that Flask-Migrate lays down."""
    made = Project.make(tmp_path / "p", url, template=None, models=models)
    made.versions.mkdir(parents=True)
    shutil.copy(TEMPLATE / "env.py", made.versions.parent)
    shutil.copy(TEMPLATE / "alembic.ini.mako", made.versions.parent / "alembic.ini")
    return made


def project(tmp_path: Path, url: str) -> Project:
    """The same, with one applied revision that makes a table."""
    made = bare(tmp_path, url)
    made.write("a1", None, CREATE, DROP)
    assert made.cli("db", "upgrade").exit_code == 0
    return made


def findings(made: Project, revisions: str = "", **options: object) -> list[Finding]:
    """What a validation finds."""
    with made.opened() as app, app.app_context():
        return list(validate(app.extensions[KEY], revisions, **options).findings)  # type: ignore[arg-type]


def codes(made: Project, revisions: str = "", **options: object) -> list[str]:
    """Codes of what a validation finds."""
    return [finding.code for finding in findings(made, revisions, **options)]


def test_dropping_an_empty_table_passes(tmp_path: Path, database_url: str) -> None:
    """The database is asked whether the table holds a row; without it, the worst is assumed."""
    made = project(tmp_path, database_url)
    made.write("b2", "a1", DROP, CREATE)
    assert codes(made) == []
    made.do("INSERT INTO users (id) VALUES (1)")
    assert codes(made) == ["DM201"]
    assert codes(made, "b2", offline=True) == ["DM201"]


def test_edit_after_apply_is_found(tmp_path: Path, database_url: str) -> None:
    """The journal remembers what was applied; the standard profile warns, the strict one refuses."""
    made = project(tmp_path, database_url)
    made.write("a1", None, CREATE + "  # edited", DROP)
    [finding] = findings(made)
    assert (finding.code, finding.severity, finding.revision) == ("DM407", Severity.WARNING, "a1")
    made.config["DIHYA_PROFILE"] = "strict"
    assert findings(made)[0].severity is Severity.ERROR


def test_unknown_revision_and_newer_build_are_told_apart(tmp_path: Path, database_url: str) -> None:
    """A revision our journal saw applied means an older build; one nobody knows means a wrong database."""
    made = project(tmp_path, database_url)
    newer = made.write("b2", "a1", 'op.add_column("users", sa.Column("x", sa.Integer))', "pass")
    assert made.cli("db", "upgrade").exit_code == 0
    newer.unlink()
    assert codes(made) == ["DM406"]
    made.do("UPDATE alembic_version SET version_num = 'ffff'")
    assert codes(made) == ["DM405"]


def test_mass_drop_stops_also_in_a_standard_folder(tmp_path: Path, database_url: str) -> None:
    """More than half of the tables the database has, with rows in them."""
    made = project(tmp_path, database_url)
    made.do(
        "CREATE TABLE other (id INTEGER)", "INSERT INTO other VALUES (1)", "INSERT INTO users (id) VALUES (1)"
    )
    made.write("b2", "a1", f'{DROP}\nop.drop_table("other")', CREATE)
    assert [finding.severity for finding in findings(made) if finding.code == "DM203"] == [Severity.ERROR]


def test_long_id_is_judged_by_the_column_there_is(tmp_path: Path, database_url: str) -> None:
    """32 characters, unless somebody made the column wider; SQLite does not care."""
    made = project(tmp_path, database_url)
    made.write("b" * 40, "a1", 'op.execute("SELECT 1")', "op.execute('SELECT 1')")
    [finding] = [found for found in findings(made) if found.code == "DM503"]
    assert finding.severity is (Severity.WARNING if database_url.startswith("sqlite") else Severity.ERROR)


def test_only_pending_revisions_are_looked_at(tmp_path: Path, sqlite_url: str) -> None:
    """What is applied is history; ``all`` and ids look at it again."""
    made = project(tmp_path, sqlite_url)
    made.write("b2", "a1", 'op.execute("DELETE FROM users")', "op.execute('SELECT 1')")
    made.do("INSERT INTO users (id) VALUES (1)")
    assert made.cli("db", "upgrade").exit_code == 0
    made.do("INSERT INTO users (id) VALUES (1)")
    assert codes(made) == []
    assert codes(made, "all") == []  # the table is born in the range
    assert codes(made, "b2") == ["DM206"]


def test_unreachable_database_is_no_obstacle(tmp_path: Path) -> None:
    """Without an answer all scripts are looked at; who asks for the pending ones is told."""
    made = bare(tmp_path, f"sqlite:///{tmp_path}/nowhere/x.db")
    made.write("a1", None, CREATE, "pass")
    assert codes(made) == ["DM301"]
    with pytest.raises(RefusedError, match="do not tell"):
        findings(made, "pending")


@pytest.mark.parametrize("wanted", ["zz", "a"])
def test_unknown_or_ambiguous_revision_is_not_found(wanted: str, tmp_path: Path, sqlite_url: str) -> None:
    """An id must mean exactly one revision."""
    made = project(tmp_path, sqlite_url)
    made.write("a2", "a1", "pass")
    with pytest.raises(NotFoundError):
        findings(made, wanted)


def test_missing_folder_is_not_found(tmp_path: Path, sqlite_url: str) -> None:
    """No migrations folder: the error says how to make one."""
    made = Project.make(tmp_path / "p", sqlite_url, template=None)
    with pytest.raises(NotFoundError, match="flask db init"):
        findings(made)


def test_computed_id_is_read_by_alembic(tmp_path: Path, sqlite_url: str) -> None:
    """A script whose id only its code tells is validated all the same."""
    made = project(tmp_path, sqlite_url)
    path = made.write("b2", "a1", "op.execute('DROP TABLE users')", "pass")
    path.write_text(path.read_text().replace("revision = 'b2'", "revision = 'b' + str(2)", 1))
    made.do("INSERT INTO users (id) VALUES (1)")
    assert codes(made) == ["DM201", "DM301"]


def test_broken_history_is_told_not_raised(tmp_path: Path, sqlite_url: str) -> None:
    """Where Alembic would end in a KeyError, the finding names the file and the missing parent."""
    made = project(tmp_path, sqlite_url)
    made.write("c3", "b2", "pass")
    [finding] = [found for found in findings(made) if found.code == "DM402"]
    assert (finding.revision, finding.path) == ("c3", "versions/c3.py")


def test_new_column_without_a_decision_does_not_pass(tmp_path: Path, sqlite_url: str) -> None:
    """In a project that declares personal data, each new column is personal or said not to be."""
    models = """
    from dihya_migrate.gdpr import not_personal, null, personal, subject

    class User(db.Model):
        __tablename__ = "users"
        __table_args__ = {"info": subject("user")}
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(50), info=personal("name", purpose="account"))
        phone = db.Column(db.String(20))
        theme = db.Column(db.String(20), info=not_personal("display"))
    """
    made = bare(tmp_path, sqlite_url, models)
    made.write("a1", None, CREATE, DROP)
    add = 'op.add_column("users", sa.Column("{0}", sa.String(20)))'
    made.write("b2", "a1", add.format("phone") + "\n" + add.format("theme"), "op.execute('SELECT 1')")
    done = made.run("db", "validate")
    assert done.returncode == 1
    assert "users.phone" in done.stdout
    assert "users.theme" not in done.stdout


def test_line_of_a_secret_is_not_shown(tmp_path: Path, sqlite_url: str) -> None:
    """A report quotes the source, but not where it holds what must not be repeated."""
    made = project(tmp_path, sqlite_url)
    made.write(
        "b2", "a1", "op.execute(\"ALTER ROLE a PASSWORD 'hunter22'\")\nop.execute('DROP TABLE users')", DROP
    )
    made.do("INSERT INTO users (id) VALUES (1)")
    found = findings(made)
    assert {finding.code for finding in found} == {"DM201", "DM521"}
    shown = excerpts(found, made.root / "migrations")
    assert [line.strip() for line in shown.values()] == ["op.execute('DROP TABLE users')"]


def test_script_that_does_not_parse_is_named(tmp_path: Path, sqlite_url: str) -> None:
    """The refusal names the file."""
    made = project(tmp_path, sqlite_url)
    (made.versions / "b2.py").write_text("def upgrade(:\n")
    with pytest.raises(RefusedError, match=r"versions/b2\.py"):
        findings(made)
