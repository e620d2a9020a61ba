"""``--sql``: the script says what the application's keywords ask for, on every template."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project import Project

CREATE_A = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'
DROP_A = 'op.drop_table("a")'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stock multi-database template writes its files where the command is called."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def script_of(project: Project, folder: Path, *arguments: str, **options: object) -> str:
    """The SQL of all databases, from stdout or from the files."""
    done = project.cli("db", *arguments, "--sql", **options)
    assert done.exit_code == 0, done.output
    files = sorted(path.name for path in folder.iterdir())
    assert files in ([], ["default.sql", "other.sql"])
    return done.stdout + "".join((folder / name).read_text() for name in files)


def test_upgrade_to_sql_uses_the_applications_version_table(project: Project, elsewhere: Path) -> None:
    """``version_table`` given to ``Migrate`` is the one the script writes to; no database is touched."""
    project.write("r1", None, CREATE_A, DROP_A)
    sql = script_of(project, elsewhere, "upgrade", version_table="my_version")
    assert sql.count("CREATE TABLE a") == len(project.urls)
    assert sql.count("CREATE TABLE my_version") == len(project.urls)
    assert "alembic_version" not in sql
    assert project.tables() == set()


@pytest.mark.parametrize("verb", ["downgrade", "stamp"])
def test_other_verbs_to_sql(project: Project, elsewhere: Path, verb: str) -> None:
    """``downgrade --sql`` without a revision means ``head:-1``."""
    project.write("r1", None, CREATE_A, DROP_A)
    sql = script_of(project, elsewhere, verb, version_table="my_version")
    assert "my_version" in sql
    assert sql.count("DROP TABLE a") == (len(project.urls) if verb == "downgrade" else 0)


def test_every_keyword_reaches_alembic(project: Project, elsewhere: Path) -> None:
    """A callable such as ``include_object`` is in the context of a script's own comparison."""
    seen: list[object] = []

    def include_object(*_: object) -> bool:
        return True

    project.write("r1", None, 'op.get_context().opts["seen"].append(op.get_context().opts["include_object"])')
    script_of(project, elsewhere, "upgrade", include_object=include_object, seen=seen)
    assert seen == [include_object] * len(project.urls)


def test_an_old_hidden_file_is_no_answer(project: Project, elsewhere: Path) -> None:
    """A ``.sql`` that was there before is not taken for this script; only ``env.py`` may replace it."""
    project.write("r1", None, CREATE_A)
    (elsewhere / ".sql").write_text("OLD")
    done = project.cli("db", "upgrade", "--sql")
    assert done.exit_code == 0
    if (elsewhere / "default.sql").exists():
        assert "CREATE TABLE a" in (elsewhere / "default.sql").read_text()
    else:
        assert (elsewhere / ".sql").read_text() == "OLD"
