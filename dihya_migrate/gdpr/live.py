"""What the live database says: columns and foreign keys, against what the models say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from .records import Edge, Part

_OURS = ("dihya_", "alembic_version")


@dataclass(frozen=True, slots=True)
class LiveKey:
    """One foreign key of the database; tables under the names the models use, where they know them."""

    table: str
    columns: tuple[str, ...]
    target: str
    name: str = ""
    on_delete: str = ""
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """The part of a live schema that an export or an erasure depends on."""

    columns: Mapping[str, frozenset[str]]
    """Table → its columns; a table that is not there is left out."""
    keys: tuple[LiveKey, ...] = ()
    dialect: str = ""
    names: frozenset[str] = field(default_factory=frozenset)

    def key_of(self, edge: Edge) -> LiveKey | None:
        """The foreign key behind *edge*."""
        for key in self.keys:
            if (key.table, set(key.columns), key.target) == (edge.table, set(edge.columns), edge.target):
                return key
        return None


def look(connection: sa.Connection, tables: Mapping[str, sa.Table], wanted: Iterable[str]) -> Live:
    """Read the columns of the *wanted* tables, and every foreign key of their schemas."""
    inspector = sa.inspect(connection)
    default = inspector.default_schema_name
    known = {(table.schema or default, table.name): name for name, table in tables.items()}
    columns = {}
    for name in wanted:
        table = tables[name]
        if inspector.has_table(table.name, schema=table.schema):
            found = inspector.get_columns(table.name, schema=table.schema)
            columns[name] = frozenset(column["name"] for column in found)
    keys = []
    for schema in _schemas(connection, inspector, tables):
        for (_, table_name), foreign in inspector.get_multi_foreign_keys(schema=schema).items():
            for key in foreign:
                source = known.get((schema or default, table_name)) or _dotted(schema, table_name)
                far = (key.get("referred_schema") or default, key["referred_table"])
                options = key.get("options") or {}
                keys.append(
                    LiveKey(
                        source,
                        tuple(key["constrained_columns"]),
                        known.get(far) or _dotted(far[0], far[1]),
                        key.get("name") or "",
                        str(options.get("ondelete") or "").upper(),
                        bool(options.get("deferrable")),
                    )
                )
    return Live(columns, tuple(keys), connection.dialect.name)


def _schemas(
    connection: sa.Connection, inspector: sa.Inspector, tables: Mapping[str, sa.Table]
) -> list[str | None]:
    named = {table.schema for table in tables.values() if table.schema != inspector.default_schema_name}
    if connection.dialect.name == "postgresql":  # a key may come from a schema that no model names
        system = ("information_schema", "pg_catalog", inspector.default_schema_name)
        named |= {name for name in inspector.get_schema_names() if name not in system}
    return [None, *sorted(name for name in named if name)]


def _dotted(schema: str | None, name: str) -> str:
    return f"{schema}.{name}" if schema else name


def missing(live: Live, part: Part, wanted: Iterable[str]) -> Iterator[str]:
    """Tables and columns in which models and database differ, one line each."""
    for name in wanted:
        if name not in live.columns:
            yield f"table {name} is in the models but not in the database"
            continue
        modelled = {column.name for column in part.tables[name].columns}
        for column in sorted(modelled - live.columns[name]):
            yield f"column {name}.{column} is in the models but not in the database"
        for column in sorted(live.columns[name] - modelled):
            yield f"column {name}.{column} is in the database but not in the models"


def unknown_keys(live: Live, part: Part, core: Iterable[str]) -> Iterator[str]:
    """Foreign keys of the database that point into *core* and that no model declares, one line each."""
    targets = set(core)
    edges = {(edge.table, frozenset(edge.columns), edge.target) for edge in part.edges}
    for key in live.keys:
        if key.target not in targets or key.table.rpartition(".")[2].startswith(_OURS):
            continue
        if (key.table, frozenset(key.columns), key.target) in edges:
            continue
        where = f"{key.table}.{', '.join(key.columns)}"
        action = f" ON DELETE {key.on_delete}" if key.on_delete else ""
        what = "the models do not know" if key.table in part.tables else "a table that no model declares"
        yield f"{where} points at {key.target}{action}: {what}"
