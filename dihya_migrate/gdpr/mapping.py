"""Builds the map of personal data from the models' metadata: a column is decided, or named as undecided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table, UniqueConstraint
from sqlalchemy.exc import InvalidRequestError, NoReferencedTableError

from ..errors import MappingError
from . import declarations as d
from .families import family_of, length_of
from .records import ColumnRule, DataMap, Edge, Part, Role, State, Strategy, TableRule
from .rules import check_part, undecided_of
from .strategies import DELETE, ON_ERASE

_OURS = "dihya_"
_KNOWN = {v for k, v in vars(d).items() if k.isupper() and isinstance(v, str)} | {DELETE, ON_ERASE}


def build_map(metadatas: Mapping[str, MetaData]) -> DataMap:
    """The map of all databases, by bind name.

    Raises:
        MappingError: Declarations contradict the schema or each other; the message lists every problem.
    """
    problems: list[str] = []
    parts = {bind: _part(bind, metadata, problems) for bind, metadata in metadatas.items()}
    kinds: dict[str, str] = {}
    for bind, part in sorted(parts.items()):
        for table in part.tables.values():
            if table.kind and (table.kind in kinds or _twice(part, table.kind)):
                problems.append(f"{table.name}: subject({table.kind!r}) is declared on another table too")
            elif table.kind:
                kinds[table.kind] = bind
    declared = [table for part in parts.values() for table in part.tables.values() if table.declared]
    if not kinds and any(c.state in ("personal", "secret") for table in declared for c in table.columns):
        problems.append('no table is a person: add "info": subject("user") to the table of your users')
    problems += [
        problem for part in parts.values() for problem in check_part(part, metadatas[part.bind], kinds)
    ]
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in sorted(set(problems)))
        raise MappingError(
            f"the declarations of personal data have {len(set(problems))} problem(s):\n{lines}",
            "correct them in the models, then run 'flask gdpr check'",
        )
    finished = {
        bind: Part(bind, part.tables, part.edges, undecided_of(part, kinds)) for bind, part in parts.items()
    }
    return DataMap(finished, kinds)


def _twice(part: Part, kind: str) -> bool:
    return sum(table.kind == kind for table in part.tables.values()) > 1


def _part(bind: str, metadata: MetaData, problems: list[str]) -> Part:
    tables: dict[str, TableRule] = {}
    edges: list[Edge] = []
    for name, table in sorted(metadata.tables.items()):
        if table.name.startswith(_OURS) or table.name == "alembic_version":
            continue
        _foreign_words(name, table, problems)
        found = _edges(table, metadata, problems)
        edges += found
        tables[name] = _table(table, found, problems)
    return Part(bind, tables, tuple(edges))


def _foreign_words(name: str, table: Table, problems: list[str]) -> None:
    places: list[tuple[str, Any]] = [(name, table.info)]
    places += [(f"{name}.{column.name}", column.info) for column in table.columns]
    for place, info in places:
        for word in info:
            if isinstance(word, str) and word.startswith(d.PREFIX) and word not in _KNOWN:
                problems.append(f"{place}: {word!r} is not a declaration this version knows")


# -- tables ------------------------------------------------------------------------------------------------


def _table(table: Table, edges: list[Edge], problems: list[str]) -> TableRule:
    info = table.info
    roles = {name for edge in edges if edge.role for name in edge.columns}
    columns = tuple(_column(table, column, roles, info) for column in table.columns)
    declared = any(str(word).startswith(d.PREFIX) for word in info) or any(
        str(word).startswith(d.PREFIX) for column in table.columns for word in column.info
    )
    strategy = _strategy(info)
    if strategy and strategy.do not in ("keep", "refuse"):
        problems.append(
            f"{table.key}: {strategy.do}() is for columns; a table takes delete_row(), keep(), refuse()"
        )
    if d.STATE in info and info[d.STATE] != "not_personal":
        problems.append(f"{table.key}: only not_personal() can be said of a whole table")
    return TableRule(
        table.key,
        _key(table),
        columns,
        kind=str(info.get(d.SUBJECT, "")),
        lookup=tuple(info.get(d.LOOKUP, ())),
        born=str(info.get(d.BORN, "")),
        delete=bool(info.get(DELETE)),
        strategy=strategy,
        declared=declared or any(edge.role for edge in edges),
    )


def _key(table: Table) -> tuple[str, ...]:
    """The primary key; without one all columns, as in a plain link table."""
    return tuple(column.name for column in table.primary_key.columns or table.columns)


def _strategy(info: Mapping[Any, Any]) -> Strategy | None:
    given = info.get(ON_ERASE)
    return Strategy(**given) if given else None


def _column(table: Table, column: Column[Any], roles: set[str], above: Mapping[Any, Any]) -> ColumnRule:
    info = column.info
    state = _state(column, roles, above)
    explicit = _strategy(info) if state in ("personal", "secret") else None
    unique = column.unique or any(
        [c.name for c in constraint.columns] == [column.name]
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    )
    unique = unique or any(i.unique and [c.name for c in i.columns] == [column.name] for i in table.indexes)
    strategy = explicit or (_default(column, state) if state in ("personal", "secret") else None)
    return ColumnRule(
        table.key,
        column.name,
        state,
        type=str(column.type),
        family=family_of(column.type),
        length=length_of(column.type),
        nullable=bool(column.nullable) and not column.primary_key,
        unique=bool(unique) or [c.name for c in table.primary_key.columns] == [column.name],
        key=column.primary_key,
        category=info.get(d.CATEGORY, ""),
        purposes=tuple(info.get(d.PURPOSE, ())),
        basis=info.get(d.BASIS, ""),
        retention=info.get(d.RETENTION, ""),
        origin=info.get(d.ORIGIN, ""),
        recipients=tuple(info.get(d.RECIPIENTS, ())),
        reason=info.get(d.REASON, "") or (above.get(d.REASON, "") if state == "not_personal" else ""),
        third_party=bool(info.get(d.THIRD_PARTY)),
        strategy=strategy,
        declared_strategy=explicit is not None,
    )


def _state(column: Column[Any], roles: set[str], above: Mapping[Any, Any]) -> State:
    if column.name in roles:
        return "edge"
    given = column.info.get(d.STATE)
    if given:
        return cast("State", given)
    if column.info.get(d.THIRD_PARTY):
        return "personal"
    if column.primary_key:
        return "key"
    return "not_personal" if above.get(d.STATE) == "not_personal" else "undecided"


def _default(column: Column[Any], state: State) -> Strategy:
    filler = (
        state == "secret" and not column.nullable and family_of(column.type) in ("string", "binary", "uuid")
    )
    return Strategy("opaque" if filler else "null")


# -- edges -------------------------------------------------------------------------------------------------


def _edges(table: Table, metadata: MetaData, problems: list[str]) -> list[Edge]:
    found = []
    constraints = sorted(table.foreign_key_constraints, key=lambda c: [x.name for x in c.columns])
    for constraint in constraints:
        edge = _foreign_key(table, constraint, constraints, problems)
        if edge is not None:
            found.append(edge)
    for column in table.columns:
        if d.REFERS_TO in column.info:
            edge = _soft(table, column, metadata, problems)
            if edge is not None:
                found.append(edge)
        elif d.ROLE in column.info and not column.foreign_keys:
            problems.append(
                f"{table.key}.{column.name}: {_spelt(column.info)} needs a foreign key,"
                ' or refers_to("table.column") beside it'
            )
    return found


def _foreign_key(
    table: Table, constraint: ForeignKeyConstraint, all_: list[ForeignKeyConstraint], problems: list[str]
) -> Edge | None:
    columns = tuple(element.parent for element in constraint.elements)
    try:
        targets = tuple(element.column for element in constraint.elements)
    except (NoReferencedTableError, InvalidRequestError):
        names = ", ".join(column.name for column in columns)
        problems.append(f"{table.key}.{names}: its foreign key points at a table that no model declares")
        return None
    counts = {c.name: sum(c in other.columns.values() for other in all_) for c in columns}
    own = [c for c in columns if counts[c.name] == 1] or list(columns)
    info = _edge_info(table, constraint, own, problems)
    return _edge(table, columns, targets, tuple(own), info, soft=False)


def _edge_info(
    table: Table, constraint: ForeignKeyConstraint, own: list[Column[Any]], problems: list[str]
) -> Mapping[Any, Any]:
    """What is said of the edge: on its constraint, its ``ForeignKey`` or a column that only it uses."""
    places = [constraint.info, *(e.info for e in constraint.elements), *(c.info for c in own)]
    said = [info for info in places if d.ROLE in info]
    if len({str(info[d.ROLE]) for info in said}) > 1:
        problems.append(f"{table.key}.{own[0].name}: its foreign key has two roles; leave one")
    return said[0] if said else {}


def _soft(table: Table, column: Column[Any], metadata: MetaData, problems: list[str]) -> Edge | None:
    name, _, target_column = str(column.info[d.REFERS_TO]).rpartition(".")
    target = metadata.tables.get(name)
    if target is None or target_column not in {c.name for c in target.columns}:
        problems.append(
            f"{table.key}.{column.name}: refers_to() names no column of this database; write table.column"
        )
        return None
    if d.ROLE not in column.info:
        problems.append(
            f"{table.key}.{column.name}: refers_to() needs a role: owned_by(), shared(), mentions() or stop()"
        )
    far = next(c for c in target.columns if c.name == target_column)
    return _edge(table, (column,), (far,), (column,), column.info, soft=True)


def _edge(
    table: Table,
    columns: tuple[Column[Any], ...],
    targets: tuple[Column[Any], ...],
    own: tuple[Column[Any], ...],
    info: Mapping[Any, Any],
    *,
    soft: bool,
) -> Edge:
    far = targets[0].table
    key = {column.name for column in far.primary_key.columns}
    return Edge(
        table.key,
        tuple(column.name for column in columns),
        far.key,
        tuple(column.name for column in targets),
        role=cast("Role", info.get(d.ROLE, "")),
        kind=info.get(d.KIND),
        nullable=tuple(c.name for c in own if c.nullable and not c.primary_key),
        delete=bool(info.get(DELETE)),
        strategy=_strategy(info),
        soft=soft,
        by_key=bool(key) and {column.name for column in targets} == key,
    )


def _spelt(info: Mapping[Any, Any]) -> str:
    names = {"owned": "owned_by()", "shared": "shared()", "mention": "mentions()", "stop": "stop()"}
    return names.get(str(info[d.ROLE]), "a role")
