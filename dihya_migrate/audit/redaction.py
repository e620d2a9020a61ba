"""structlog processors that let nothing out which the trail may not hold.

They are plain functions of structlog's processor protocol; an application can use them in its own chain::

    structlog.configure(processors=[*REDACTING, structlog.processors.JSONRenderer()])

and :func:`format_failure` into ``structlog.processors.ExceptionRenderer(format_failure)``: structlog's own
formatters write messages and local variables. This module imports neither structlog nor SQLAlchemy.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

from .. import failure
from .events import ERROR_KEYS, EVENTS, FIELDS, MAX_ITEMS, MAX_TEXT

EventDict = MutableMapping[str, Any]
Processor = Callable[[Any, str, EventDict], EventDict]
ExcInfo = tuple[type[BaseException], BaseException, "TracebackType | None"]

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""C0 but tab and line feed, DEL, C1, zero-width and direction marks, lone surrogates."""
_LAYOUT = re.compile(r"[\t\n]+")
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s\"'<>]*@")
_SECRET_PARAMETER = re.compile(
    r"(?i)([?&;]|\b)(password|passwd|pwd|passphrase|secret|token|api_?key|access_?key|sslpassword)=[^&\s;\"']+"
)


def reduce_exceptions(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn ``exc_info`` into ``error``: class, code, constraint; no message, no traceback, no locals."""
    given = event.pop("exc_info", None)
    for key in ("exception", "stack_info", "stack"):
        event.pop(key, None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = _told(failure.reduce(error).document())
    return event


def allow_only(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Drop every field, and every key of ``detail`` and ``error``, that the event's schema does not have."""
    for key in [key for key in event if key not in FIELDS]:
        del event[key]
    for key, allowed in (("detail", EVENTS.get(str(event.get("event")), frozenset())), ("error", ERROR_KEYS)):
        if key in event:
            given = event[key]
            event[key] = (
                {k: v for k, v in given.items() if k in allowed} if isinstance(given, Mapping) else {}
            )
    return event


def neutralise(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace control characters, terminal escapes and direction marks in every text, at any depth."""
    return {key: _walk(value, clean_text) for key, value in event.items()}


def strip_credentials(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Take user, password and secret parameters out of every URL, at any depth."""
    return {key: _walk(value, clean_url) for key, value in event.items()}


def shorten(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Cut long texts and long lists; last, for half a URL no longer looks like one that holds a password."""
    return {key: _short(value) for key, value in event.items()}


REDACTING: tuple[Processor, ...] = (reduce_exceptions, neutralise, strip_credentials)
"""For any logger; drop nothing but what must not be said."""
TRAIL: tuple[Processor, ...] = (reduce_exceptions, allow_only, neutralise, strip_credentials, shorten)
"""For the trail's own events."""


def clean_text(text: str) -> str:
    """*text* on one line, without anything a terminal would obey."""
    if text.isprintable():  # true of nearly all, and much faster than the expressions
        return text
    return _CONTROL.sub("\ufffd", _LAYOUT.sub(" ", text))


def clean_url(text: str) -> str:
    """*text* with the credentials of its URLs taken out."""
    if "://" in text:
        text = _CREDENTIALS.sub(r"\1***@", text)
    return _SECRET_PARAMETER.sub(r"\1\2=***", text) if "=" in text else text


def format_failure(exc_info: ExcInfo) -> str:
    """For ``structlog.processors.ExceptionRenderer``: class, code and constraint of an exception."""
    return str(failure.reduce(exc_info[1]))


def print_failure(stream: TextIO, exc_info: ExcInfo) -> None:
    """For ``structlog.dev.ConsoleRenderer(exception_formatter=…)``: the same on a line of *stream*."""
    stream.write(f"\n{clean_text(format_failure(exc_info))}")


def _short(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, dict):
        return {key: _short(item) for key, item in list(value.items())[:MAX_ITEMS]}
    if isinstance(value, list):
        return [_short(item) for item in value[:MAX_ITEMS]]
    return value


def _told(document: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in document.items() if value}


def _walk(value: object, clean: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return value
    if isinstance(value, dict):
        return {clean(str(key)): _walk(item, clean) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, clean) for item in value]
    return value
