"""Around everything that runs Alembic: one thread, no values in logs, a plain word when nothing answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError

from .. import failure
from ..audit.quiet import quiet_sql
from ..engines.common import one_thread
from ..errors import UnfitEnvironmentError
from ..runtime import Runtime


@contextmanager
def alone(runtime: Runtime, lock_timeout: float | None = None) -> Iterator[None]:
    """Hold off the other threads of this process for the block.

    Args:
        runtime: The application.
        lock_timeout: Seconds to wait for them; None: as ``DIHYA_LOCK_TIMEOUT`` says.

    Raises:
        LockTimeoutError: Another thread was at it the whole time.
        UnfitEnvironmentError: A database does not answer.
    """
    with one_thread(runtime.settings.lock_timeout if lock_timeout is None else lock_timeout), quiet_sql():
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            told = UnfitEnvironmentError(
                f"a database does not answer, or not as it should: {failure.reduce(error)}",
                "see that the server runs, and what SQLALCHEMY_DATABASE_URI and SQLALCHEMY_BINDS say",
            )
            told.original = error
            raise told from None
