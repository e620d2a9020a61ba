"""A house per test, on each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from .house import House, open_house

Settle = Callable[..., House]


@pytest.fixture
def settle(database_url: str, tmp_path: Path) -> Iterator[Settle]:
    """Open a house on a new database of each engine: ``settle(metadata, DIHYA_…=…)``."""
    with ExitStack() as stack:

        def move_in(metadata: sa.MetaData, **options: Any) -> House:
            return stack.enter_context(open_house(database_url, metadata, tmp_path / "house", **options))

        yield move_in


@pytest.fixture
def settle_here(sqlite_url: str, tmp_path: Path) -> Iterator[Settle]:
    """The same on SQLite alone, for what does not depend on the server."""
    with ExitStack() as stack:

        def move_in(metadata: sa.MetaData, **options: Any) -> House:
            return stack.enter_context(open_house(sqlite_url, metadata, tmp_path / "house", **options))

        yield move_in
