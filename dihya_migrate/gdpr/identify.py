"""Reads the identifier of a person: one spelling each, never repeated in a message."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from ..errors import ConfigurationError, MalformedIdentifierError, UsageError
from .records import ColumnRule, Key, TableRule

_KIND = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,18})", re.ASCII)
_LONGEST = 255
_HOW = {
    "integer": "a whole number in plain digits",
    "string": "at most 255 printable characters, without spaces around them",
    "uuid": "lower-case hexadecimal with hyphens",
}


def kind_and_text(user: str | None, subject: str | None, kinds: Mapping[str, str]) -> tuple[str, str]:
    """Which kind of person is meant, and the identifier as it was typed.

    Args:
        user: Of ``--user``: the kind ``user``, or the only kind that is declared.
        subject: Of ``--subject``: ``KIND:ID``.
        kinds: The declared kinds.

    Raises:
        UsageError: Neither or both are given, or the kind is not declared.
    """
    if (user is None) == (subject is None):
        raise UsageError("say who: --user ID, or --subject KIND:ID")
    if not kinds:
        raise ConfigurationError(
            "no table is declared as a person", 'add "info": subject("user") to the table of your users'
        )
    known = ", ".join(sorted(kinds))
    if user is not None:
        if "user" not in kinds and len(kinds) > 1:
            raise UsageError("there is no kind 'user'", f"use --subject KIND:ID with one of: {known}")
        return ("user" if "user" in kinds else next(iter(kinds))), user
    kind, colon, text = str(subject).partition(":")
    if not colon or not _KIND.fullmatch(kind) or kind not in kinds:
        raise UsageError("--subject is not KIND:ID with a declared kind", f"declared are: {known}")
    return kind, text


def parse_key(table: TableRule, text: str) -> Key:
    """The key that *text* spells: ``42``, or ``tenant=1,id=2`` with the columns in the key's order.

    Raises:
        MalformedIdentifierError: It is not the one canonical spelling.
        ConfigurationError: A key column is of a type that cannot be spelt.
    """
    columns = [table.column(name) for name in table.key]
    if len(columns) == 1:
        return (_value(columns[0], text),)
    parts = text.split(",") if len(text) <= _LONGEST * len(columns) else []
    form = ",".join(f"{column.name}=…" for column in columns)
    if len(parts) != len(columns):
        raise MalformedIdentifierError(f"the identifier is not of the form {form}")
    values = []
    for column, part in zip(columns, parts, strict=True):
        name, equals, value = part.partition("=")
        if not equals or name != column.name:
            raise MalformedIdentifierError(f"the identifier is not of the form {form}")
        values.append(_value(column, value))
    return tuple(values)


def _value(column: ColumnRule, text: str) -> object:
    parse = {"integer": _integer, "string": _string, "uuid": _uuid}.get(column.family)
    if parse is None:
        raise ConfigurationError(
            f"{column.full_name} is a key of type {column.type}, which has no spelling on a command line"
        )
    try:
        return parse(column, text)
    except ValueError:
        raise MalformedIdentifierError(
            f"the identifier is not spelt as {column.full_name} is: {_HOW[column.family]}"
        ) from None


def _integer(_column: ColumnRule, text: str) -> int:
    if len(text) > 20 or not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise ValueError
    if _column.type == "INTEGER" and not -(2**31) <= int(text) < 2**63:
        raise ValueError
    return int(text)


def _string(column: ColumnRule, text: str) -> str:
    longest = min(column.length or _LONGEST, _LONGEST)
    if not text or len(text) > longest or not text.isprintable() or text != text.strip():
        raise ValueError
    return text


def _uuid(column: ColumnRule, text: str) -> object:
    if len(text) != 36 or str(parsed := uuid.UUID(text)) != text:
        raise ValueError
    return text if column.type.startswith("CHAR") else parsed


def spelt(table: TableRule, key: Key) -> tuple[str, ...]:
    """The canonical texts of *key*'s values, as digests take them."""
    del table
    return tuple(str(value) for value in key)
