"""``Migrate``: the one place where the parts are put together. Importing it loads nothing of Alembic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .cli._group import LazyGroup
from .cli._groups import audit_group, db_group, gdpr_group
from .runtime import KEY, Runtime
from .settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config
    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy import MetaData

    from .model import RunResult

ConfigureCallback = TypeVar("ConfigureCallback", bound=Callable[..., Any])


class MigrateState:
    """What ``app.extensions['migrate']`` holds; users' ``env.py`` and ``script.py.mako`` read it."""

    def __init__(self, migrate: Migrate, db: SQLAlchemy, **configure_args: Any) -> None:
        self.migrate = migrate
        self.db = db
        self.directory = migrate.directory
        self.configure_args = configure_args

    @property
    def metadata(self) -> MetaData:
        """For ``env.py`` files from before Flask-Migrate 1.0."""
        return self.db.metadata


class Migrate:
    """Flask-Migrate's extension object, with guarded runs behind it.

    Args:
        app: The application; with *db*, it is initialised at once.
        db: The ``SQLAlchemy`` object.
        directory: The migrations folder, relative to the working directory.
        command: Name of the command group.
        compare_type: Do column types take part in autogenerate?
        render_as_batch: Write ``batch_alter_table``, which SQLite needs?
        kwargs: Everything else goes to Alembic's ``EnvironmentContext.configure``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: SQLAlchemy | None = None,
        directory: str | Path = "migrations",
        command: str = "db",
        compare_type: bool = True,
        render_as_batch: bool = True,
        **kwargs: Any,
    ) -> None:
        self.configure_callbacks: list[Callable[[Config], Config]] = []
        self.db = db
        self.command = command
        self.directory = str(directory)
        self.alembic_ctx_kwargs: dict[str, Any] = {
            **kwargs,
            "compare_type": compare_type,
            "render_as_batch": render_as_batch,
        }
        self._app: Flask | None = None
        if app is not None and db is not None:
            self.init_app(app, db, directory)

    def init_app(
        self,
        app: Flask,
        db: SQLAlchemy | None = None,
        directory: str | Path | None = None,
        command: str | None = None,
        compare_type: bool | None = None,
        render_as_batch: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Give *app* its settings, its state and the groups ``db``, ``gdpr`` and ``audit``.

        Raises:
            ConfigurationError: A ``DIHYA_`` setting is wrong.
        """
        self.db = db or self.db
        self.command = command or self.command
        self.directory = str(directory or self.directory)
        self.alembic_ctx_kwargs.update(kwargs)
        if compare_type is not None:
            self.alembic_ctx_kwargs["compare_type"] = compare_type
        if render_as_batch is not None:
            self.alembic_ctx_kwargs["render_as_batch"] = render_as_batch
        assert self.db is not None, "init_app needs the SQLAlchemy object"  # noqa: S101
        state = MigrateState(self, self.db, **self.alembic_ctx_kwargs)
        app.extensions["migrate"] = state
        app.extensions[KEY] = Runtime(
            app_name=app.name,
            settings=Settings.from_mapping(app.config, app.instance_path),
            db=self.db,
            migrate=self,
            extensions=app.extensions,
        )
        self._app = app
        for group, name in ((db_group(), self.command), (gdpr_group(), "gdpr"), (audit_group(), "audit")):
            _add_group(app, group, name)

    def configure(self, f: ConfigureCallback) -> ConfigureCallback:
        """Register *f*, which receives Alembic's config and must return it."""
        self.configure_callbacks.append(f)
        return f

    def call_configure_callbacks(self, config: Config) -> Config:
        """Pass *config* through all registered functions."""
        for callback in self.configure_callbacks:
            config = callback(config)
        return config

    def get_config(
        self,
        directory: str | Path | None = None,
        x_arg: str | list[str] | tuple[str, ...] | None = None,
        opts: list[str] | None = None,
    ) -> Config:
        """Alembic's config for *directory*, made by Flask-Migrate's own code."""
        import flask_migrate

        make: Any = flask_migrate.Migrate.get_config
        with _group_x_args() as given:
            own = [x_arg] if isinstance(x_arg, str) else list(x_arg or ())
            config: Config = make(self, directory, [*given, *own], opts)
        return config

    def upgrade(self, revision: str = "head", **options: Any) -> RunResult:
        """Upgrade inside an application context; see :func:`dihya_migrate.actions.run.upgrade`."""
        from .actions.run import upgrade
        from .runtime import current_runtime

        return upgrade(current_runtime(), revision, **options)

    def downgrade(self, revision: str = "-1", **options: Any) -> RunResult:
        """Go back inside an application context; see :func:`dihya_migrate.actions.run.downgrade`."""
        from .actions.run import downgrade
        from .runtime import current_runtime

        return downgrade(current_runtime(), revision, **options)


@contextmanager
def _group_x_args() -> Iterator[tuple[str, ...]]:
    """What ``-x`` of the group gave, taken out of ``g``: Flask-Migrate reads it there from 4.1 on."""
    from flask import g, has_app_context

    if not has_app_context() or "x_arg" not in g:
        yield ()
        return
    given = g.pop("x_arg")
    try:
        yield tuple(given)
    finally:
        g.x_arg = given


def _add_group(app: Flask, group: LazyGroup, name: str) -> None:
    """Add *group* under *name*; an application's own group called ``gdpr`` or ``audit`` stays."""
    existing = app.cli.commands.get(name)
    if name == "db" or existing is None or isinstance(existing, LazyGroup):
        app.cli.add_command(group, name=name)
