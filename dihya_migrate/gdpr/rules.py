"""What the map demands of declarations when it loads, and what nobody has decided yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import MetaData

from . import declarations as d
from .families import unfit, unfit_keep
from .graph import walked
from .records import ColumnRule, Edge, Part, Strategy, TableRule, Undecided
from .strategies import DELETE, ON_ERASE

_SLUG = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_CATEGORY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
_ROLES = ("owned", "shared", "mention", "stop")
_EDGE_STRATEGIES = {
    "owned": ("null", "reassign", "refuse", "keep"),
    "shared": ("null", "reassign", "refuse"),
    "mention": ("null", "reassign", "refuse"),
    "stop": (),
}


def check_part(part: Part, metadata: MetaData, kinds: Mapping[str, str]) -> Iterator[str]:
    """Every problem of one database's declarations, each with the way out."""
    for table in part.tables.values():
        yield from _table_problems(table)
        source = metadata.tables[table.name]
        for column in table.columns:
            info = next(c.info for c in source.columns if c.name == column.name)
            yield from _word_problems(column, info)
            if column.state in ("personal", "secret"):
                yield from _column_problems(part, column)
                problem = unfit(column, next(c.type for c in source.columns if c.name == column.name))
                if problem:
                    yield f"{column.full_name}: {problem}"
    for edge in part.edges:
        yield from _edge_problems(part, edge, kinds)
    yield from _two_owners(part)
    for kind, bind in kinds.items():
        if bind == part.bind:
            yield from _kept_row_problems(part, kind)


def _table_problems(table: TableRule) -> Iterator[str]:
    if table.kind and not _SLUG.fullmatch(table.kind):
        yield f"{table.name}: the kind of a subject is a slug like 'user'"
    names = {column.name for column in table.columns}
    for name in (*table.lookup, *([table.born] if table.born else [])):
        if name not in names:
            yield f"{table.name}: subject() names a column {name!r} that the table does not have"
    if table.delete and table.strategy and table.strategy.do == "keep":
        yield f"{table.name}: delete_row() and keep() contradict each other; leave one"
    if table.delete and table.kept:
        yield f"{table.kept[0].full_name}: keep() contradicts delete_row() on the table; leave one"
    if table.strategy and table.strategy.do == "keep" and unfit_keep(table.strategy):
        yield f"{table.name}: {unfit_keep(table.strategy)}"


def _word_problems(column: ColumnRule, info: Mapping[object, object]) -> Iterator[str]:
    """Combinations of declarations on one column that mean nothing."""
    if DELETE in info and d.ROLE not in info:
        yield (
            f"{column.full_name}: one column cannot ask for delete_row(); put it beside owned_by(),"
            ' or in the table\'s "info"'
        )
    if ON_ERASE in info and column.state in ("not_personal", "undecided", "key"):
        yield f"{column.full_name}: a strategy needs personal(), secret() or third_party() beside it"
    if d.THIRD_PARTY in info and info.get(d.STATE) in ("not_personal", "secret"):
        yield f"{column.full_name}: third_party() contradicts {info[d.STATE]}(); leave one"
    if d.ROLE in info and info.get(d.STATE) in ("not_personal", "secret"):
        yield f"{column.full_name}: a role on an edge contradicts {info[d.STATE]}(); leave the role"
    if info.get(d.STATE) == "not_personal" and not str(info.get(d.REASON, "")).strip():
        yield f"{column.full_name}: not_personal() needs a reason"
    if d.KIND in info and d.ROLE in info and info[d.ROLE] != "owned":
        yield f"{column.full_name}: two roles on one column; leave one"
    if d.SUBJECT in info:
        yield f'{column.full_name}: subject() is for a table\'s "info"'


def _column_problems(part: Part, column: ColumnRule) -> Iterator[str]:
    if column.state == "personal" and not column.third_party and not _CATEGORY.fullmatch(column.category):
        yield f"{column.full_name}: the category is dotted lower-case words like 'contact'"
    for purpose in column.purposes:
        if not _SLUG.fullmatch(purpose):
            yield f"{column.full_name}: a purpose is a slug like 'account', not free text"
    if column.state == "personal" and not column.third_party and not column.purposes:
        yield f"{column.full_name}: personal() needs a purpose"
    changes = column.strategy is not None and column.strategy.do not in ("keep", "refuse")
    if changes and column.declared_strategy:
        pointed = [
            e.name for e in part.edges_into(column.table) if column.name in e.target_columns and not e.soft
        ]
        if column.key or pointed:
            why = f"{pointed[0]} points at it" if pointed else "it is the key"
            yield f"{column.full_name}: it cannot be changed, because {why}; delete the row instead"


def _edge_problems(part: Part, edge: Edge, kinds: Mapping[str, str]) -> Iterator[str]:
    if not edge.role:
        return
    if edge.role not in _ROLES:
        yield f"{edge.name}: there is no role {edge.role!r}"
        return
    yield from _other_type(part, edge)
    if edge.kind is not None and edge.kind not in kinds:
        yield f"{edge.name}: owned_by({edge.kind!r}) names no declared subject"
    own = part.tables[edge.table].kind
    if edge.role in ("owned", "shared") and own and edge.kind in (None, own):
        yield (
            f"{edge.name}: a person cannot belong to another one of its kind; use mentions(),"
            " or owned_by(kind) with the other kind"
        )
    if edge.delete and edge.role not in ("owned", "shared"):
        yield f"{edge.name}: delete_row() needs owned_by() or shared(); a mention is only let go of"
    if edge.strategy:
        yield from _policy_problems(edge, edge.strategy)


