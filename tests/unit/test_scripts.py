"""Scripts and their graph are read as Alembic reads them, without running them."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import Revision as AlembicRevision
from alembic.script.revision import RevisionMap
from hypothesis import given
from hypothesis import strategies as st

from dihya_migrate.model import Revision
from dihya_migrate.revisions import memory
from dihya_migrate.revisions.graph import History, UnknownTargetError
from dihya_migrate.revisions.scripts import (
    UncertainScripts,
    history_of,
    known_heads,
    read_history,
    read_revisions,
)

HISTORIES = Path(__file__).parent.parent / "histories"


def script(folder: Path, text: str, name: str = "a1_x.py") -> Path:
    """A file in the versions folder of *folder*."""
    file = folder / "versions" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def one(folder: Path, text: str) -> Revision:
    """The only revision of a folder with this script."""
    script(folder, text)
    [revision] = read_revisions(folder / "versions")
    return revision


@pytest.mark.parametrize(
    ("text", "parents", "depends_on", "labels"),
    [
        ("revision = 'a1'\ndown_revision = None\n", (), (), ()),
        ("revision: str = 'a1'\ndown_revision: str | None = 'b'\n", ("b",), (), ()),
        ("revision = 'a1'\ndown_revision = ('b', 'c')\ndepends_on = ['d']\n", ("b", "c"), ("d",), ()),
        ("revision = ('a' '1')\ndown_revision = ['b']\nbranch_labels = ('x', 'y')\n", ("b",), (), ("x", "y")),
        ("revision = 'zz'\nrevision = 'a1'\ndown_revision = None\nbranch_labels = 'x'\n", (), (), ("x",)),
        ("x: int\nrevision = 'a1'; down_revision = None\nimport os.path as p\n", (), (), ()),
    ],
)
def test_literals_are_read(
    text: str, parents: tuple[str, ...], depends_on: tuple[str, ...], labels: tuple[str, ...], tmp_path: Path
) -> None:
    """Strings, tuples, lists and annotated assignments say what Alembic would find after running the file."""
    found = one(tmp_path, text)
    assert (found.id, found.parents, found.depends_on, found.branch_labels) == (
        "a1",
        parents,
        depends_on,
        labels,
    )


@pytest.mark.parametrize(
    "text",
    [
        "revision = make()\ndown_revision = None\n",
        "revision = 'a1'\n",
        "down_revision = None\n",
        "revision = None\ndown_revision = None\n",
        "revision = 'a1'\ndown_revision = PREVIOUS\n",
        "revision = 'a1'\ndown_revision = ''\n",
        "revision = 'a1'\ndown_revision = None\nif True:\n    depends_on = 'x'\n",
        "revision, down_revision = 'a1', None\n",
        "revision = down_revision = None\n",
        "revision = 'a1'\ndown_revision = None\nrevision += 'x'\n",
        "revision = 'a1'\ndown_revision = None\nfrom ids import *\n",
        "revision = 'a1'\ndown_revision = None\nfrom ids import x as depends_on\n",
        "revision = 'a1'\ndown_revision = None\nglobals()['depends_on'] = 'x'\n",
        "revision = 'a1'\ndown_revision = None\ndef f():\n    global depends_on\n    depends_on = 'x'\nf()\n",
        "revision = 'a1'\ndown_revision = None\ndef depends_on(): ...\n",
        "revision = 'a1'\ndown_revision = None\nfor branch_labels in 'x': pass\n",
        "revision = f'a{1}'\ndown_revision = None\n",
        "revision = 'a1'\ndown_revision = None\ndef broken(:\n",
        "revision = 'a1'\ndown_revision = None\n\0",
    ],
)
def test_doubt_is_a_signal(text: str, tmp_path: Path) -> None:
    """What only running the file would tell is left to Alembic, never guessed."""
    script(tmp_path, text)
    with pytest.raises(UncertainScripts):
        read_revisions(tmp_path / "versions")
    assert known_heads(tmp_path / "versions") is None


def test_scripts_are_not_run(tmp_path: Path) -> None:
    """Reading a script leaves its code alone."""
    file = tmp_path / "ran"
    one(tmp_path, f"revision = 'a1'\ndown_revision = None\nopen({str(file)!r}, 'w')\n")
    assert not file.exists()


def test_hash_ignores_line_ends(tmp_path: Path) -> None:
    """A checkout with other line ends has the same hash; one more space does not."""
    text = "revision = 'a1'\ndown_revision = None\n"
    file = script(tmp_path, text)
    [unix] = read_revisions(file.parent)
    file.write_bytes(text.replace("\n", "\r\n").encode())
    [windows] = read_revisions(file.parent)
    file.write_bytes(text.encode() + b" ")
    [changed] = read_revisions(file.parent)
    assert unix.sha256 == windows.sha256 != changed.sha256


@pytest.mark.parametrize("recursive", [False, True])
def test_files_are_chosen_as_alembic_does(recursive: bool, tmp_path: Path) -> None:
    """Editor files, packages and caches are left out; sub-folders only count when asked for."""
    text = "revision = {!r}\ndown_revision = None\n"
    for name in (
        "a.py",
        "_b.py",
        "sub/c.py",
        "sub/deep/d.py",
        ".#e.py",
        "__init__.py",
        "f.txt",
        "__pycache__/g.py",
    ):
        file = tmp_path / "versions" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(Path(name).stem))
    directory = ScriptDirectory(
        str(tmp_path), version_locations=[str(tmp_path / "versions")], recursive_version_locations=recursive
    )
    ours = {revision.id for revision in read_revisions(tmp_path / "versions", recursive=recursive)}
    assert ours == {loaded.revision for loaded in directory.walk_revisions()}


@pytest.mark.parametrize(
    "folder", sorted(path.name for path in HISTORIES.iterdir() if (path / "versions").is_dir())
)
def test_folders_are_read_as_alembic_reads_them(folder: str, tmp_path: Path) -> None:
    """Ids, parents, labels, heads and bases of real folders are the same from both readers."""
    shutil.copytree(HISTORIES / folder, tmp_path / folder)
    root = tmp_path / folder
    config = Config()
    config.set_main_option("script_location", str(root))
    directory = ScriptDirectory.from_config(config)
    ours, theirs = read_history(root / "versions"), history_of(directory.walk_revisions(), root)
    assert ours.by_id == theirs.by_id
    assert sorted(ours.heads) == sorted(directory.get_heads())
    assert sorted(ours.bases) == sorted(directory.get_bases())


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Revision, ...]:
    """Random graphs without faults: each revision follows, or depends on, earlier ones."""
    size = draw(st.integers(1, 12))
    made: list[Revision] = []
    for number in range(size):
        earlier = [revision.id for revision in made]
        parents = draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else []
        rest = [id_ for id_ in earlier if id_ not in parents]
        depends = draw(st.lists(st.sampled_from(rest), max_size=1)) if rest else []
        made.append(Revision(f"r{number}", tuple(parents), tuple(depends)))
    return tuple(draw(st.permutations(made)))


def alembic_map(revisions: tuple[Revision, ...]) -> RevisionMap:
    """The same graph in Alembic's hands."""
    return RevisionMap(
        lambda: [
            AlembicRevision(r.id, r.parents or None, dependencies=r.depends_on or None) for r in revisions
        ]
    )


