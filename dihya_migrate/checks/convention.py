"""DM50x: what a script says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..docstrings import parse_docstring
from ..model import Severity
from .examples import DOCUMENTED, Example
from .registry import HAZARD, STRICT_ONLY, check
from .subject import Facts, Remark, Subject

_PLACEHOLDER = re.compile(
    r"(|empty message|auto-?gen\w*|message|migration|new migration|todo.*|tbd|fixme|wip|test|\.+|-+)\.?",
    re.IGNORECASE,
)
_WIDTH = 32


@check(
    code="DM501",
    name="no-purpose-text",
    weight=HAZARD,
    remedy='flask db migrate -m "add users.nick: people may choose how they are called"',
    bad=[Example(docstring=None), Example(docstring="empty message\n\nRevision ID: b2\n")],
    good=[Example(), Example(docstring="add nicknames\n\nRevision ID: b2\nRevises: a1\n")],
)
def no_purpose_text(subject: Subject) -> Iterator[Remark]:
    """The docstring is missing or a placeholder, so a reviewer or an auditor learns nothing from it."""
    told = parse_docstring(subject.revision.docstring)
    if _PLACEHOLDER.fullmatch(told.summary) and not told.purpose:
        yield Remark("the docstring does not say what this revision is for", line=1)


@check(
    code="DM502",
    name="docstring-parts",
    weight=STRICT_ONLY,
    remedy=f'"""{DOCUMENTED}"""',
    bad=[Example(docstring="Add nicknames.\n\nPurpose: people may choose.\n")],
    good=[Example()],
)
def docstring_parts(subject: Subject) -> Iterator[Remark]:
    """A strict folder's docstrings state purpose, context, impact and rollback, each after its label."""
    missing = parse_docstring(subject.revision.docstring).missing
    if missing:
        yield Remark(f"the docstring does not state: {', '.join(missing)}", line=1)


@check(
    code="DM503",
    name="revision-id-too-long",
    weight=HAZARD,
    remedy='revision = "2026_11_22_nick"  # at most 32 characters',
    bad=[
        Example(revision="2026_11_22_a_very_long_revision_identifier"),
        Example(revision="2026_11_22_a_very_long_revision_identifier", dialect="sqlite"),
    ],
    good=[
        Example(revision="2026_11_22_nick"),
        Example(
            revision="2026_11_22_a_very_long_revision_identifier",
            facts=Facts(version_width=255),
            title="a wider version column",
        ),
    ],
)
def revision_id_too_long(subject: Subject) -> Iterator[Remark]:
    """The version column holds 32 characters.

    PostgreSQL, MySQL and MariaDB refuse a longer id, and only at the end of the run. SQLite does not
    care, so there it is a warning. Where the column was seen to be wider, it passes.
    """
    width = subject.facts.version_width
    length = len(subject.revision.id)
    if length <= (width or _WIDTH):
        return
    severity = Severity.ERROR if width else None
    if subject.facts.dialect == "sqlite":
        severity = Severity.WARNING
    yield Remark(
        f"the id has {length} characters, the version column holds {width or _WIDTH}", severity=severity
    )
