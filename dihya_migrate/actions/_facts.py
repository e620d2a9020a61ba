"""What the checks are told of the databases and the models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from .. import own_tables
from ..checks import Facts
from ..checks.subject import Table, qualified
from ..errors import MappingError
from ..revisions.journal import Journal
from ..revisions.ports import Look
from ..runtime import Runtime

Probe = Callable[[Iterable[Table]], frozenset[Table]]


def offline_facts(runtime: Runtime) -> Facts:
    """What is known without a database: the models, the settings, the day."""
    declares, undecided = _privacy(runtime)
    return Facts(
        dialect=dialects(runtime).get("", ""),
        declares=declares,
        undecided=undecided,
        drop_limit=runtime.settings.drop_limit,
        today=runtime.clock().date(),
    )


def live_facts(runtime: Runtime, looks: Mapping[str, Look]) -> Facts:
    """The same, with what the databases of *looks* say: heads, journal, tables, width of the version id."""
    tables: set[Table] = set()
    hashes: dict[str, str] = {}
    widths: list[int] = []
    for bind, look in looks.items():
        if bind not in runtime.engines:
            continue
        with suppress(SQLAlchemyError):
            tables |= _tables(runtime.engine(bind), look)
            hashes |= _hashes(runtime, bind)
            widths += _width(runtime.engine(bind), look)
    return replace(
        offline_facts(runtime),
        database_heads={bind: look.heads for bind, look in looks.items()},
        applied_hashes=hashes,
        known_tables=frozenset(tables),
        version_width=min(widths, default=None),
    )


def dialects(runtime: Runtime) -> dict[str, str]:
    """Dialect names by bind."""
    return {bind: engine.dialect.name for bind, engine in runtime.engines.items()}


def probe_of(runtime: Runtime) -> Probe:
    """Asks the databases which of some tables hold no row; one that cannot be read counts as full."""

    def probe(tables: Iterable[Table]) -> frozenset[Table]:
        return frozenset(table for table in tables if _empty(runtime, table))

    return probe


def _empty(runtime: Runtime, table: Table) -> bool:
    bind, name = table
    engine = runtime.engines.get(bind)
    if engine is None:
        return False
    schema, _, bare = name.rpartition(".")
    rows = sa.select(sa.literal(1)).select_from(sa.table(bare, schema=schema or None)).limit(1)
    try:
        with engine.connect() as connection:
            return connection.execute(rows).first() is None
    except SQLAlchemyError:
        return False


def _tables(engine: Engine, look: Look) -> set[Table]:
    names = sa.inspect(engine).get_table_names()
    return {
        (look.bind, qualified(name, None))
        for name in names
        if name != look.version_table and not own_tables.is_ours(name)
    }


def _hashes(runtime: Runtime, bind: str) -> dict[str, str]:
    journal = Journal(runtime.settings.database_schema)
    with runtime.engine(bind).connect() as connection:
        return journal.hashes(connection) if journal.installed(connection) else {}


def _width(engine: Engine, look: Look) -> list[int]:
    inspector = sa.inspect(engine)
    if not inspector.has_table(look.version_table, schema=look.version_table_schema):
        return []
    columns = inspector.get_columns(look.version_table, schema=look.version_table_schema)
    found = [getattr(column["type"], "length", None) for column in columns if column["name"] == "version_num"]
    return [length for length in found if length]


def _declares(metadata: sa.MetaData) -> bool:
    """Is there any declaration at all? Most projects have none, and need not load the privacy side."""
    return any(
        str(key).startswith("dihya.")
        for table in metadata.tables.values()
        for item in (table, *table.columns, *table.constraints)
        for key in item.info
    )


def _privacy(runtime: Runtime) -> tuple[bool, frozenset[tuple[str, str, str]]]:
    """Does the project declare personal data, and which columns are undecided? A broken map says nothing."""
    if not any(_declares(metadata) for metadata in runtime.metadatas.values()):
        return False, frozenset()
    from ..gdpr.mapping import build_map

    try:
        data = build_map(runtime.metadatas)
    except MappingError:  # ``flask gdpr check`` lists what is wrong with it
        return False, frozenset()
    declares = any(table.declared for part in data.parts.values() for table in part.tables.values())
    undecided = {
        (bind, table.name, column.name)
        for bind, part in data.parts.items()
        for table in part.tables.values()
        for column in table.columns
        if column.state == "undecided"
    }
    return declares, frozenset(undecided)
