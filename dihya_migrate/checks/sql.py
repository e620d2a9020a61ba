"""Just enough SQL to see what a statement destroys: words, names and where strings and comments end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

ActionKind = Literal[
    "create_table",
    "drop_table",
    "drop_column",
    "truncate",
    "drop_schema",
    "drop_database",
    "delete_all",
    "update_all",
]

_TOKEN = re.compile(
    r"""
      (?P<skip>\s+|--[^\n]*|\#(?=\s)[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<dollar2>\$\$.*?(?:\$\$|\Z))
    | (?P<string>[eEnNbBxX]?'(?:[^'\\]|''|\\.)*(?:'|\Z))
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DROPS: Mapping[str, ActionKind] = {
    "TABLE": "drop_table",
    "SCHEMA": "drop_schema",
    "DATABASE": "drop_database",
}
_OPTIONAL = ("IF", "EXISTS", "NOT", "ONLY", "TABLE", "LOW_PRIORITY", "IGNORE", "QUICK", "CONCURRENTLY")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, name, string or mark."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """The keyword it may be; empty for anything quoted."""
        return self.text.upper() if self.kind in ("word", "mark") else ""


@dataclass(frozen=True, slots=True)
class Action:
    """What one statement does to one table."""

    kind: ActionKind
    table: str
    column: str = ""


def statements(text: str) -> list[list[Token]]:
    """*text* cut at the semicolons outside strings and comments; empty statements are left out."""
    found: list[list[Token]] = [[]]
    for token in _tokens(text):
        if token.text == ";" and token.kind == "mark":
            found.append([])
        else:
            found[-1].append(token)
    return [tokens for tokens in found if tokens]


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind == "skip":
            continue
        value = match.group()
        if kind == "quoted":
            value = value[1:-1].replace('""', '"').replace("``", "`")
            yield Token("quoted", value)
        else:
            yield Token("string" if kind in ("dollar", "dollar2", "tag") else kind, value)


@lru_cache(maxsize=4096)
def actions(text: str) -> tuple[Action, ...]:
    """What the statements of *text* do to tables; those it does not know are left out."""
    return tuple(action for tokens in statements(text) for action in _actions(tokens))


def _actions(tokens: list[Token]) -> Iterator[Action]:
    first = tokens[0].word
    second = tokens[1].word if len(tokens) > 1 else ""
    if first == "CREATE":
        yield from _create(tokens)
    elif first == "DROP" and second in _DROPS:
        for name in _names(tokens[2:]):
            yield Action(_DROPS[second], name)
    elif first == "TRUNCATE":
        for name in _names(tokens[1:]):
            yield Action("truncate", name)
    elif first == "ALTER" and second == "TABLE":
        yield from _alter(tokens[2:])
    elif first in ("DELETE", "UPDATE"):
        yield from _write(tokens)


def _create(tokens: list[Token]) -> Iterator[Action]:
    words = [token.word for token in tokens[:5]]
    if "TABLE" in words:
        rest = tokens[words.index("TABLE") + 1 :]
        yield from (Action("create_table", name) for name in _names(rest)[:1])


def _alter(tokens: list[Token]) -> Iterator[Action]:
    """``ALTER TABLE t DROP [COLUMN] c, DROP d``; what else can be dropped begins with its own keyword."""
    table, rest = _name(_without_options(tokens))
    depth = 0
    for index, token in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if token.word != "DROP" or depth or (index and rest[index - 1].word != ","):
            continue
        after = _without_options(rest[index + 1 :])
        if after and after[0].word == "COLUMN":
            after = _without_options(after[1:])
        elif after and after[0].word in (
            "CONSTRAINT",
            "INDEX",
            "KEY",
            "PRIMARY",
            "FOREIGN",
            "CHECK",
            "PARTITION",
            "SYSTEM",
        ):
            continue
        if after and after[0].kind in ("word", "quoted"):
            yield Action("drop_column", table, after[0].text)


def _write(tokens: list[Token]) -> Iterator[Action]:
    """DELETE and UPDATE of every row: no WHERE at the top level, or one that is always true."""
    first = tokens[0].word
    rest = tokens[1:]
    if first == "UPDATE" and rest and rest[0].word == "OR":
        rest = rest[2:]
    if first == "DELETE":
        if not rest or rest[0].word != "FROM":
            return
        rest = rest[1:]
    table, after = _name(_without_options(rest))
    top = _top_level(after)
    source = top[: top.index("SET")] if "SET" in top else top
    if not table or "LIMIT" in top or {"JOIN", "USING", ","} & set(source):
        return
    if "WHERE" not in top or top[top.index("WHERE") + 1 :] in (["TRUE"], ["1", "=", "1"], ["1"]):
        yield Action("delete_all" if first == "DELETE" else "update_all", table)


def _top_level(tokens: list[Token]) -> list[str]:
    depth, words = 0, []
    for token in tokens:
        if token.word == "(":
            depth += 1
        elif token.word == ")":
            depth -= 1
        elif depth == 0:
            words.append(token.word or token.text)
    return words


def _without_options(tokens: list[Token]) -> list[Token]:
    start = 0
    while start < len(tokens) and tokens[start].word in _OPTIONAL:
        start += 1
    return tokens[start:]


def _name(tokens: list[Token]) -> tuple[str, list[Token]]:
    """A name that may be qualified, and what follows it."""
    parts, index = [], 0
    while index < len(tokens) and tokens[index].kind in ("word", "quoted"):
        parts.append(tokens[index].text)
        index += 1
        if index < len(tokens) and tokens[index].word == ".":
            index += 1
        else:
            break
    return ".".join(parts), tokens[index:]


def _names(tokens: list[Token]) -> list[str]:
    """Names separated by commas."""
    found: list[str] = []
    rest = tokens
    while True:
        name, rest = _name(_without_options(rest))
        if not name:
            return found
        found.append(name)
        if not rest or rest[0].word != ",":
            return found
        rest = rest[1:]
