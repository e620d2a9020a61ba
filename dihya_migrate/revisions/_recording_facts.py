"""What one Alembic operation says, as the fields of a :class:`~dihya_migrate.model.Step`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alembic.operations import ops
from sqlalchemy import Column, Index, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import Computed, DefaultClause, Identity, Sequence
from sqlalchemy.sql.ddl import BaseDDLElement
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.types import Enum, TypeEngine

from ..model import ColumnFact

Detail = dict[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """The fields that depend on the kind of operation."""

    kind: str
    table: str | None = None
    schema: str | None = None
    columns: tuple[ColumnFact, ...] = ()
    name: str | None = None
    sql: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


def type_text(type_: object, dialect: Dialect) -> str:
    """*type_* as the dialect writes it; its class name where the dialect cannot; empty for no type."""
    if isinstance(type_, type) and issubclass(type_, TypeEngine):
        type_ = type_()
    if not isinstance(type_, TypeEngine):
        return ""
    try:
        text = type_.compile(dialect=dialect)
    except (SQLAlchemyError, NotImplementedError, AttributeError, TypeError):
        text = type(type_).__name__.upper()
    return "" if text == "NULL" else text


def default_text(default: object, dialect: Dialect) -> str | None:
    """A server default as the DDL states it; None for none."""
    if isinstance(default, DefaultClause):
        default = default.arg
    if default is None or default is False:
        return None
    if isinstance(default, str):
        return "'" + default.replace("'", "''") + "'"
    if isinstance(default, Computed):
        return f"GENERATED ALWAYS AS ({sql_text(default.sqltext, dialect)})"
    if isinstance(default, Identity):
        return "GENERATED AS IDENTITY"
    if isinstance(default, Sequence):
        return f"nextval('{default.name}')"
    return sql_text(default, dialect)


def sql_text(statement: object, dialect: Dialect) -> str:
    """SQL of *statement* with its parameters as names, never as values."""
    if isinstance(statement, str):
        return statement
    if isinstance(statement, TextClause):
        return statement.text
    if isinstance(statement, ClauseElement | BaseDDLElement):
        try:
            return str(statement.compile(dialect=dialect)).strip()
        except (SQLAlchemyError, NotImplementedError, AttributeError, TypeError):
            return f"<{type(statement).__name__} that {dialect.name} cannot write>"
    return f"<{type(statement).__name__}>"


def column_fact(column: Column[Any], dialect: Dialect) -> ColumnFact:
    """What a column's definition says."""
    reference = next((key.target_fullname for key in column.foreign_keys), None)
    return ColumnFact(
        name=str(column.name),
        type=type_text(column.type, dialect),
        nullable=column.nullable,
        server_default=default_text(column.server_default, dialect),
        primary_key=column.primary_key,
        references=reference,
    )


def create_table_facts(operation: ops.CreateTableOp, table: Table, dialect: Dialect) -> list[Facts]:
    """The table, before it its new PostgreSQL enum types, after it its indexes."""
    found = [fact for column in table.columns for fact in _enum_type(column, dialect)]
    columns = tuple(column_fact(column, dialect) for column in table.columns)
    detail = _flags(operation, "if_not_exists")
    found.append(Facts("create_table", table.name, table.schema, columns, detail=detail))
    found += [_implied_index(index, table.name, table.schema) for index in table.indexes]
    return found


def _enum_type(column: Column[Any], dialect: Dialect) -> list[Facts]:
    type_ = column.type
    if dialect.name != "postgresql" or not isinstance(type_, Enum) or not type_.native_enum or not type_.name:
        return []
    if not getattr(type_, "create_type", True):
        return []
    labels = ", ".join("'" + str(label).replace("'", "''") + "'" for label in type_.enums)
    sql = f"CREATE TYPE {type_text(type_, dialect)} AS ENUM ({labels})"
    return [Facts("execute", sql=sql, detail={"implied": "1"})]


def _implied_index(index: Index, table: str, schema: str | None) -> Facts:
    columns = tuple(ColumnFact(str(column.name)) for column in index.columns)
    detail = {"implied": "1", **({"unique": "1"} if index.unique else {})}
    return Facts("create_index", table, schema, columns, _name(index.name), detail=detail)


