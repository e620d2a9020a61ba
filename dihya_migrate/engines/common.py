"""What the servers share: connections beside the pool, polling, and the guard against threads."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from ..errors import LockTimeoutError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_SAY_EVERY = 5.0
"""Seconds between two words about a wait."""
_LOG = logging.getLogger("dihya_migrate.lock")
_IN_PROCESS = threading.Lock()
_NESTS = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:3] if part.isdigit()) >= (2, 0, 44)
_SHAREABLE = 3
"""Connections a pool needs so that our transactions may nest in it."""


_KEPT: dict[Engine, Engine] = {}
"""What :func:`kept_beside` holds open, by the application's engine."""


@contextmanager
def beside_the_pool(engine: Engine) -> Iterator[Engine]:
    """The same database through another pool, so that a pool of one is never drained."""
    if engine in _KEPT:
        yield _KEPT[engine]
        return
    with pool_apart(engine) as side:
        yield side


@contextmanager
def kept_beside(engine: Engine) -> Iterator[None]:
    """Within the block, whoever goes beside the pool of *engine* shares one other pool.

    A run makes a dozen short transactions of our own; a connection each costs up to 30 ms, more with TLS.
    A pool too small to be shared is left alone.
    """
    if engine in _KEPT or not isinstance(engine.pool, QueuePool) or engine.pool.size() < _SHAREABLE:
        yield
        return
    with pool_apart(engine) as side:
        _KEPT[engine] = side
        try:
            yield
        finally:
            del _KEPT[engine]


@contextmanager
def pool_apart(engine: Engine) -> Iterator[Engine]:
    """The same database through a new pool, closed at the end.

    ``Pool.recreate`` keeps the application's creator, connect arguments and connect events (tokens, TLS).
    """
    side = Engine(engine.pool.recreate(), engine.dialect, engine.url, hide_parameters=True)
    try:
        yield side
    finally:
        side.dispose()


def sub_engine(engine: Engine) -> Engine:
    """The same engine again; listeners on this one do not reach the application's connections.

    SQLAlchemy before 2.0.44, or a little earlier, takes no listeners on a sub-engine of a sub-engine. There
    it is made of the root, with the options and the logging of *engine*, without its own listeners.
    """
    root: Any = engine
    if _NESTS or not hasattr(engine, "_proxied"):
        return engine.execution_options()
    while hasattr(root, "_proxied"):
        root = root._proxied
    own: Engine = root.execution_options(**engine.get_execution_options())
    own.logging_name, own.logger = engine.logging_name, engine.logger
    own.hide_parameters = engine.hide_parameters
    return own


def poll(attempt: Callable[[], bool], holder: Callable[[], str], timeout: float) -> None:
    """Call *attempt* until it says True, with growing, jittered pauses.

    Raises:
        LockTimeoutError: *timeout* seconds went by; 0 tries once.
    """
    started = time.monotonic()
    pause, told = _FIRST_PAUSE, 1.0
    while not attempt():
        waited = time.monotonic() - started
        if waited >= timeout:
            raise LockTimeoutError(holder(), round(waited, 1))
        if waited >= told:
            _LOG.info("waiting for another run: %s", holder())
            told += _SAY_EVERY
        time.sleep(min(pause * random.uniform(0.5, 1.5), max(timeout - waited, 0.001)))  # noqa: S311
        pause = min(pause * 1.5, _LONGEST_PAUSE)


@contextmanager
def one_thread(timeout: float) -> Iterator[None]:
    """Let one thread of this process run migrations: Alembic keeps its context in module globals.

    Raises:
        LockTimeoutError: Another thread of this process was at it for *timeout* seconds.
    """
    if not _IN_PROCESS.acquire(timeout=timeout if timeout > 0 else 0.001):
        raise LockTimeoutError("another thread of this process", timeout)
    try:
        yield
    finally:
        _IN_PROCESS.release()


def driver_of(connection: Connection) -> Any:
    """The driver's own connection object, or its adapter."""
    return connection.connection.dbapi_connection


def commit_under(connection: Connection) -> None:
    """See :class:`dihya_migrate.engines.Server`; the driver opens the next transaction by itself."""
    connection.dialect.do_commit(connection.connection)


@contextmanager
def autocommit_under(connection: Connection) -> Iterator[None]:
    """See :class:`dihya_migrate.engines.Server`."""
    driver = driver_of(connection)
    commit_under(connection)
    connection.dialect.set_isolation_level(driver, "AUTOCOMMIT")
    try:
        yield
    finally:
        connection.dialect.reset_isolation_level(driver)
