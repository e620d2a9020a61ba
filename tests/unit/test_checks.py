"""Every check tells its own bad examples from its good ones, and the registry keeps order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dihya_migrate.checks import REGISTRY, Check, Facts, Script, chosen, run
from dihya_migrate.checks.examples import Example
from dihya_migrate.checks.registry import DuplicateCheckError, Registry
from dihya_migrate.errors import UsageError
from dihya_migrate.model import Finding, Severity
from dihya_migrate.revisions.graph import History
from dihya_migrate.revisions.recorder import replaying
from dihya_migrate.revisions.scripts import read_revision
from dihya_migrate.settings import Profile

BAD = [
    pytest.param(check, example, id=f"{check.code}-{n}")
    for check in REGISTRY
    for n, example in enumerate(check.bad)
]
GOOD = [
    pytest.param(check, example, id=f"{check.code}-{n}")
    for check in REGISTRY
    for n, example in enumerate(check.good)
]


def findings(
    example: Example, folder: Path, check: Check | None = None, profile: Profile = "strict"
) -> tuple[Finding, ...]:
    """What *check*, or all of them, say of *example* written to *folder*."""
    file = folder / "versions" / "b2_example.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(example.source(), encoding="utf-8")
    revision = read_revision(file, folder)
    with replaying(example.dialect) as replay:
        upgrade, downgrade = replay.both(file, revision=revision.id, path=revision.path)
    facts = example.facts if example.facts.dialect else replace(example.facts, dialect=example.dialect)
    history = History((*example.others, revision))
    return run(history, [Script(revision, upgrade, downgrade)], facts, profile, [check] if check else None)


@pytest.mark.parametrize(("check", "example"), BAD)
def test_check_speaks_of_its_bad_example(check: Check, example: Example, tmp_path: Path) -> None:
    """A check flags what it shows as bad, with its code and a remedy."""
    found = findings(example, tmp_path, check)
    assert {finding.code for finding in found} == {check.code}
    assert all(finding.remedy == check.remedy for finding in found)


@pytest.mark.parametrize(("check", "example"), GOOD)
def test_check_is_quiet_on_its_good_example(check: Check, example: Example, tmp_path: Path) -> None:
    """A check says nothing of what it shows as good."""
    assert findings(example, tmp_path, check) == ()


@pytest.mark.parametrize("check", list(REGISTRY), ids=lambda check: check.code)
def test_check_explains_itself(check: Check) -> None:
    """A check has a docstring, a remedy, and an example of each kind."""
    assert check.doc.strip().endswith(".")
    assert check.remedy
    assert check.bad
    assert check.good


@pytest.mark.parametrize("check", list(REGISTRY), ids=lambda check: check.code)
def test_strict_is_never_milder(check: Check) -> None:
    """What stops a run in the standard profile stops it in the strict one."""
    if check.severity("standard") is Severity.ERROR:
        assert check.severity("strict") is Severity.ERROR


def test_code_belongs_to_one_check() -> None:
    """A second check with the code, or the name, of another one is refused by name."""
    registry = Registry()
    first = registry.add(next(iter(REGISTRY)))
    with pytest.raises(DuplicateCheckError, match=first.name):
        registry.add(replace(first, name="another"))
    with pytest.raises(DuplicateCheckError):
        registry.add(replace(first, code="DM999"))


def test_checks_are_chosen_by_code_name_or_beginning() -> None:
    """``--select`` and ``--ignore`` take codes, names and beginnings of codes."""
    assert [check.code for check in chosen(["drop-table", "DM202"])] == ["DM201", "DM202"]
    assert {check.code[:3] for check in chosen(["dm4"])} == {"DM4"}
    assert "DM201" not in {check.code for check in chosen(ignore=["DM2"])}


def test_unknown_check_is_refused() -> None:
    """A word that fits no check is an error, not an empty choice."""
    with pytest.raises(UsageError, match="drop-tabel"):
        chosen(["drop-tabel"])


DROP = 'op.drop_table("orders")'


def test_dropped_table_warns_in_a_standard_folder_and_stops_a_strict_one(tmp_path: Path) -> None:
    """The profile decides whether a hazard stops the run."""
    check = chosen(["DM201"])[0]
    assert [f.severity for f in findings(Example(DROP), tmp_path, check, "standard")] == [Severity.WARNING]
    assert [f.severity for f in findings(Example(DROP), tmp_path, check, "strict")] == [Severity.ERROR]


@pytest.mark.parametrize(
    "code",
    [
        f'{DROP}  # dihya: ignore[DM201] reason="archived"',
        f'# dihya: ignore[drop-table] reason="archived" until=2026-12-31\n{DROP}',
        f"{DROP}  # dihya: ignore[DM202, DM201] reason='archived'",
    ],
)
def test_silenced_finding_is_shown_as_a_note(code: str, tmp_path: Path) -> None:
    """A comment with a reason takes the weight off a finding and leaves it in the report."""
    example = Example(code, facts=Facts(today=date(2026, 11, 22)))
    [finding] = findings(example, tmp_path, chosen(["DM201"])[0])
    assert finding.severity is Severity.INFO
    assert "archived" in finding.message


@pytest.mark.parametrize(
    "code",
    [
        f"{DROP}  # dihya: ignore[DM201]",
        f'{DROP}  # dihya: ignore[DM201] reason=""',
        f'{DROP}  # dihya: ignore[DM202] reason="archived"',
        f'{DROP}  # dihya: ignore[DM201] reason="archived" until=2026-11-21',
        f'{DROP}  # dihya: ignore[DM201] reason="archived" until=tomorrow',
        f'# dihya: ignore[DM201] reason="archived"\nop.f("x")\n{DROP}',
        f"""note = '# dihya: ignore[DM201] reason="archived"'; {DROP}""",
    ],
)
def test_faulty_silence_silences_nothing(code: str, tmp_path: Path) -> None:
    """Without a reason, for another check, after its end, or two lines above: the finding stands."""
    example = Example(code, facts=Facts(today=date(2026, 11, 22)))
    [finding] = findings(example, tmp_path, chosen(["DM201"])[0])
    assert finding.severity is Severity.ERROR


def test_comment_at_the_head_silences_the_whole_file(tmp_path: Path) -> None:
    """Above the first statement a comment speaks of every line."""
    example = Example(DROP, docstring=None, facts=Facts(today=date(2026, 11, 22)))
    source = '# dihya: ignore[DM201] reason="old history"\n' + example.source()
    file = tmp_path / "versions" / "b2_x.py"
    file.parent.mkdir()
    file.write_text(source)
    revision = read_revision(file, tmp_path)
    with replaying("sqlite") as replay:
        upgrade, downgrade = replay.both(file, revision=revision.id)
    found = run(
        History((revision,)),
        [Script(revision, upgrade, downgrade)],
        example.facts,
        "strict",
        chosen(["DM201"]),
    )
    assert [finding.severity for finding in found] == [Severity.INFO]


def test_new_database_passes_an_old_history_without_a_word(tmp_path: Path) -> None:
    """In the standard profile, warnings about a history that was never applied here are not shown."""
    example = Example('op.create_table("t", sa.Column("id", sa.Integer()))', "pass", docstring=None)
    assert findings(example, tmp_path, profile="standard")
    fresh = replace(example, facts=Facts(fresh=True))
    assert findings(fresh, tmp_path, profile="standard") == ()


def test_finding_points_at_the_line(tmp_path: Path) -> None:
    """A finding names the file, the line, the operation and the table."""
    [finding] = findings(Example("x = 1\n" + DROP), tmp_path, chosen(["DM201"])[0])
    lines = (tmp_path / finding.path).read_text().splitlines()
    assert finding.line is not None
    assert DROP in lines[finding.line - 1]
    assert (finding.table, finding.operation) == ("orders", "drop_table orders")


@pytest.mark.parametrize("value", ["s3cr3t-Value", "jane.roe@gmail.com", "+33 6 98 76 54 32"])
def test_found_value_is_never_repeated(value: str, tmp_path: Path) -> None:
    """A finding about a secret or a person holds nothing of it."""
    example = Example(top=f'password = "{value}"\nnote = "{value}"')
    found = findings(example, tmp_path)
    assert {finding.code for finding in found} & {"DM521", "DM522"}
    assert value not in repr(found)


def test_edit_is_found_by_hash(tmp_path: Path) -> None:
    """The hash is over the file with line ends as LF, so a checkout on Windows is no edit."""
    example = Example()
    content = example.source().encode()
    applied = Facts(applied_hashes={"b2": hashlib.sha256(content).hexdigest()})
    (tmp_path / "versions").mkdir()
    file = tmp_path / "versions" / "b2_x.py"
    file.write_bytes(content.replace(b"\n", b"\r\n"))
    history = History((read_revision(file, tmp_path),))
    assert run(history, [], applied, "strict", chosen(["DM407"])) == ()
    file.write_bytes(content + b"# changed\n")
    history = History((read_revision(file, tmp_path),))
    assert [f.code for f in run(history, [], applied, "strict", chosen(["DM407"]))] == ["DM407"]
