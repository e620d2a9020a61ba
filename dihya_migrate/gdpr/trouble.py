"""Turns what a database driver raises into our errors, without a word of its message."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from ..errors import BusyError, DihyaError, FailedError, UnfitEnvironmentError
from ..failure import reduce

_BUSY = {"55P03", "1205", "3572"}
_AGAIN = {"40P01", "40001", "1213"}
_READ_ONLY = {"25006", "1290", "1792", "1836"}
_FULL = {"53100", "1021", "1114", "1041"}
_GONE = {"2002", "2003", "2006", "2013", "1045", "1049"}


def explain(error: SQLAlchemyError) -> DihyaError:
    """The error of ours that says what *error* means; its transaction is taken to be rolled back."""
    failure = reduce(error)
    kind = _kind(error, failure.code)
    if kind == "busy":
        return BusyError("another transaction holds the person's rows", "try again in a moment")
    if kind == "again":
        return FailedError(
            f"the database gave way to another transaction ({failure}); nothing changed", "run it again"
        )
    if kind:
        return UnfitEnvironmentError(f"the database {kind} ({failure})", "mend that, then run it again")
    if isinstance(error, IntegrityError):
        return FailedError(
            f"a constraint of the database objects ({failure}); nothing changed",
            "declare the edge behind it in the models: mentions(), owned_by() | delete_row() or stop()",
        )
    return FailedError(
        f"the database refused a statement ({failure}); nothing changed", "see 'flask gdpr check'"
    )


def gave_way(error: SQLAlchemyError) -> bool:
    """May the same transaction succeed when it is repeated: a deadlock or serialisation failure?"""
    return reduce(error).code in _AGAIN


def _kind(error: SQLAlchemyError, code: str) -> str:
    if code in _BUSY or _sqlite_says(error, "locked", "busy"):
        return "busy"
    if code in _AGAIN:
        return "again"
    if code in _READ_ONLY or _sqlite_says(error, "readonly"):
        return "is read-only"
    if code in _FULL or _sqlite_says(error, "is full"):
        return "has no room left"
    if code in _GONE or code.startswith(("08", "57P")) or _sqlite_says(error, "unable to open"):
        return "cannot be reached"
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return "cannot be reached" if lost or (isinstance(error, OperationalError) and not code) else ""


def _sqlite_says(error: SQLAlchemyError, *words: str) -> bool:
    origin = getattr(error, "orig", None)
    if not type(origin).__module__.startswith("sqlite3"):
        return False
    text = str(origin)
    return any(word in text for word in words)
