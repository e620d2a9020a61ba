"""DM4xx: the graph of revisions, and how the database stands in it."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Revision, Severity
from .examples import Example
from .registry import HAZARD, STOP, check
from .subject import Facts, Remark, Subject

_FIRST = Revision("a1", path="versions/a1_first.py", sha256="11")
_RIVAL = Revision("c3", ("a1",), path="versions/c3_rival.py")


def _told(subject: Subject, kind: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for problem in subject.lineage.problems:
        if problem.kind == kind:
            yield problem.revision, problem.others


@check(
    code="DM401",
    name="multiple-heads",
    weight=STOP,
    scope="run",
    remedy='flask db merge -m "merge the two branches" heads',
    bad=[Example(others=(_FIRST, _RIVAL), facts=Facts(target="head"), title="c3 also follows a1")],
    good=[Example()],
)
def multiple_heads(subject: Subject) -> Iterator[Remark]:
    """Two revisions follow the same one, so ``head`` means neither: usually two merged branches of work.

    Where the run asks for ``heads``, or for a revision by its id, this is a warning only; heads that each
    carry a branch label are meant to be several, and pass.
    """
    for first, others in _told(subject, "multiple-heads"):
        heads = (first, *others)
        by_id = subject.lineage.by_id
        if all(by_id[head].branch_labels for head in heads if head in by_id):
            return
        severity = None if subject.facts.target == "head" else Severity.WARNING
        yield Remark(f"several heads: {', '.join(heads)}", revision=others[-1], severity=severity)


@check(
    code="DM402",
    name="missing-parent",
    weight=STOP,
    scope="run",
    remedy="# restore the file from version control, or name the parent that is there:\ndown_revision = 'a1'",
    bad=[Example(parents=("zz",), title="no file has revision zz")],
    good=[Example()],
)
def missing_parent(subject: Subject) -> Iterator[Remark]:
    """A script follows, or depends on, a revision that no file has."""
    for revision, others in _told(subject, "missing-parent"):
        yield Remark(f"{revision} needs {', '.join(others)}, which no script has", revision=revision)


@check(
    code="DM403",
    name="duplicate-revision-id",
    weight=STOP,
    scope="run",
    remedy="# give the younger one an id of its own, in its file and in what follows it:\nrevision = 'b3'",
    bad=[
        Example(
            others=(_FIRST, Revision("b2", ("a1",), path="versions/b2_copy.py")), title="two files, one id"
        )
    ],
    good=[Example()],
)
def duplicate_revision_id(subject: Subject) -> Iterator[Remark]:
    """Two files carry one revision id; Alembic runs one of them and forgets the other."""
    for revision, others in _told(subject, "duplicate-revision-id"):
        yield Remark(f"{len(others)} files say they are {revision}: {', '.join(others)}", revision=revision)


@check(
    code="DM404",
    name="cycle",
    weight=STOP,
    scope="run",
    remedy="# one of them must follow something older:\ndown_revision = 'a1'",
    bad=[
        Example(
            parents=("c3",), others=(_FIRST, Revision("c3", ("b2",))), title="b2 and c3 follow each other"
        )
    ],
    good=[Example()],
)
def cycle(subject: Subject) -> Iterator[Remark]:
    """Revisions follow one another in a ring, so none of them can be first."""
    for revision, others in _told(subject, "cycle"):
        yield Remark(f"these follow one another in a ring: {', '.join(others)}", revision=revision)


def _unknown(subject: Subject) -> Iterator[tuple[str, str, bool]]:
    """Bind, id, and whether our journal says that it was applied here."""
    for bind, heads in subject.facts.database_heads.items():
        for head in heads:
            if head not in subject.lineage.by_id:
                yield bind, head, head in subject.facts.applied_hashes


@check(
    code="DM405",
    name="unknown-database-revision",
    weight=STOP,
    scope="run",
    remedy="""\
# find the build that has the script and deploy that; or, when the schema is known to match a revision:
flask db stamp --purge b2""",
    bad=[Example(facts=Facts(database_heads={"": ("ffff",)}))],
    good=[Example(facts=Facts(database_heads={"": ("a1",)}))],
)
def unknown_database_revision(subject: Subject) -> Iterator[Remark]:
    """The database stands at a revision that no script has: a wrong database, or a deleted script."""
    for bind, head, recorded in _unknown(subject):
        if not recorded:
            yield Remark(
                f"the database{_of(bind)} is at {head}, which no script here has and no run recorded"
            )


@check(
    code="DM406",
    name="database-ahead",
    weight=STOP,
    scope="run",
    remedy="""\
# deploy the newer build, or go back with it before the older one is deployed:
flask db rollback""",
    bad=[Example(facts=Facts(database_heads={"": ("ffff",)}, applied_hashes={"ffff": "22"}))],
    good=[Example(facts=Facts(database_heads={"": ("a1",)}, applied_hashes={"a1": "11"}))],
)
def database_ahead(subject: Subject) -> Iterator[Remark]:
    """A later build already migrated this database; the scripts here are older than the schema."""
    for bind, head, recorded in _unknown(subject):
        if recorded:
            yield Remark(f"the database{_of(bind)} is at {head}, applied by a build newer than this one")


def _of(bind: str) -> str:
    return f" of bind {bind!r}" if bind else ""


@check(
    code="DM407",
    name="applied-revision-edited",
    weight=HAZARD,
    scope="run",
    remedy="""\
# put the applied text back, and say what changed in a new revision
git checkout <commit> -- migrations/versions/a1_first.py
flask db revision -m "what the edit meant\"""",
    bad=[Example(others=(_FIRST,), facts=Facts(applied_hashes={"a1": "99"}))],
    good=[Example(others=(_FIRST,), facts=Facts(applied_hashes={"a1": "11"}))],
)
def applied_revision_edited(subject: Subject) -> Iterator[Remark]:
    """A script was changed after it ran here; other databases will get another schema than this one."""
    for id_, applied in subject.facts.applied_hashes.items():
        revision = subject.lineage.by_id.get(id_)
        if revision is not None and applied and revision.sha256 and revision.sha256 != applied:
            yield Remark(f"{id_} was edited after it was applied to this database", revision=id_)
