"""A small Flask project on disk: an application, a migrations folder, revisions written by the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from dihya_migrate import Migrate

APP = """
import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from dihya_migrate import Migrate

app = Flask(__name__, instance_path={instance!r})
app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
app.config["SQLALCHEMY_BINDS"] = {binds!r}
app.config.update({config!r})
db = SQLAlchemy(app)
{models}
migrate = Migrate(app, db, {options})
"""

REVISION = '''"""{message}

Purpose: {message}
Context: a test.
Impact: none outside it.
Rollback: downgrade undoes it.
"""

import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {down!r}
branch_labels = None
depends_on = None
{header}

def upgrade({parameters}):
{up}


def downgrade({parameters}):
{back}
'''


@dataclass
class Project:
    """A project in *root* on the database at *url*."""

    root: Path
    url: str
    binds: dict[str, str]
    config: dict[str, object]
    models: str = ""
    options: str = ""
    many: bool = False
    """Does the folder serve all databases?"""

    @classmethod
    def make(
        cls,
        root: Path,
        url: str,
        *,
        template: str | None = "dihya",
        binds: dict[str, str] | None = None,
        config: dict[str, object] | None = None,
        models: str = "",
        options: str = "",
    ) -> Project:
        """Write the application and lay down its migrations folder (none without a template)."""
        project = cls(
            root,
            url,
            binds or {},
            {"DIHYA_AUDIT_KEY": "k" * 32, "DIHYA_PROFILE": "standard", **(config or {})},
            models,
            options,
            template == "flask-multidb" or (template == "dihya" and bool(binds)),
        )
        root.mkdir(exist_ok=True)
        source = APP.format(
            instance=str(root / "instance"),
            url=url,
            binds=project.binds,
            config=project.config,
            models=textwrap.dedent(models),
            options=options,
        )
        (root / "app.py").write_text(source)
        if template:
            many = ("--multidb",) if project.many and template == "dihya" else ()
            done = project.cli("db", "init", "-t", template, *many)
            assert done.exit_code == 0, done.output
        return project

    @property
    def versions(self) -> Path:
        """The folder of the scripts."""
        return self.root / "migrations" / "versions"

    def write(
        self,
        id_: str,
        down: str | None,
        up: str = "pass",
        back: str = "pass",
        *,
        header: str = "",
        message: str = "a change",
    ) -> Path:
        """Write a revision with the given bodies, for every bind where the folder serves several."""
        if self.many:
            names = ("", *self.binds)
            return self.write_each(id_, down, dict.fromkeys(names, up), dict.fromkeys(names, back))
        return self._write(id_, down, "**_", up, back, header, message)

    def write_each(
        self, id_: str, down: str | None, up: Mapping[str, str], back: Mapping[str, str] | None = None
    ) -> Path:
        """Write a revision with a body for each bind, as the multi-database templates do."""
        functions = [
            f"def {verb}_{bind}():\n{_indented(bodies.get(bind, 'pass'))}\n"
            for verb, bodies in (("upgrade", up), ("downgrade", back or {}))
            for bind in ("", *self.binds)
        ]
        call = "globals()[f'{}_{{engine_name}}']()"
        bodies = call.format("upgrade"), call.format("downgrade")
        return self._write(id_, down, "engine_name", *bodies, "\n\n".join(functions), "a change")

    def _write(
        self, id_: str, down: str | None, parameters: str, up: str, back: str, header: str, message: str
    ) -> Path:
        path = self.versions / f"{id_}.py"
        path.write_text(
            REVISION.format(
                id=id_,
                down=down,
                parameters=parameters,
                header=textwrap.dedent(header),
                message=message,
                up=_indented(up),
                back=_indented(back),
            )
        )
        return path

    def command(self, *arguments: str) -> list[str]:
        """The command line of ``flask ARGUMENTS``."""
        return [sys.executable, "-m", "flask", *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a process of this project."""
        path = os.pathsep.join(filter(None, (str(self.root), os.environ.get("PYTHONPATH"))))
        return {**os.environ, "FLASK_APP": "app", "PYTHONPATH": path, **more}

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """``flask ARGUMENTS`` in a process of its own."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def app(self, **options: object) -> tuple[Flask, SQLAlchemy]:
        """The same application inside this process."""
        app = Flask("app", instance_path=str(self.root / "instance"))
        app.config.update(self.config, SQLALCHEMY_DATABASE_URI=self.url, SQLALCHEMY_BINDS=self.binds)
        db = SQLAlchemy(app)
        exec(textwrap.dedent(self.models), {"app": app, "db": db, "__name__": "app"})
        directory = options.pop("directory", self.root / "migrations")
        Migrate(app, db, directory=directory, **options)  # type: ignore[arg-type]
        return app, db

    def cli(self, *arguments: str, **options: object) -> Result:
        """``flask ARGUMENTS`` inside this process; *options* go to ``Migrate``."""
        with self.opened(**options) as app:
            return app.test_cli_runner().invoke(args=arguments)

    @contextmanager
    def opened(self, **options: object) -> Iterator[Flask]:
        """The application inside this process, its connections closed afterwards."""
        app, db = self.app(**options)
        try:
            yield app
        finally:
            with app.app_context():
                for engine in db.engines.values():
                    engine.dispose()

    @property
    def urls(self) -> tuple[str, ...]:
        """Of all databases, the default one first."""
        return (self.url, *self.binds.values())

    def events(self, url: str | None = None) -> list[dict[str, Any]]:
        """The events in the trail's table, oldest first."""
        return [
            json.loads(str(row[0])) for row in self.rows("SELECT body FROM dihya_audit ORDER BY seq", url)
        ]

    def told(self, url: str | None = None) -> list[str]:
        """Their names."""
        return [str(event["event"]) for event in self.events(url)]

    def tables(self, url: str | None = None) -> set[str]:
        """Names of the tables that are not ours."""
        engine = sa.create_engine(url or self.url, poolclass=sa.NullPool)
        names = set(sa.inspect(engine).get_table_names())
        return {name for name in names if not name.startswith("dihya_")}

    def rows(self, statement: str, url: str | None = None) -> list[tuple[object, ...]]:
        """What *statement* returns."""
        engine = sa.create_engine(url or self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement))]

    def do(self, *statements: str, url: str | None = None) -> None:
        """Execute *statements* beside everything."""
        engine = sa.create_engine(url or self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def head(self, url: str | None = None) -> str | None:
        """The committed version row."""
        if "alembic_version" not in self.tables(url):
            return None
        found = self.rows("SELECT version_num FROM alembic_version", url)
        return str(found[0][0]) if found else None


def _indented(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip(), "    ")
