"""The three places where Alembic lets us stand between it and any ``env.py``, none of which needs an edit.

(a) the work function, which :mod:`.runner` passes; (b) ``configure`` of the one environment object, wrapped
here; (c) the object behind ``app.extensions['migrate']``, replaced here while ``env.py`` runs. Besides,
``logging.config.fileConfig`` does nothing meanwhile: it would switch off every logger of the application.
"""

from __future__ import annotations

import logging.config
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from alembic import command
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy.engine import Connection, Engine

DRIVEN = "dihya_migrate"
"""Key in ``Config.attributes``: a run of ours executes ``env.py``."""

Engines = Mapping[str, Engine]
"""By bind name; the default bind is the empty string."""

ConfigureHook = Callable[["Configured", dict[str, Any]], None]
"""May change the keywords that ``env.py`` passes to ``context.configure``."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What ``env.py`` told Alembic about one database."""

    bind: str
    connection: Connection | None
    """None with ``--sql``."""
    external: bool
    """``env.py`` opened the transaction itself, as the multi-database template does."""
    guarded: bool
    """The connection comes from an engine we prepared."""


@dataclass
class Host:
    """What of the application Alembic's environment sees, and how to put ours in its place.

    Attributes:
        extensions: ``app.extensions``.
        engines: What ``env.py`` shall get for each bind.
        hidden: Says of a table name whether autogenerate must not see it.
    """

    extensions: MutableMapping[str, Any]
    engines: Engines
    hidden: Callable[[str | None], bool]
    hooks: tuple[ConfigureHook, ...] = ()
    seen: list[Configured] = field(default_factory=list)

    def bind_of(self, engine: Engine) -> str | None:
        """Name of the bind whose engine is *engine*; None for a stranger."""
        return next((name for name, ours in self.engines.items() if ours is engine), None)


class _Databases:
    """The application's ``SQLAlchemy`` object with our engines in front."""

    def __init__(self, db: Any, engines: Engines) -> None:
        self._db = db
        self._engines = {name or None: engine for name, engine in engines.items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @property
    def engine(self) -> Engine:
        return self._engines[None]

    @property
    def engines(self) -> Mapping[str | None, Engine]:
        return self._engines

    def get_engine(self, bind: str | None = None, bind_key: str | None = None, **_: Any) -> Engine:
        """Flask-SQLAlchemy's old accessor, without its warning."""
        return self._engines[bind or bind_key or None]


class _State:
    """The object in ``app.extensions['migrate']``, with a fresh copy of its arguments for each run."""

    def __init__(self, state: Any, engines: Engines) -> None:
        self._state = state
        self.db = _Databases(state.db, engines)
        self.configure_args = dict(state.configure_args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)


@contextmanager
def installed(host: Host) -> Iterator[None]:
    """Run ``env.py`` with our engines and arguments, and with the application's loggers left alone."""
    state = host.extensions["migrate"]
    configure_logging = logging.config.fileConfig
    with ExitStack() as stack:
        host.extensions["migrate"] = _State(state, host.engines)
        stack.callback(host.extensions.__setitem__, "migrate", state)
        logging.config.fileConfig = lambda *_, **__: None
        stack.callback(setattr, logging.config, "fileConfig", configure_logging)
        yield


def prepare(environment: EnvironmentContext, host: Host) -> EnvironmentContext:
    """Let every ``configure`` call of *environment* pass through us.

    The method is replaced on the instance: Alembic finds its module proxies by exact class, so a subclass
    would leave ``alembic.context`` empty.
    """
    environment.config.attributes[DRIVEN] = True
    original = environment.configure

    def configure(connection: Connection | None = None, **keywords: Any) -> None:
        if connection is not None:
            keywords["connection"] = connection
        configured = _observe(environment, host, keywords)
        _fill_in_offline_keywords(environment, host, keywords)
        _hide_own_tables(host, keywords)
        for hook in host.hooks:
            hook(configured, keywords)
        host.seen.append(configured)
        original(**keywords)

    environment.configure = configure  # type: ignore[method-assign,assignment]
    return environment


@contextmanager
def commands_prepared(host: Host) -> Iterator[None]:
    """Let the functions of ``alembic.command`` make prepared environments."""

    def make(*args: Any, **keywords: Any) -> EnvironmentContext:
        return prepare(EnvironmentContext(*args, **keywords), host)

    with installed(host):
        command.EnvironmentContext = make  # type: ignore[attr-defined,assignment]
        try:
            yield
        finally:
            command.EnvironmentContext = EnvironmentContext  # type: ignore[attr-defined]


def _observe(environment: EnvironmentContext, host: Host, keywords: dict[str, Any]) -> Configured:
    connection = keywords.get("connection")
    if connection is None:
        return Configured(_bind_of_token(keywords) or "", None, external=False, guarded=False)
    bind = host.bind_of(connection.engine)
    return Configured(
        bind=bind if bind is not None else _bind_of_token(keywords) or "",
        connection=connection,
        external=connection.in_transaction(),
        guarded=bind is not None,
    )


def _bind_of_token(keywords: dict[str, Any]) -> str | None:
    token = keywords.get("upgrade_token")
    return token.removesuffix("_upgrades") if token and token.endswith("_upgrades") else None


def _fill_in_offline_keywords(environment: EnvironmentContext, host: Host, keywords: dict[str, Any]) -> None:
    """The stock templates forget the application's keywords with ``--sql``."""
    if environment.is_offline_mode():
        for name, value in host.extensions["migrate"].configure_args.items():
            keywords.setdefault(name, value)


def _hide_own_tables(host: Host, keywords: dict[str, Any]) -> None:
    wanted = keywords.get("include_name")

    def include_name(name: str | None, type_: Any, parent_names: Any) -> bool:
        if type_ == "table" and host.hidden(name):
            return False
        return wanted(name, type_, parent_names) if wanted else True

    keywords["include_name"] = include_name
