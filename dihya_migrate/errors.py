"""The whole tree of errors, each with the exit code the command line leaves with.

::

    DihyaError
    ├── ConfigurationError 2        a setting, key or declaration is wrong
    │   └── MappingError 1          the personal-data declarations contradict the schema
    ├── UsageError 2                a bad option or a malformed identifier
    │   └── MalformedIdentifierError
    ├── NotFoundError 3             no such user, revision, request, backup
    ├── RefusedError 1              validation or a verification said no
    │   ├── ValidationRefusedError
    │   ├── VerificationError
    │   └── PlanRefusedError
    ├── FailedError 4               failed, and nothing changed
    │   └── MigrationError
    ├── HalfAppliedError 5          failed half way; what landed is recorded
    ├── TrailError 6                audit trail or ledger unavailable or broken
    ├── BusyError 7                 another run holds the lock
    ├── IncompleteError 8           the local part is done, another part is pending
    ├── ResidueError 9              personal data still found after an erasure
    └── UnfitEnvironmentError 10        database unreachable or read-only, disk full

Every error passes exactly its parameters to ``super().__init__``, so that it survives pickling, and builds
its text in ``__str__``. No text carries a parameter value, personal data, a password or a machine's path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class DihyaError(Exception):
    """Root of the tree; *message* says what happened, *next_step* what to do about it."""

    exit_code: ClassVar[int] = 4
    notes: tuple[str, ...] = ()
    """What else was noticed on the way."""
    original: Exception | None = None
    """What was raised first, for callers that want it back; lost in pickling."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.message, self.next_step = message, next_step

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.next_step}" if self.next_step else self.message


class ConfigurationError(DihyaError):
    """A setting, a key or a declaration is wrong."""

    exit_code = 2


class MappingError(ConfigurationError):
    """The declarations of personal data contradict the schema."""

    exit_code = 1


class UnsupportedDialectError(ConfigurationError):
    """The database server is none of those we know."""

    def __init__(self, dialect: str, known: tuple[str, ...]) -> None:
        super().__init__(dialect, "")
        self.args = (dialect, known)
        self.dialect, self.known = dialect, known

    def __str__(self) -> str:
        return f"{self.dialect!r} is not supported; known are {', '.join(self.known)}"


class UsageError(DihyaError):
    """A bad option."""

    exit_code = 2


class MalformedIdentifierError(UsageError):
    """An identifier is not spelt the one canonical way; the text given is never repeated."""


class NotFoundError(DihyaError):
    """There is no such user, revision, request or backup."""

    exit_code = 3


class RefusedError(DihyaError):
    """A check or a verification said no; nothing was touched."""

    exit_code = 1


class ValidationRefusedError(RefusedError):
    """The gate in front of a run found something at or above the failing severity.

    Attributes:
        codes: Of the errors.
        findings: All of them, as ``model.Finding``; this module may import nothing.
    """

    def __init__(
        self,
        message: str,
        next_step: str = "",
        codes: tuple[str, ...] = (),
        findings: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(message, next_step)
        self.args = (message, next_step, codes, findings)
        self.codes, self.findings = codes, findings


class VerificationError(RefusedError):
    """A verification found a violation."""


class PlanRefusedError(RefusedError):
    """A privacy plan cannot be carried out as it stands, or the world changed since it was made."""


class FailedError(DihyaError):
    """It failed, and nothing changed."""

    exit_code = 4


class MigrationError(FailedError):
    """A migration step failed and its transaction was rolled back.

    Attributes:
        reason: Class, SQLSTATE and constraint of the cause; never its message.
        revision: The one that failed; lost in pickling.
        reduced: The same in parts, for the audit trail; lost in pickling.
    """

    def __init__(self, message: str, next_step: str = "", reason: str = "") -> None:
        super().__init__(message, next_step)
        self.args = (message, next_step, reason)
        self.reason = reason
        self.revision: str | None = None
        self.reduced: Mapping[str, object] = {}


class HalfAppliedError(MigrationError):
    """A run failed half way; the operations that landed are recorded.

    Attributes:
        landed: One line per operation that is in the database, oldest first.
    """

    exit_code = 5

    def __init__(
        self, message: str, next_step: str = "", reason: str = "", landed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, next_step, reason)
        self.args = (message, next_step, reason, landed)
        self.landed = landed


class TrailError(DihyaError):
    """The audit trail or the ledger cannot be written, or is broken: refused before data was touched."""

    exit_code = 6


class BusyError(DihyaError):
    """Another run holds the lock."""

    exit_code = 7


class LockTimeoutError(BusyError):
    """Another process kept the lock for the whole wait.

    Args:
        holder: Who holds it, as far as the server tells.
        waited: Seconds.
    """

    def __init__(self, holder: str, waited: float) -> None:
        super().__init__(holder, "")
        self.args = (holder, waited)
        self.holder, self.waited = holder, waited

    def __str__(self) -> str:
        return (
            f"another run holds the lock ({self.holder}); gave up after {self.waited:g} s\n"
            "  next: wait for it, or give a longer --lock-timeout"
        )


class IncompleteError(DihyaError):
    """The local part is done; another part is still pending."""

    exit_code = 8


class ResidueError(DihyaError):
    """Personal data was still found after an erasure."""

    exit_code = 9


class UnfitEnvironmentError(DihyaError):
    """The database is unreachable or read-only, or the disk is full."""

    exit_code = 10
