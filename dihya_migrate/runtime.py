"""What one application's commands work with: settings, databases, clock, trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    root: Path | None = None
    configure_args: Mapping[str, Any] = field(default_factory=dict)
    extensions: MutableMapping[str, Any] = field(default_factory=dict)
    """``app.extensions``, where ``env.py`` finds the databases."""
    clock: Callable[[], datetime] = utc_now
    actor: Callable[[], str | None] = lambda: None
    """The application's own name for who acts; None: the operating system's."""
    _trails: dict[str, Trail] = field(default_factory=dict)

    def engine(self, bind: str = "") -> Engine:
        """The engine of *bind*; the default bind is the empty string.

        Raises:
            ConfigurationError: No such bind.
        """
        engines = self.db.engines
        if (bind or None) not in engines:
            raise ConfigurationError(f"there is no database bind {bind!r}", "see SQLALCHEMY_BINDS")
        return engines[bind or None]

    @property
    def binds(self) -> tuple[str, ...]:
        """Names of all binds that have an engine, the default one (empty) first."""
        return tuple(sorted(name or "" for name in self.db.engines))

    @property
    def metadatas(self) -> Mapping[str, MetaData]:
        """The models' metadata by bind name."""
        return {name or "": metadata for name, metadata in self.db.metadatas.items()}

    def trail(self, bind: str = "") -> Trail:
        """The audit trail in the database of *bind*."""
        if bind not in self._trails:
            from .audit.log import Trail

            self._trails[bind] = Trail(
                engine=self.engine(bind),
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
            "dihya_migrate is not initialised on this application", "call Migrate(app, db) or init_app(app, db)"
        ) from None
    assert isinstance(runtime, Runtime)
    return runtime
