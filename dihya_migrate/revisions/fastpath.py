"""Is every database at head? Asked without Alembic, without ``env.py``, without a lock; in doubt: None.

Only for an ``env.py`` whose words are those of a template we know, apart from imports and comments: any other
might move the version table, or do work of its own at every upgrade.
"""

from __future__ import annotations

import configparser
import hashlib
import io
import tokenize
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from .known_env import MULTIPLE, OURS, SINGLE
from .scripts import known_heads

_NOISE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
)
_ELSEWHERE = ("version_locations", "recursive_version_locations", "sourceless", "revision_environment")


def at_head(
    directory: Path,
    engines: Mapping[str, Engine],
    binds: tuple[str, ...],
    options: Mapping[str, object],
    own_schema: str | None = None,
) -> tuple[str, ...] | None:
    """The heads, if all databases of the folder are at them and no run is open on them; else None.

    Args:
        directory: The migrations folder.
        engines: By bind name.
        binds: Names of the binds besides the default one that a multi-database folder migrates.
        options: What the application passes to ``context.configure``.
        own_schema: Where our tables lie; None is the connection's default.
    """
    ini = _plain_settings(directory)
    print_ = fingerprint((directory / "env.py").read_bytes())
    if ini is None or print_ not in SINGLE | MULTIPLE | OURS:
        return None
    many = print_ in MULTIPLE or (print_ in OURS and ini.get("multidb", "").strip().lower() == "true")
    names = ("", *binds) if many else ("",)
    table, schema = (
        str(options.get("version_table") or "alembic_version"),
        options.get("version_table_schema"),
    )
    found = [_heads(engines[name], table, schema, own_schema) if name in engines else None for name in names]
    if not found[0] or any(heads != found[0] for heads in found):
        return None  # before the scripts are read, which costs more
    wanted = known_heads(directory / "versions")
    return wanted if wanted is not None and sorted(wanted) == found[0] else None


def fingerprint(source: bytes) -> str:
    """A hash of the words of an ``env.py`` without imports, comments and layout; '' if it is no Python."""
    words: list[str] = []
    line: list[str] = []
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            if token.type == tokenize.NEWLINE or token.type == tokenize.ENDMARKER:
                if line and line[0] not in ("import", "from"):
                    words += line
                line = []
            elif token.type not in _NOISE:
                line.append(token.string)
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        return ""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def _plain_settings(directory: Path) -> Mapping[str, str] | None:
    """What ``alembic.ini`` says; None when it moves the scripts away from ``versions``."""
    ini = configparser.RawConfigParser()
    if not ini.read(directory / "alembic.ini", encoding="utf-8") or not ini.has_section("alembic"):
        return None
    return None if any(ini.has_option("alembic", option) for option in _ELSEWHERE) else ini["alembic"]


def _heads(engine: Engine, table: str, schema: object, own_schema: str | None) -> list[str] | None:
    place = schema if isinstance(schema, str) else None
    versions = sa.table(table, sa.column("version_num"), schema=place)
    runs = sa.table("dihya_run", sa.column("state"), schema=own_schema)
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        if not inspector.has_table(table, schema=place):
            return None
        if inspector.has_table(
            "dihya_run", schema=own_schema
        ):  # in the connection's own schema; elsewhere the slow way looks
            # a run that was killed after its commit still has to be told of, under the lock
            unsettled = runs.c.state.in_(("half-applied", "running"))
            if connection.execute(sa.select(runs.c.state).where(unsettled).limit(1)).first():
                return None
        return sorted(str(row[0]) for row in connection.execute(sa.select(versions.c.version_num)))