def _add_column(operation: ops.AddColumnOp, dialect: Dialect) -> list[Facts]:
    column, table, schema = operation.column, operation.table_name, operation.schema
    fact = column_fact(column, dialect)
    detail = _flags(operation, "if_not_exists", "inline_references") | _options(getattr(operation, "kw", {}))
    found = [Facts("add_column", table, schema, (fact,), detail=detail)]
    implied = {"implied": "1"}
    if column.foreign_keys and "inline_references" not in detail:
        found.append(Facts("create_foreign_key", table, schema, (fact,), detail=implied))
    if column.index:
        unique = {"unique": "1"} if column.unique else {}
        found.append(Facts("create_index", table, schema, (fact,), detail=implied | unique))
    elif column.unique:
        found.append(Facts("create_unique_constraint", table, schema, (fact,), detail=implied))
    return found


def _alter_column(operation: ops.AlterColumnOp, dialect: Dialect) -> list[Facts]:
    default = operation.modify_server_default
    fact = ColumnFact(
        name=operation.column_name,
        type=type_text(operation.modify_type, dialect),
        nullable=operation.modify_nullable,
        server_default=default_text(default, dialect),
    )
    detail = _options(getattr(operation, "kw", {}))
    if default is not False:
        detail["server_default"] = "dropped" if default is None else "set"
    if operation.modify_name:
        detail["new_name"] = str(operation.modify_name)
    if operation.existing_type is not None:
        detail["existing_type"] = type_text(operation.existing_type, dialect)
    if operation.existing_nullable is not None:
        detail["existing_nullable"] = str(bool(operation.existing_nullable)).lower()
    return [Facts("alter_column", operation.table_name, operation.schema, (fact,), detail=detail)]


def _foreign_key(operation: ops.CreateForeignKeyOp, _dialect: Dialect) -> list[Facts]:
    schema = operation.kw.get("referent_schema")
    target = f"{schema}.{operation.referent_table}" if schema else str(operation.referent_table)
    columns = tuple(
        ColumnFact(str(local), references=f"{target}.{remote}")
        for local, remote in zip(operation.local_cols, operation.remote_cols, strict=False)
    )
    detail = {"references": target} | _options(getattr(operation, "kw", {}))
    table, schema = operation.source_table, operation.kw.get("source_schema")
    return [
        Facts("create_foreign_key", table, schema, columns, _name(operation.constraint_name), detail=detail)
    ]


def _constraint(operation: Any, dialect: Dialect) -> list[Facts]:
    """Unique, primary key, check, exclude: all carry the same few attributes."""
    columns = tuple(ColumnFact(_column_name(item)) for item in getattr(operation, "columns", ()))
    condition = getattr(operation, "condition", None)
    sql = None if condition is None else sql_text(condition, dialect)
    kind = {"exclude": "create_exclude_constraint"}.get(operation.constraint_type) or _KINDS[type(operation)]
    name, detail = _name(operation.constraint_name), _options(getattr(operation, "kw", {}))
    return [Facts(kind, operation.table_name, operation.schema, columns, name, sql, detail)]


def _create_index(operation: ops.CreateIndexOp, _dialect: Dialect) -> list[Facts]:
    columns = tuple(ColumnFact(_column_name(item)) for item in operation.columns)
    detail = _flags(operation, "unique", "if_not_exists") | _options(getattr(operation, "kw", {}))
    name = _name(operation.index_name)
    return [Facts("create_index", operation.table_name, operation.schema, columns, name, detail=detail)]


def _drop_index(operation: ops.DropIndexOp, _dialect: Dialect) -> list[Facts]:
    detail = _flags(operation, "if_exists") | _options(getattr(operation, "kw", {}))
    table, name = operation.table_name, _name(operation.index_name)
    return [
        Facts("drop_index", None if table is None else str(table), operation.schema, (), name, detail=detail)
    ]


