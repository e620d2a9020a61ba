"""Which strategies suit which column types; the part of the map that knows SQLAlchemy's types."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import types as t

from .records import ColumnRule, Strategy

SHORTEST = {"pseudonym": (16, 8), "opaque": (8, 1)}
"""Characters a filler needs: on a UNIQUE column (80 and 40 bits of chance), elsewhere."""

_FAMILIES: tuple[tuple[type[Any], str], ...] = (
    (t.Enum, "enum"),
    (t.String, "string"),
    (t.Boolean, "boolean"),
    (t.Integer, "integer"),
    (t.Numeric, "numeric"),
    (t.DateTime, "datetime"),
    (t.Date, "date"),
    (t.Time, "time"),
    (t.Interval, "interval"),
    (t._Binary, "binary"),
    (t.Uuid, "uuid"),
    (t.JSON, "json"),
)
_VALUES: dict[str, tuple[type[Any], ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "numeric": (int, float, Decimal),
    "datetime": (datetime,),
    "date": (date,),
    "time": (time,),
    "interval": (timedelta,),
    "binary": (bytes,),
    "uuid": (uuid.UUID, str),
    "json": (dict, list, str, int, float, bool),
}


def bare(type_: t.TypeEngine[Any]) -> t.TypeEngine[Any]:
    """The type below any decorators."""
    while isinstance(type_, t.TypeDecorator):
        type_ = type_.impl_instance
    return type_


def family_of(type_: t.TypeEngine[Any]) -> str:
    """One of ``string``, ``enum``, ``integer`` …; ``other`` when it is none we know."""
    inner = bare(type_)
    return next((name for cls, name in _FAMILIES if isinstance(inner, cls)), "other")


def length_of(type_: t.TypeEngine[Any]) -> int | None:
    """Most characters or bytes; None when there is no limit."""
    return getattr(bare(type_), "length", None)


def unfit(column: ColumnRule, type_: t.TypeEngine[Any]) -> str:
    """Why the column's strategy cannot work on it, with what to write instead; empty when it can."""
    strategy = column.strategy
    if strategy is None:
        return ""
    if strategy.do == "const":
        return _unfit_const(column, strategy, type_)
    if strategy.do in SHORTEST:
        return _unfit_filler(column, strategy)
    if strategy.do == "trunc_date":
        return _unfit_trunc(column, strategy)
    if strategy.do == "keep":
        return unfit_keep(strategy)
    if strategy.do in ("reassign", "refuse"):
        return f"{strategy.do}() is for foreign keys; use const(), opaque() or pseudonym()"
    return ""


def _unfit_const(column: ColumnRule, strategy: Strategy, type_: t.TypeEngine[Any]) -> str:
    value = strategy.value
    if column.unique:
        return "const() on a UNIQUE column fails for the second person; use pseudonym() or opaque()"
    if value is None:
        return "const(None) is null(); write null()"
    if column.family == "enum":
        fits = _in_enum(value, bare(type_))
    else:
        fits = isinstance(value, _VALUES.get(column.family, (object,)))
        odd = (column.family in ("integer", "numeric") and isinstance(value, bool)) or (
            column.family == "date" and isinstance(value, datetime)
        )
        fits = fits and not odd
    if not fits:
        return f"const() has a value that is not of the column's type {column.type}"
    if column.length and isinstance(value, str | bytes) and len(value) > column.length:
        return f"const() has {len(value)} characters for a column of {column.length}"
    return ""


def _in_enum(value: object, type_: Any) -> bool:
    cls = type_.enum_class
    return isinstance(value, cls) if cls is not None else value in type_.enums


def _unfit_filler(column: ColumnRule, strategy: Strategy) -> str:
    allowed = ("string", "uuid") if strategy.do == "pseudonym" else ("string", "uuid", "binary")
    if column.family not in allowed:
        return f"{strategy.do}() makes no {column.type}; use null(), const() or delete_row()"
    shortest = SHORTEST[strategy.do][0 if column.unique else 1]
    if column.family == "string" and column.length and column.length < shortest:
        return f"{strategy.do}() needs {shortest} characters here, the column has {column.length}"
    return ""


def _unfit_trunc(column: ColumnRule, strategy: Strategy) -> str:
    if column.family not in ("date", "datetime"):
        return f"trunc_date() is for dates, this is {column.type}; use null() or const()"
    if strategy.unit not in ("year", "month", "day"):
        return "trunc_date() knows 'year', 'month' and 'day'"
    if column.unique:
        return "trunc_date() on a UNIQUE column fails for the second person; use null()"
    return ""


def unfit_keep(strategy: Strategy) -> str:
    """Why a ``keep`` is incomplete; empty when it is not."""
    if not strategy.reason.strip():
        return "keep() needs the reason that the law gives"
    try:
        date.fromisoformat(strategy.until)
    except (TypeError, ValueError):
        return "keep() needs its last day as YYYY-MM-DD"
    return ""
