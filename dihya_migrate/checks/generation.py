"""DM51x: a revision that is about to be generated from models that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from .examples import Example
from .registry import STOP, check
from .subject import Facts, Remark, Subject

_THERE = frozenset({("", "orders"), ("", "users"), ("", "invoices")})
_IMPORT = """\
# where the application is made, before Migrate(app, db):
from shop import models  # noqa: F401"""


@check(
    code="DM511",
    name="empty-metadata",
    weight=STOP,
    scope="run",
    remedy=_IMPORT,
    bad=[Example(facts=Facts(known_tables=_THERE, model_tables=frozenset()), title="no model was imported")],
    good=[
        Example(facts=Facts(known_tables=_THERE, model_tables=_THERE)),
        Example(facts=Facts(known_tables=_THERE)),
    ],
)
def empty_metadata(subject: Subject) -> Iterator[Remark]:
    """The models' metadata holds no table while the database does: the revision would drop everything."""
    facts = subject.facts
    if facts.model_tables is not None and not facts.model_tables and facts.known_tables:
        yield Remark(f"no model is known, while the database has {len(facts.known_tables)} tables")


@check(
    code="DM512",
    name="models-not-imported",
    weight=STOP,
    scope="run",
    remedy=_IMPORT,
    bad=[
        Example(
            facts=Facts(known_tables=_THERE, model_tables=frozenset({("", "users")})),
            title="one of three models was imported",
        )
    ],
    good=[
        Example(
            facts=Facts(known_tables=_THERE, model_tables=_THERE - {("", "users")}),
            title="one of three was deleted",
        )
    ],
)
def models_not_imported(subject: Subject) -> Iterator[Remark]:
    """Most tables of the database have no model: they were probably not imported, and would all be dropped.

    The share is set by ``DIHYA_DROP_LIMIT``.
    """
    facts = subject.facts
    if not facts.model_tables:
        return
    orphans = facts.known_tables - facts.model_tables
    if len(orphans) > 1 and len(orphans) > facts.drop_limit * len(facts.known_tables):
        yield Remark(f"{len(orphans)} of {len(facts.known_tables)} tables have no model and would be dropped")
