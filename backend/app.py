"""``create_app``: the only place where the parts are put together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from . import seed
from .config import configuration
from .extensions import db, enforce_foreign_keys, migrate
from .http import KeyConverter, conflict, json_error
from .logs.routes import blueprint as logs
from .plugins.routes import blueprint as plugins
from .project_templates.routes import blueprint as project_templates
from .projects.members import blueprint as members
from .projects.routes import blueprint as projects
from .users.routes import blueprint as users

HERE = Path(__file__).parent
MODULES = (users, projects, members, plugins, project_templates, logs)


def create_app(settings: Mapping[str, object] | None = None) -> Flask:
    """The application.

    Args:
        settings: Overrides of the configuration, for tests. ``ENVIRONMENT`` and ``INSTANCE_PATH`` among them
            replace the variables ``BACKEND_ENV`` (default: development) and ``BACKEND_INSTANCE_PATH``
            (default: ``instance/`` beside the package).

    Raises:
        SettingError: See :func:`backend.config.configuration`.
    """
    given = dict(settings or {})
    environment = str(given.pop("ENVIRONMENT", os.environ.get("BACKEND_ENV", "development")))
    instance = given.pop("INSTANCE_PATH", os.environ.get("BACKEND_INSTANCE_PATH")) or HERE.parent / "instance"
    app = Flask("backend", instance_path=str(Path(str(instance)).absolute()))
    Path(app.instance_path).mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config.from_mapping(configuration(environment, Path(app.instance_path)))
    app.config.from_mapping(given)
    if proxies := app.config["PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    db.init_app(app)
    with app.app_context():
        enforce_foreign_keys(db.engine)
    migrate.init_app(app, db, directory=str(HERE / "migrations"))
    app.url_map.converters["key"] = KeyConverter
    for module in MODULES:
        app.register_blueprint(module)
    app.register_error_handler(HTTPException, json_error)
    app.register_error_handler(IntegrityError, conflict)
    app.cli.add_command(seed.command)
    return app
