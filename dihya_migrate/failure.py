"""What may be told of an exception: class, SQLSTATE, constraint, table. Never its message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_$.]{0,127}"
_MYSQL_CONSTRAINT = re.compile(rf"CONSTRAINT `({_IDENTIFIER})`|for key '({_IDENTIFIER})'")
_SQLITE_CONSTRAINT = re.compile(rf"^([A-Z ]+ constraint failed)(?:: ({_IDENTIFIER}))?")


@dataclass(frozen=True, slots=True)
class Failure:
    """The parts of an exception that carry nobody's data."""

    cls: str
    code: str = ""
    """SQLSTATE on PostgreSQL, the error number on MySQL and MariaDB, the error's name on SQLite."""
    constraint: str = ""
    """Its name, or the table and column where it has none."""

    def __str__(self) -> str:
        parts = [
            self.cls,
            self.code and f"[{self.code}]",
            self.constraint and f"constraint {self.constraint}",
        ]
        return " ".join(part for part in parts if part)

    def document(self) -> Mapping[str, object]:
        """For an event's ``error`` field."""
        return {"class": self.cls, "code": self.code, "constraint": self.constraint}


def reduce(error: BaseException) -> Failure:
    """Reduce *error*, looking through SQLAlchemy's wrapper at the driver's own attributes.

    Sources: PEP 249; ``diag`` of psycopg and psycopg2; PyMySQL's ``args[0]``; ``sqlite_errorname`` of Python
    3.11 and later.
    """
    origin = getattr(error, "orig", None) or error
    cls = type(error).__name__
    diag = getattr(origin, "diag", None)
    if diag is not None:
        code = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or ""
        place = ".".join(name for name in (diag.table_name, diag.column_name) if name)
        return Failure(cls, code, diag.constraint_name or place)
    if hasattr(origin, "sqlite_errorname") or type(origin).__module__ == "sqlite3":
        match = _SQLITE_CONSTRAINT.match(str(origin))
        code = getattr(origin, "sqlite_errorname", "") or ""
        return Failure(cls, code, " ".join(part for part in match.groups() if part) if match else "")
    number = origin.args[0] if origin.args and isinstance(origin.args[0], int) else None
    if number is not None and type(origin).__module__.startswith(("pymysql", "MySQLdb", "mysql")):
        found = _MYSQL_CONSTRAINT.search(str(origin.args[1]) if len(origin.args) > 1 else "")
        return Failure(cls, str(number), next((g for g in found.groups() if g), "") if found else "")
    return Failure(cls)
