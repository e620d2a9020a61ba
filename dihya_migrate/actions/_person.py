"""What the privacy actions share: who is meant, in which database, and errors in our own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ..audit.events import AuditEvent
from ..engines import server_of
from ..errors import ConfigurationError
from ..gdpr.case import Case, Survey
from ..gdpr.identify import kind_and_text, parse_key
from ..gdpr.mapping import build_map
from ..gdpr.marks import Marks
from ..gdpr.trouble import explain
from ..runtime import Runtime


def case_of(runtime: Runtime, user: str | None, subject: str | None) -> Case:
    """The person that *user* or *subject* names; nothing is read yet.

    Raises:
        UsageError: Neither or both are given, or the identifier is malformed.
        MappingError: The declarations contradict the schema.
    """
    found = build_map(runtime.metadatas)
    kind, text = kind_and_text(user, subject, found.kinds)
    part = found.parts[found.kinds[kind]]
    return Case(
        found,
        part,
        dict(runtime.metadatas[part.bind].tables),
        kind,
        parse_key(part.subject_table(kind), text),
        runtime.settings.pseudonym_key,
        Marks(runtime.settings.database_schema),
        runtime.clock().date(),
    )


def need_key(case: Case) -> None:
    """Refuse to go on without the key that erasures are recorded under.

    Raises:
        ConfigurationError: With the line that makes one.
    """
    if case.key is None:
        raise ConfigurationError(
            "DIHYA_PSEUDONYM_KEY is not set, and an erasure is recorded under it",
            'python -c "import secrets; print(secrets.token_hex(32))" makes one; keep it for ever',
        )


def survey(engine: sa.Engine, case: Case) -> Survey:
    """What an erasure would find now; nothing is written."""
    with translated(), server_of(engine).snapshot(engine) as connection:
        return case.survey(connection, case.live(connection, erasing=True))


def unknown(runtime: Runtime, case: Case, command: str) -> None:
    """Tell the trail that somebody asked for a person who is not there."""
    detail = {"command": command, "kind": case.kind}
    event = AuditEvent(name="subject.unknown", outcome="refused", subject=case.subject, detail=detail)
    runtime.trail(case.part.bind).write(event)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a database driver raises into our errors."""
    try:
        yield
    except SQLAlchemyError as error:
        raise explain(error) from None
