"""``flask db init`` and ``list-templates``."""

from __future__ import annotations

import os

import click
from flask import current_app, g

from ..actions import folder as actions
from ..runtime import current_runtime
from ._options import directory_option, format_option
from ._output import emit


@click.command()
@format_option
def list_templates(layout: str) -> None:
    """List available templates.

    Example: flask db list-templates
    """
    found = actions.templates()
    text = "Available templates:\n\n" + "\n".join(f"{name} - {synopsis}" for name, synopsis in found.items())
    emit(dict(found), text, layout)


@click.command()
@directory_option
@click.option("--multidb", is_flag=True, help="Support multiple databases")
@click.option("-t", "--template", default=None, help='Repository template to use (default is "dihya")')
@click.option(
    "--package", is_flag=True, help="Write empty __init__.py files to the environment and version locations"
)
def init(directory: str | None, multidb: bool, template: str | None, package: bool) -> None:
    """Creates a new migration repository.

    Example: flask db init
    """
    folder = actions.init(
        current_runtime(),
        directory=directory or g.directory,
        multidb=multidb,
        template=template,
        package=package,
        flask_app=os.environ.get("FLASK_APP") or current_app.import_name,
    )
    click.echo(f'Made {folder.name}/. Next: flask db migrate -m "..."')
