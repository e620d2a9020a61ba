"""Where events go: the table is their home, the file its copy, a logger their voice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..chain import Record


class Sink(Protocol):
    """Takes events once they are safe in the table."""

    def put(self, records: Sequence[Record]) -> None:
        """Take *records*, linked and committed, in their order.

        Raises:
            OSError: They cannot be kept.
        """


__all__ = ["Sink"]
