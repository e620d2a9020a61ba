"""``# dihya: ignore[DM201] reason="…" until=2026-12-31``: a finding that somebody answers for."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ..syntax import parse

_COMMENT = re.compile(r"#\s*dihya:\s*ignore(?:\[(?P<rules>[^\]]*)\])?(?P<rest>.*)", re.IGNORECASE)
_REASON = re.compile(r"""reason\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_UNTIL = re.compile(r"until\s*=\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Silence:
    """One comment that silences checks."""

    line: int
    rules: frozenset[str]
    """Codes in upper case and names in lower case, as written."""
    reason: str = ""
    until: date | None = None
    whole_file: bool = False
    fault: str = ""
    """Why it silences nothing; empty when it is in order."""

    def covers(self, code: str, name: str, line: int | None) -> bool:
        """Does it speak of this check at this line: its own, the one below, or the whole file?"""
        if self.fault or not self.rules & {code, name}:
            return False
        return self.whole_file or line in (self.line, self.line + 1)

    def over(self, today: date) -> bool:
        """Has it ended?"""
        return self.until is not None and self.until < today


def silences(source: str) -> tuple[Silence, ...]:
    """All of *source*'s comments that silence something, or mean to."""
    if "dihya:" not in source:
        return ()
    try:
        found = [
            (match, token.start[0], token.line.lstrip().startswith("#"))
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT and (match := _COMMENT.search(token.string))
        ]
        head = _head(parse(source))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return ()
    return tuple(_silence(match, line, whole_file=alone and line < head) for match, line, alone in found)


def _head(tree: ast.Module) -> int:
    """The line of the first statement behind the docstring."""
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    return body[0].lineno if body else 1


def _silence(match: re.Match[str], line: int, *, whole_file: bool) -> Silence:
    rules = frozenset(_rules(match["rules"] or ""))
    rest = match["rest"]
    reason = next((group for found in _REASON.findall(rest) for group in found if group.strip()), "")
    ends = _UNTIL.search(_REASON.sub("", rest))
    until, fault = None, ""
    if ends:
        try:
            until = date.fromisoformat(ends[1])
        except ValueError:
            fault = "its end is not a date such as 2026-12-31"
    if not reason:
        fault = "it gives no reason"
    if not rules:
        fault = "it names no check"
    return Silence(line, rules, reason.strip(), until, whole_file, fault)


def _rules(text: str) -> Iterator[str]:
    for word in re.split(r"[,\s]+", text.strip()):
        if word:
            yield word.upper() if re.fullmatch(r"dm\d+", word, re.IGNORECASE) else word.lower()
