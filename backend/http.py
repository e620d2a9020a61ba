"""Reading JSON requests and answering with JSON errors; no answer repeats what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from flask import abort, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from .extensions import db


@dataclass(frozen=True)
class Text:
    """What one field of a request may hold: *shortest* to *longest* characters, or one of *choices*."""

    longest: int
    shortest: int = 1
    required: bool = True
    choices: tuple[str, ...] = ()
    strip: bool = True

    def problem(self, value: object) -> str:
        """What is wrong with *value*; empty when nothing is."""
        if not isinstance(value, str):
            return "must be text"
        if "\x00" in value:
            return "must not contain NUL"
        if not self.shortest <= len(value) <= self.longest:
            return f"must have {self.shortest} to {self.longest} characters"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        return ""


def read(fields: Mapping[str, Text]) -> dict[str, str]:
    """The fields of the JSON body; a bad, missing or unknown one ends the request with 400."""
    document = request.get_json()
    if not isinstance(document, dict):
        refuse(400, "the body must be a JSON object")
    values = {
        name: value.strip()
        if isinstance(value, str) and (name not in fields or fields[name].strip)
        else value
        for name, value in document.items()
    }
    problems = {name: "unknown field" for name in values if name not in fields}
    for name, field in fields.items():
        if name not in values:
            problems |= {name: "is missing"} if field.required else {}
        elif problem := field.problem(values[name]):
            problems[name] = problem
    if problems:
        # An unknown name is the caller's text: it is counted, not repeated.
        known = {name: problem for name, problem in problems.items() if name in fields}
        refuse(400, "some fields are wrong", fields=known, unknown_fields=len(problems) - len(known))
    return values


def refuse(status: int, message: str, **details: object) -> NoReturn:
    """End the request with *status* and a JSON body."""
    abort(make_response(jsonify(error=message, **details), status))


def json_error(error: HTTPException) -> ResponseReturnValue:
    """Errors of the framework in the same form; a redirect or a ready answer stays what it is."""
    if error.response is not None or error.code is None:
        return error
    return jsonify(error=error.name.lower()), error.code


def conflict(_error: IntegrityError) -> ResponseReturnValue:
    """Two requests wanted the same thing at once and the database let one through."""
    db.session.rollback()
    return jsonify(error="somebody else did this at the same moment"), 409


class KeyConverter(IntegerConverter):
    """A row's key in a path: as many digits as fit any engine's integers; a longer number is no path."""

    regex = r"\d{1,18}"
