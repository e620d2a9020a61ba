"""Values as an export writes them: lossless, in the few types JSON has."""

from __future__ import annotations

import base64
import math
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum

_SAFE_INTEGER = 2**53
"""JSON readers keep integers exactly below this only."""


def plain(value: object) -> object:
    """*value* as JSON has it: NULL is null, decimals and big integers are strings, bytes are base64.

    Dates and times are ISO 8601, intervals a number of seconds with ``PT…S`` around it.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return value.name  # what SQLAlchemy stores; before str and int, which an enum may also be
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if -_SAFE_INTEGER < value < _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _text_or_group(value)


def _text_or_group(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{Decimal(value // timedelta(microseconds=1)).scaleb(-6).normalize():f}S"
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