def _drop_constraint(operation: ops.DropConstraintOp, _dialect: Dialect) -> list[Facts]:
    detail = _flags(operation, "if_exists")
    if operation.constraint_type:
        detail["constraint_type"] = str(operation.constraint_type)
    name = _name(operation.constraint_name)
    return [Facts("drop_constraint", operation.table_name, operation.schema, (), name, detail=detail)]


def _drop_table(operation: ops.DropTableOp, _dialect: Dialect) -> list[Facts]:
    return [
        Facts("drop_table", operation.table_name, operation.schema, detail=_flags(operation, "if_exists"))
    ]


def _drop_column(operation: ops.DropColumnOp, _dialect: Dialect) -> list[Facts]:
    fact, detail = ColumnFact(str(operation.column_name)), _flags(operation, "if_exists")
    return [Facts("drop_column", operation.table_name, operation.schema, (fact,), detail=detail)]


def _rename_table(operation: ops.RenameTableOp, _dialect: Dialect) -> list[Facts]:
    detail = {"new_name": str(operation.new_table_name)}
    return [Facts("rename_table", operation.table_name, operation.schema, detail=detail)]


def _comment(operation: Any, _dialect: Dialect) -> list[Facts]:
    return [Facts(_KINDS[type(operation)], operation.table_name, operation.schema)]


def _bulk_insert(operation: ops.BulkInsertOp, _dialect: Dialect) -> list[Facts]:
    table = operation.table
    columns = tuple(ColumnFact(str(column.name)) for column in table.columns)
    name, schema = getattr(table, "name", None), getattr(table, "schema", None)
    return [Facts("bulk_insert", name, schema, columns, detail={"rows": str(len(operation.rows))})]


def _execute(operation: ops.ExecuteSQLOp, dialect: Dialect) -> list[Facts]:
    return [Facts("execute", sql=sql_text(operation.sqltext, dialect))]


def facts_of(operation: ops.MigrateOperation, dialect: Dialect) -> list[Facts] | None:
    """The facts of *operation*, first its own, then what it implies; None when it is not one of Alembic's."""
    if getattr(operation, "constraint_type", None) == "exclude" and isinstance(
        operation, ops.AddConstraintOp
    ):
        return _constraint(operation, dialect)
    reader = _READERS.get(type(operation))
    return None if reader is None else reader(operation, dialect)


def _name(name: object) -> str | None:
    return str(name) if name else None


def _column_name(item: object) -> str:
    return str(getattr(item, "name", None) or item)


def _flags(operation: object, *names: str) -> Detail:
    return {name: "1" for name in names if getattr(operation, name, None)}


def _options(keywords: Mapping[str, Any]) -> Detail:
    """Dialect options such as ``postgresql_concurrently``, as text."""
    return {key: str(value) for key, value in keywords.items() if value not in (None, False)}


_KINDS: dict[type, str] = {
    ops.CreateUniqueConstraintOp: "create_unique_constraint",
    ops.CreatePrimaryKeyOp: "create_primary_key",
    ops.CreateCheckConstraintOp: "create_check_constraint",
    ops.CreateTableCommentOp: "create_table_comment",
    ops.DropTableCommentOp: "drop_table_comment",
}
_READERS: dict[type, Callable[[Any, Dialect], list[Facts]]] = {
    ops.AddColumnOp: _add_column,
    ops.AlterColumnOp: _alter_column,
    ops.BulkInsertOp: _bulk_insert,
    ops.CreateCheckConstraintOp: _constraint,
    ops.CreateForeignKeyOp: _foreign_key,
    ops.CreateIndexOp: _create_index,
    ops.CreatePrimaryKeyOp: _constraint,
    ops.CreateTableCommentOp: _comment,
    ops.CreateUniqueConstraintOp: _constraint,
    ops.DropColumnOp: _drop_column,
    ops.DropConstraintOp: _drop_constraint,
    ops.DropIndexOp: _drop_index,
    ops.DropTableCommentOp: _comment,
    ops.DropTableOp: _drop_table,
    ops.ExecuteSQLOp: _execute,
    ops.RenameTableOp: _rename_table,
}
