"""The honest downgrade: ``irreversible("reason")`` says that, and why, there is no way back."""

from __future__ import annotations

from typing import NoReturn

from ..errors import RefusedError


class IrreversibleError(RefusedError):
    """A downgrade was asked of a revision that declares it has none."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "")
        self.args = (reason,)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"this revision cannot be undone: {self.reason}\n"
            "  next: restore a backup, or write a new revision that goes forward"
        )


def irreversible(reason: str) -> NoReturn:
    """Declare in ``downgrade()`` that there is no way back.

    Args:
        reason: Why, in plain words; printed when a downgrade is asked for. It must say something.

    Raises:
        IrreversibleError: Always, with *reason*.
        ValueError: *reason* is empty.
    """
    if not reason.strip():
        raise ValueError("irreversible() needs a reason")
    raise IrreversibleError(reason.strip())