@given(graphs())
def test_heads_and_bases_are_alembics(revisions: tuple[Revision, ...]) -> None:
    """On any graph, heads and bases are the ones Alembic finds."""
    history, theirs = History(revisions), alembic_map(revisions)
    assert set(history.heads) == set(theirs.heads)
    assert set(history.bases) == set(theirs.bases)
    assert {problem.kind for problem in history.problems} <= {"multiple-heads"}


@given(graphs())
def test_path_is_alembics(revisions: tuple[Revision, ...]) -> None:
    """What an upgrade from nothing to one revision runs is what Alembic would run, in a possible order."""
    history, theirs = History(revisions), alembic_map(revisions)
    for target in history.by_id:
        path = [revision.id for revision in history.path((), target)]
        assert set(path) == {r.revision for r in theirs.iterate_revisions(target, "base", inclusive=False)}
        for place, id_ in enumerate(path):
            assert set(history.needs(id_)) <= set(path[:place])


@given(graphs(), st.data())
def test_path_between_two_points_leaves_out_what_is_applied(
    revisions: tuple[Revision, ...], data: st.DataObject
) -> None:
    """Nothing that had to run before the present point runs again."""
    history = History(revisions)
    present = data.draw(st.sampled_from(sorted(history.by_id)))
    path = {revision.id for revision in history.path((present,))}
    assert path == set(history.by_id) - history.ancestors(present)
    assert all(history.is_ancestor(id_, present) for id_ in history.ancestors(present))


