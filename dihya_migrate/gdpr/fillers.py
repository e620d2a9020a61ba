"""What takes the place of a value: pseudonyms, random fillers, shortened dates. Standard library only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from datetime import date, datetime

from ..sealing import digest
from .records import ColumnRule, Strategy

_LONGEST = 32


def replacement(column: ColumnRule, strategy: Strategy, value: object, key: bytes) -> object:
    """What stands in for *value*; None stays None.

    Args:
        column: What it must fit.
        strategy: One of ``pseudonym``, ``opaque`` and ``trunc_date``.
        value: As the database gave it.
        key: ``DIHYA_PSEUDONYM_KEY``.
    """
    if value is None:
        return None
    if strategy.do == "pseudonym":
        return _pseudonym(column, strategy.domain or column.full_name, value, key)
    if strategy.do == "trunc_date":
        return _truncated(value, strategy.unit)
    return _opaque(column, value)


def _pseudonym(column: ColumnRule, domain: str, value: object, key: bytes) -> object:
    raw = bytes.fromhex(digest(key, "dihya.pseudonym", domain, str(value)))
    if column.family == "uuid":
        made = uuid.UUID(bytes=raw[:16], version=4)
        return str(made) if isinstance(value, str) else made
    return _letters(raw, column.length)


def _opaque(column: ColumnRule, value: object) -> object:
    if column.family == "uuid":
        return str(uuid.uuid4()) if isinstance(value, str) else uuid.uuid4()
    if column.family == "binary":
        return secrets.token_bytes(min(column.length or _LONGEST, _LONGEST))
    return _letters(secrets.token_bytes(_LONGEST), column.length)


def _letters(raw: bytes, length: int | None) -> str:
    """Lower-case letters and digits only: five bits each, whatever the column's collation."""
    return base64.b32encode(raw).decode().lower()[: min(length or _LONGEST, _LONGEST)]


def _truncated(value: object, unit: str) -> object:
    if not isinstance(value, date):
        return value
    first = {"year": {"month": 1, "day": 1}, "month": {"day": 1}, "day": {}}[unit]
    if isinstance(value, datetime):
        return value.replace(**first, hour=0, minute=0, second=0, microsecond=0)  # type: ignore[arg-type]
    return value.replace(**first)


def fingerprint(key: bytes) -> hmac.HMAC:
    """A keyed digest to be fed with the values that an erasure left behind."""
    return hmac.new(key, b"dihya.state\n", hashlib.sha256)