def _other_type(part: Part, edge: Edge) -> Iterator[str]:
    near, far = part.tables[edge.table], part.tables[edge.target]
    for name, target in zip(edge.columns, edge.target_columns, strict=True):
        if edge.soft and near.column(name).family != far.column(target).family:
            yield f"{edge.name}: refers_to() names a column of another type, with which it cannot be compared"


def _two_owners(part: Part) -> Iterator[str]:
    """A row that belongs to two people would go with the first of them."""
    seen: dict[tuple[str, str, str | None], Edge] = {}
    for edge in part.edges:
        if edge.role != "owned" or not part.tables[edge.target].kind:
            continue
        other = seen.setdefault((edge.table, edge.target, edge.kind), edge)
        if other is not edge:
            yield (
                f"{edge.name}: the row has two owners, {other.name} says so too; use shared() on both,"
                " or mentions() on one"
            )


def _policy_problems(edge: Edge, policy: Strategy) -> Iterator[str]:
    if policy.do not in _EDGE_STRATEGIES[edge.role]:
        yield f"{edge.name}: {policy.do}() does not go with this role"
    if policy.do == "null" and not edge.nullable:
        yield f"{edge.name}: null() on a pointer that cannot be NULL; use delete_row() or reassign()"
    if policy.do == "reassign" and len(policy.to) != len(edge.columns):
        yield f"{edge.name}: reassign() needs a key of {len(edge.columns)} value(s)"
    if policy.do == "keep" and unfit_keep(policy):
        yield f"{edge.name}: {unfit_keep(policy)}"
    if policy.do == "keep" and edge.delete:
        yield f"{edge.name}: delete_row() and keep() contradict each other; leave one"


def _kept_row_problems(part: Part, kind: str) -> Iterator[str]:
    """Rows that stay are treated, so each of their columns needs a treatment that the schema allows."""
    for name in walked(part, kind):
        table = part.tables[name]
        if _always_goes(part, table, kind) or table.strategy:
            continue
        for column in table.columns:
            if column.treatable or (column.state == "edge"):
                continue
            way = "delete the row" if column.key else "add on_erase=const(…), opaque() or pseudonym()"
            yield (
                f"{column.full_name}: null is what an erasure does by default, but the column is NOT NULL;"
                f" {way}, or let the row go with delete_row()"
            )


def _always_goes(part: Part, table: TableRule, kind: str) -> bool:
    if table.delete:
        return True
    core = walked(part, kind)
    ways = [
        e for e in part.edges if e.table == table.name and e.target in core and e.role in ("owned", "shared")
    ]
    return not table.kind and bool(ways) and all(edge.delete for edge in ways)


# -- what nobody decided -----------------------------------------------------------------------------------


def undecided_of(part: Part, kinds: Mapping[str, str]) -> tuple[Undecided, ...]:
    """Columns, edges and tables without a decision, and personal columns of rows that nobody owns."""
    here = [kind for kind, bind in kinds.items() if bind == part.bind]
    core = {name for kind in here for name in walked(part, kind)}
    found = [*_undecided_edges(part, core), *_undecided_columns(part)]
    for table in part.tables.values():
        lonely = [c for c in table.columns if c.state in ("personal", "secret")]
        if lonely and table.name not in core:
            paste = 'owned_by() on a foreign key, refers_to("table.column") | owned_by(), or subject(…)'
            found.append(Undecided(part.bind, table.name, "", "unreached", paste))
    return tuple(sorted(found, key=lambda item: (item.table, item.column, item.what)))


def _undecided_edges(part: Part, core: set[str]) -> Iterator[Undecided]:
    for edge in part.edges:
        if not edge.role and edge.target in core:
            paste = "info=owned_by()  |  owned_by() | delete_row()  |  shared()  |  mentions()  |  stop()"
            yield Undecided(part.bind, edge.table, ", ".join(edge.columns), "edge", paste)


def _undecided_columns(part: Part) -> Iterator[Undecided]:
    pointing = {(edge.table, column) for edge in part.edges for column in edge.columns}
    for table in part.tables.values():
        if not table.declared:
            if any(column.state == "undecided" for column in table.columns):
                paste = '__table_args__ = {"info": not_personal("why")}  or a declaration for each column'
                yield Undecided(part.bind, table.name, "", "table", paste)
            continue
        for column in table.columns:
            if column.state == "undecided":
                paste = "info=stop()" if (table.name, column.name) in pointing else suggestion(column)
                yield Undecided(part.bind, table.name, column.name, "column", paste)


def suggestion(column: ColumnRule) -> str:
    """Code to paste for an undecided column."""
    treatment = "" if column.nullable else ", on_erase=opaque()"
    if not column.nullable and column.family not in ("string", "binary", "uuid"):
        treatment = ", on_erase=const(…)"
    return f'info=personal("…", purpose="…"{treatment})  or  info=not_personal("why")'