@pytest.mark.parametrize(
    ("revisions", "kind"),
    [
        ((Revision("a"), Revision("b", ("zz",))), "missing-parent"),
        ((Revision("a"), Revision("b", ("a",), depends_on=("zz",))), "missing-parent"),
        ((Revision("a", path="1"), Revision("a", path="2")), "duplicate-revision-id"),
        ((Revision("a", ("b",)), Revision("b", ("a",))), "cycle"),
        ((Revision("a", ("a",)),), "cycle"),
        ((Revision("a"), Revision("b", ("a",)), Revision("c", ("a",))), "multiple-heads"),
    ],
)
def test_faults_are_found(revisions: tuple[Revision, ...], kind: str) -> None:
    """Each fault of a graph is told under its name."""
    assert kind in {problem.kind for problem in History(revisions).problems}


@pytest.mark.parametrize("target", ["+1", "zz", "head"])
def test_target_only_alembic_knows_is_left_to_it(target: str) -> None:
    """Relative steps, parts of ids and an ambiguous head are not guessed at."""
    history = History((Revision("a1"), Revision("b2")))
    with pytest.raises(UnknownTargetError):
        history.path((), target)


def test_long_history_is_walked_without_recursion() -> None:
    """Three thousand revisions in a row are no matter."""
    history = History(tuple(Revision(f"r{n}", (f"r{n - 1}",) if n else ()) for n in range(3000)))
    assert history.heads == ("r2999",)
    assert len(history.path((), "head")) == 3000
    assert history.problems == ()


def old(folder: Path) -> None:
    """Make every script look settled: changed an hour ago, as far as the cache can tell."""
    moment = time.time() - 3600
    for file in folder.glob("*.py"):
        os.utime(file, (moment, moment))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, for the time of change of an inode cannot be set back."""
    monkeypatch.setattr(memory, "_SETTLED", -3600 * 10**9)
    monkeypatch.setattr(memory, "_MEMORY", {})


A, B, C = (
    f"revision = {id_!r}\ndown_revision = {down!r}\n" for id_, down in (("a", None), ("b", "a"), ("c", "b"))
)


@pytest.mark.usefixtures("settled")
def test_heads_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second question reads no script, in this process or, by its file, in the next."""
    versions = script(tmp_path, A).parent
    (versions / "__pycache__").mkdir()
    assert known_heads(versions) == ("a",)
    monkeypatch.setattr("dihya_migrate.revisions.scripts.read_history", None)
    assert known_heads(versions) == ("a",)
    memory._MEMORY.clear()
    assert known_heads(versions) == ("a",)


@pytest.mark.usefixtures("settled")
def test_any_change_is_seen(tmp_path: Path) -> None:
    """A file added, edited with its time put back, renamed or removed is noticed."""
    versions = script(tmp_path, A).parent
    assert known_heads(versions) == ("a",)
    file = script(tmp_path, B, "b.py")
    assert known_heads(versions) == ("b",)
    before = file.stat()
    file.write_text(B.replace("'b'", "'x'"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert known_heads(versions) == ("x",)
    file.unlink()
    assert known_heads(versions) == ("a",)


def test_young_file_is_not_remembered(tmp_path: Path) -> None:
    """Within two seconds of a change a second one may leave no trace, so nothing is kept."""
    versions = script(tmp_path, A).parent
    assert known_heads(versions) == ("a",)
    assert memory._MEMORY.get((str(versions.resolve()), "heads")) is None


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("rubbish", [b"", b"{}", b"[]", b'{"digest": 1, "heads": 2}', b"\xff"])
def test_rubbish_in_the_cache_is_ignored(rubbish: bytes, tmp_path: Path) -> None:
    """A damaged cache file costs a reading, nothing else."""
    versions = script(tmp_path, A).parent
    (versions / "__pycache__").mkdir()
    (versions / "__pycache__" / "dihya-heads.json").write_bytes(rubbish)
    assert known_heads(versions) == ("a",)


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": A, "b.py": B + "depends_on = 'a'\n"},
        {"b.py": B},
        {"a.py": A, "a2.py": A},
        {"a.py": "revision = 'a'\ndown_revision = 'b'\n", "b.py": B},
    ],
)
def test_heads_are_not_told_in_doubt(files: dict[str, str], tmp_path: Path) -> None:
    """With dependencies, or a fault in the graph, only Alembic can say where a database should stand."""
    for name, text in files.items():
        script(tmp_path, text, name)
    assert known_heads(tmp_path / "versions") is None


def test_missing_folder_has_no_heads(tmp_path: Path) -> None:
    """No folder, no scripts, no heads."""
    with warnings.catch_warnings():
        assert known_heads(tmp_path / "nowhere") == ()
