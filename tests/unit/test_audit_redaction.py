"""The processors let no secret, no escape and no message through, alone and in structlog's own chain."""

from __future__ import annotations

import io
from typing import Any

import pytest
import structlog

from dihya_migrate.audit import redaction
from dihya_migrate.audit.events import MAX_ITEMS, MAX_TEXT


def processed(event: dict[str, Any]) -> dict[str, Any]:
    """*event* behind every processor."""
    for processor in redaction.TRAIL:
        event = dict(processor(None, "info", event))
    return event


def test_unknown_fields_are_dropped() -> None:
    """At the top, in the detail and in the error."""
    event = {
        "event": "step.applied",
        "email": "ada@example.org",
        "detail": {"engine": "sqlite", "row": "ada"},
        "error": {"class": "E", "message": "ada"},
    }
    assert processed(event) == {
        "event": "step.applied",
        "detail": {"engine": "sqlite"},
        "error": {"class": "E"},
    }


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\nb\tc", "a b c"),
        ("\x1b[2J\x1b]0;x\x07", "\ufffd[2J\ufffd]0;x\ufffd"),
        ("a\u202eb\u200bc\ufeff", "a\ufffdb\ufffdc\ufffd"),
        ("\x00\x7f\x9b", "\ufffd\ufffd\ufffd"),
        ("\udc80", "\ufffd"),
        ("né à Tizi-Ouzou ⵣ", "né à Tizi-Ouzou ⵣ"),
        ("postgresql+psycopg://u:p@ss/w@db:5432/x", "postgresql+psycopg://***@db:5432/x"),
        ("see mysql://root@db/x?ssl=1&password=hunter2&a=1", "see mysql://***@db/x?ssl=1&password=***&a=1"),
        ("host=db password=hunter2 user=u", "host=db password=*** user=u"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
    ],
)
def test_texts_are_cleaned_at_any_depth(text: str, clean: str) -> None:
    """Control characters are neutralised, credentials taken out of URLs."""
    event = {"event": "run.started", "reason": text, "codes": [text], "detail": {"target": text}}
    told = processed(event)
    assert (told["reason"], told["codes"], told["detail"]) == (clean, [clean], {"target": clean})


def test_long_texts_are_cut_after_the_credentials_are_gone() -> None:
    """A URL whose end is cut off would not look like one with a password in it."""
    told = processed(
        {"event": "run.started", "reason": "x" * (MAX_TEXT - 20) + "ftp://u:hunter2" + "y" * 40 + "@h"}
    )
    assert len(told["reason"]) <= MAX_TEXT
    assert "hunter2" not in told["reason"]
    assert len(processed({"event": "run.started", "codes": ["c"] * 999})["codes"]) == MAX_ITEMS


def _failing(name: str) -> None:
    secret = f"{name}@example.org"
    raise ValueError(f"Key (email)=({secret})")


@pytest.mark.parametrize("how", ["true", "tuple", "exception"])
def test_an_exception_is_reduced(how: str) -> None:
    """However structlog is handed it: no message, no traceback, no locals."""
    try:
        _failing("ada")
    except ValueError as error:
        given = {"true": True, "tuple": (type(error), error, error.__traceback__), "exception": error}[how]
        event = {"event": "run.failed", "exc_info": given, "exception": "ada", "stack_info": "ada"}
        assert processed(event) == {"event": "run.failed", "error": {"class": "ValueError"}}


def test_an_application_can_use_them_in_its_own_logging() -> None:
    """With structlog's renderers, in place of formatters that print locals."""
    stream = io.StringIO()
    chain: list[Any] = [*redaction.REDACTING, structlog.processors.JSONRenderer(sort_keys=True)]
    logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors=chain)
    try:
        _failing("ada")
    except ValueError:
        logger.exception("import failed", url="https://u:hunter2@x")
    assert stream.getvalue() == (
        '{"error": {"class": "ValueError"}, "event": "import failed", "url": "https://***@x"}\n'
    )


def test_the_exception_formatters_tell_the_class_only() -> None:
    """One for ``ExceptionRenderer``, one for the console."""
    stream = io.StringIO()
    render = structlog.processors.ExceptionRenderer(redaction.format_failure)
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=redaction.print_failure)
    try:
        _failing("ada")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        assert render(None, "error", {"event": "x", "exc_info": info})["exception"] == "ValueError"
        stream.write(str(console(None, "error", {"event": "x", "exc_info": info})))
    assert "ValueError" in stream.getvalue()
    assert "ada" not in stream.getvalue()
