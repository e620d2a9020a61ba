"""Secrets and personal data in a script's strings and comments; what is found is named, never shown."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..syntax import parse

_WORDS = (
    "passw",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "identified",
    "private key-----",
    "akia",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "k_live_",
    "aiza",
    "eyj",
    "npm_",
    "pypi-",
    "sg.",
    "hf_",
    "$2a$",
    "$2b$",
    "$2y$",
    "argon2",
    "pbkdf2",
    "scrypt:",
    "\\x",
    "\\u",
    "\\n{",
)
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){12}|[A-Z]{2}\d\d ?[A-Z0-9]{4} ?[A-Z0-9]{4}|\+[1-9][ .()-]{0,2}\d")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_DSN = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:(?P<value>[^\s@/'\"]+)@[^\s'\"]+")
_SQL_PASSWORD = re.compile(
    r"\b(?:IDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS)|PASSWORD)\s*(?:=\s*)?'(?P<value>[^']+)'", re.I
)
_TOKEN = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|[sr]k_live_\w{16,}|AIza[\w-]{35}|npm_[A-Za-z0-9]{36}|pypi-AgEI[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|hf_[A-Za-z]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
)
_HASH = re.compile(
    r"\$2[aby]\$\d\d\$[./\w]{53}|\$argon2(?:id|i|d)\$v=|\bpbkdf2[:_]sha\d+[:$]\d+|\bscrypt:\d+:\d+:\d+\$",
    re.I,
)
_SECRET_NAME = re.compile(
    r"(?:.*_)?(?:password|passwd|pwd|secret|secret_key|api_?key|access_?key|(?:auth|access|api)_token|token)",
    re.I,
)
_PLACEHOLDER = re.compile(r"[<{$%:*].*|x{3,}|\.{3}|changeme|password|secret|token|none|null|", re.I)

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})(?![\w-])")
_RESERVED = re.compile(r"(?:.+\.)?(?:example(?:\.[a-z]{2,})?|test|invalid|localhost|local)", re.I)
_PHONE = re.compile(r"(?<![\w+])\+[1-9](?:[ .()-]{0,2}\d){7,14}(?!\d)")
_FICTION = re.compile(r"1?\d{3}55501\d\d|447700900\d{3}|33199\d{6}|4930\d?23125\d{3}")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Z0-9])")
_CARD = re.compile(r"(?<![\d.])(?:4|5[1-5]|2[2-7]|3[47]|6(?:011|5))(?:[ -]?\d){11,17}(?![\d.])")
_TEST_CARDS = frozenset(
    {"4111111111111111", "4242424242424242", "4012888888881881", "5555555555554444", "378282246310005"}
)


@dataclass(frozen=True, slots=True)
class Literal:
    """What was found, without its text."""

    kind: str
    line: int
    secret: bool


@lru_cache(maxsize=8192)
def literals(source: str) -> tuple[Literal, ...]:
    """Every secret and every piece of personal data in *source*, by line; a kind counts once a line."""
    if not _suspicious(source):
        return ()
    found: dict[tuple[str, int], Literal] = {}
    for literal in _all(source):
        found.setdefault((literal.kind, literal.line), literal)
    return tuple(sorted(found.values(), key=lambda literal: (literal.line, literal.kind)))


def _suspicious(source: str) -> bool:
    """Can there be a finding at all? Most scripts end here, so this must be cheap."""
    if "@" in source or _LONG_NUMBER.search(source):
        return True
    lower = source.lower()
    return any(word in lower for word in _WORDS)


def _all(source: str) -> Iterator[Literal]:
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for text, line in _texts(tree):
        yield from _in_text(text, line)
    for text, line in _comments(source):
        yield from _in_text(text, line)
    for name, value, line in _named(tree):
        if _SECRET_NAME.fullmatch(name) and _looks_secret(value):
            yield Literal("a password, key or token", line, secret=True)


def _texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield node.value, node.lineno
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1"), node.lineno
            elif isinstance(node.value, int) and node.value > 10**11:
                yield str(node.value), node.lineno


def _comments(source: str) -> Iterator[tuple[str, int]]:
    if "#" not in source:
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.string, token.start[0]
    except (tokenize.TokenError, IndentationError):
        return


def _in_text(text: str, line: int) -> Iterator[Literal]:
    if len(text) < 6:
        return
    for pattern, kind, accept in _PATTERNS:
        for match in pattern.finditer(text):
            if accept(match):
                place = line + text.count("\n", 0, match.start())
                yield Literal(kind, place, kind in _SECRET_KINDS)


def _named(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """Strings that are given a name: assignments, keyword arguments, values of a dictionary."""
    for node in ast.walk(tree):
        pairs: list[tuple[object, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [
                (getattr(target, "id", getattr(target, "attr", None)), node.value) for target in node.targets
            ]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(getattr(node.target, "id", None), node.value)]
        elif isinstance(node, ast.keyword):
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [
                (getattr(key, "value", None), value)
                for key, value in zip(node.keys, node.values, strict=True)
            ]
        for name, value in pairs:
            if isinstance(name, str) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield name, value.value, value.lineno


def _looks_secret(value: str) -> bool:
    """Not a placeholder, and more than a plain word such as a column's or a type's name."""
    if len(value) < 6 or _PLACEHOLDER.fullmatch(value) or " " in value.strip():
        return False
    return bool(re.search(r"\d", value) or re.search(r"[^\w.]", value)) and not re.fullmatch(
        r"[\w.]*\(.*\)", value
    )


def _not_placeholder(match: re.Match[str]) -> bool:
    return not _PLACEHOLDER.fullmatch(match["value"])


def _real_mail(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 80) : match.start()]
    in_address = "://" in before.split()[-1] if before.split() and not before[-1].isspace() else False
    return not in_address and not _RESERVED.fullmatch(match[1])


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match.group())


def _real_phone(match: re.Match[str]) -> bool:
    digits = _digits(match)
    return 8 <= len(digits) <= 15 and not _FICTION.fullmatch(digits) and len(set(digits)) > 2


def _real_iban(match: re.Match[str]) -> bool:
    text = match.group().replace(" ", "")
    if not 15 <= len(text) <= 34:
        return False
    number = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return int(number) % 97 == 1


def _real_card(match: re.Match[str]) -> bool:
    digits = _digits(match)
    if not 13 <= len(digits) <= 19 or digits in _TEST_CARDS:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _always(_match: re.Match[str]) -> bool:
    return True


_PATTERNS = (
    (_KEY, "a private key", _always),
    (_DSN, "an address with a password", _not_placeholder),
    (_SQL_PASSWORD, "a password in SQL", _not_placeholder),
    (_TOKEN, "an access token", _always),
    (_HASH, "a password hash", _always),
    (_MAIL, "an e-mail address", _real_mail),
    (_PHONE, "a phone number", _real_phone),
    (_IBAN, "a bank account (IBAN)", _real_iban),
    (_CARD, "a payment card", _real_card),
)
_SECRET_KINDS = frozenset(kind for _pattern, kind, _accept in _PATTERNS[:5])
