"""What one application's commands work with: settings, databases, clock, trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from .errors import ConfigurationError
from .settings import Settings

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy import MetaData
    from sqlalchemy.engine import Engine

    from .audit.log import Trail

KEY = "dihya_migrate"


def utc_now() -> datetime:
    """The time in UTC."""
    return datetime.now(timezone.utc)


@dataclass
class Runtime:
    """One application's settings, databases, clock and audit trail; made by ``Migrate.init_app``."""

    app_name: str
    settings: Settings
    db: SQLAlchemy
    migrate: Any
    """The extension object: ``directory``, ``get_config``, ``configure_callbacks``."""
    extensions: MutableMapping[str, Any] = field(default_factory=dict)
    """``app.extensions``, where ``env.py`` finds the databases."""
    clock: Callable[[], datetime] = utc_now
    actor: Callable[[], str | None] = lambda: None
    """The application's own name for who acts; None: the operating system's."""
    _trails: dict[str, Trail] = field(default_factory=dict)

    @property
    def configure_args(self) -> Mapping[str, Any]:
        """What the application passes to Alembic's ``context.configure``."""
        state = self.extensions.get("migrate")
        return {} if state is None else state.configure_args

    @property
    def engines(self) -> dict[str, Engine]:
        """All engines by bind name; the default bind is the empty string."""
        return {name or "": engine for name, engine in self.db.engines.items()}

    def engine(self, bind: str = "") -> Engine:
        """The engine of *bind*; the default bind is the empty string.

        Raises:
            ConfigurationError: No such bind.
        """
        try:
            return self.engines[bind]
        except KeyError:
            raise ConfigurationError(f"there is no database bind {bind!r}", "see SQLALCHEMY_BINDS") from None

    @property
    def binds(self) -> tuple[str, ...]:
        """Names of all binds that have an engine, the default one (empty) first."""
        return tuple(sorted(self.engines))

    @property
    def metadatas(self) -> Mapping[str, MetaData]:
        """The models' metadata by bind name."""
        return {name or "": metadata for name, metadata in self.db.metadatas.items()}

    def trail(self, bind: str = "") -> Trail:
        """The audit trail in the database of *bind*."""
        if bind not in self._trails:
            from .audit.log import Trail
            from .engines import server_of

            engine = self.engine(bind)
            self._trails[bind] = Trail(
                engine=engine,
                server=server_of(engine),
                bind=bind,
                settings=self.settings,
                app=self.app_name,
                clock=self.clock,
                actor=self.actor,
            )
        return self._trails[bind]


def current_runtime() -> Runtime:
    """The runtime of the application whose context is active.

    Raises:
        ConfigurationError: The extension was not initialised on it.
    """
    from flask import current_app

    try:
        runtime = current_app.extensions[KEY]
    except KeyError:
        raise ConfigurationError(
            "dihya_migrate is not initialised on this application",
            "call Migrate(app, db) or init_app(app, db)",
        ) from None
    return cast("Runtime", runtime)
