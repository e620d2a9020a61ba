"""Canonical JSON and hash chains: what the audit trail and the erasure ledger share."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

GENESIS = "0" * 64
"""What the first link of a chain follows."""

MIN_KEY_BYTES = 32


def canonical(body: Mapping[str, object]) -> bytes:
    """The one spelling of *body*: sorted keys, no white space, UTF-8.

    The values in use are strings, integers, booleans, null, lists and objects of these, for which this is
    RFC 8785; floats are refused because their spelling is the hard part of that standard.

    Raises:
        TypeError: *body* holds a float or another type.
    """
    _refuse_floats(body)
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical spelling here")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def link(previous: str, body: bytes, key: bytes | None) -> str:
    """The seal of *body* behind *previous*: HMAC-SHA-256 under *key*, or SHA-256 without one; hexadecimal."""
    message = previous.encode() + b"\n" + body
    if key is None:
        return hashlib.sha256(message).hexdigest()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def digest(key: bytes, domain: str, *parts: str) -> str:
    """A keyed pseudonym of *parts*, different in every *domain*; hexadecimal.

    Parts are length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
    """
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in (domain, *parts))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def key_id(key: bytes | None) -> str:
    """A short public name of *key*; ``none`` without one."""
    return "none" if key is None else hashlib.sha256(b"dihya key id\n" + key).hexdigest()[:12]
