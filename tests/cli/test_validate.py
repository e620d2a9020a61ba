"""``flask db validate``: exit code, stdout and stderr."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from tests.project import Project

HISTORIES = Path(__file__).parents[1] / "histories"


def validate(folder: str, tmp_path: Path, *arguments: str, profile: str = "standard") -> Result:
    """``flask db validate --offline`` on one of the stored histories."""
    made = Project.make(
        tmp_path / "p", f"sqlite:///{tmp_path}/x.db", template=None, config={"DIHYA_PROFILE": profile}
    )
    shutil.copytree(HISTORIES / folder, made.root / "migrations")
    (made.root / "migrations" / "env.py").write_text("")
    return made.cli("db", "validate", "--offline", *arguments)


def codes(result: Result) -> list[str]:
    """Codes in a JSON report."""
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]


@pytest.mark.parametrize(
    ("folder", "profile", "expected", "code"),
    [
        ("linear", "standard", [], 0),
        ("merged", "standard", [], 0),
        ("two_heads", "standard", ["DM401"], 1),
        ("lossy", "standard", ["DM301"], 0),
        ("lossy", "strict", ["DM502", "DM301", "DM502"], 1),
        ("leaky", "standard", ["DM521", "DM522"], 0),
    ],
)
def test_history_is_judged(folder: str, profile: str, expected: list[str], code: int, tmp_path: Path) -> None:
    """Findings in the order of the run, the whole history first; 1 when one of them is an error."""
    result = validate(folder, tmp_path, "--format", "json", profile=profile)
    assert sorted(codes(result)) == sorted(expected)
    assert result.exit_code == code
    assert result.stderr == ""


def test_document_has_a_schema_and_counts(tmp_path: Path) -> None:
    """Machines can tell the version of the document and need not count."""
    document = json.loads(validate("lossy", tmp_path, "--format", "json").stdout)
    assert document["schema"] == "dihya.validate/1"
    assert (document["ok"], document["revisions"]) == (True, 2)
    assert document["counts"] == {"error": 0, "warning": 1, "info": 0}
    assert set(document["findings"][0]) == {
        "code", "name", "severity", "message", "remedy", "revision", "path", "line", "operation", "table",
    }  # fmt: skip


def test_text_shows_place_line_and_remedy(tmp_path: Path) -> None:
    """People see the file and the line, what will happen, and what to write instead."""
    result = validate("lossy", tmp_path, "2f0a")
    assert "versions/2f0a_drop_name.py:" in result.stdout
    assert "| " in result.stdout
    assert "op.drop_column('users', 'name')" in result.stdout
    assert "instead:" in result.stdout
    assert result.stdout.rstrip().endswith("1 revision: 2 warnings")


def test_found_values_are_not_printed(tmp_path: Path) -> None:
    """Neither text nor JSON repeats a secret or an address."""
    for layout in ("text", "json"):
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        result = validate("leaky", tmp_path, "--format", layout)
        assert "jane.roe" not in result.output
        assert "s3cr3t" not in result.output


def test_checks_are_selected_and_ignored(tmp_path: Path) -> None:
    """``--select`` and ``--ignore`` by code, name or family."""
    result = validate("leaky", tmp_path, "--select", "DM5", "--ignore", "secret-literal", "--format", "json")
    assert codes(result) == ["DM522"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--select", "DM9"], 2, "no check is called"),
        (["zzzz"], 3, "no one revision"),
        (["--explain", "DM999"], 3, "no check"),
        (["--format", "xml"], 2, "xml"),
    ],
)
def test_bad_input_gets_a_clear_error(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    """The exit code and the next step tell what is wrong."""
    result = validate("linear", tmp_path, *arguments)
    assert result.exit_code == code
    assert words in result.stderr


def test_check_is_explained(tmp_path: Path) -> None:
    """``--explain`` prints the page of a check and leaves with 0."""
    result = validate("linear", tmp_path, "--explain", "drop-table")
    assert result.exit_code == 0
    assert result.stdout.startswith("DM201 drop-table")
