"""The catalogue, and installing from it into a project."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ..extensions import db
from ..http import Text, read, refuse
from ..logs.recorder import record
from ..projects.access import MANAGERS, project_for
from ..users.access import signed_in
from .models import Installation, Plugin

blueprint = Blueprint("plugins", __name__)


def shown(plugin: Plugin) -> dict[str, object]:
    """What everybody sees of a plugin."""
    return {
        "slug": plugin.slug,
        "title": plugin.title,
        "summary": plugin.summary,
        "version": plugin.version,
        "publisher": plugin.publisher,
    }


def plugin_named(slug: str) -> Plugin:
    """The plugin *slug*; an unknown one ends the request with 404."""
    plugin = db.session.scalar(select(Plugin).where(Plugin.slug == slug))
    if plugin is None:
        refuse(404, "no such plugin")
    return plugin


@blueprint.get("/plugins")
def list_plugins() -> ResponseReturnValue:
    """The catalogue; it needs no account."""
    catalogue = select(Plugin).where(Plugin.published.is_(True)).order_by(Plugin.slug)
    return jsonify(plugins=[shown(plugin) for plugin in db.session.scalars(catalogue)])


@blueprint.get("/projects/<key:project_id>/plugins")
def list_installed(project_id: int) -> ResponseReturnValue:
    """What the project has installed."""
    project = project_for(signed_in(), project_id)
    installed = (
        select(Plugin).join(Installation).where(Installation.project_id == project.id).order_by(Plugin.slug)
    )
    return jsonify(plugins=[shown(plugin) for plugin in db.session.scalars(installed)])


@blueprint.post("/projects/<key:project_id>/plugins")
def install(project_id: int) -> ResponseReturnValue:
    """Install a plugin."""
    user = signed_in()
    project = project_for(user, project_id, roles=MANAGERS)
    plugin = plugin_named(read({"slug": Text(60)})["slug"])
    if not plugin.published:
        refuse(409, "this plugin is no longer published")
    if db.session.get(Installation, (project.id, plugin.id)):
        refuse(409, "this plugin is installed already")
    db.session.add(Installation(project_id=project.id, plugin_id=plugin.id, installed_by_id=user.id))
    record("plugin.installed", user, project_id=project.id)
    db.session.commit()
    return jsonify(shown(plugin)), 201


@blueprint.delete("/projects/<key:project_id>/plugins/<slug>")
def uninstall(project_id: int, slug: str) -> ResponseReturnValue:
    """Remove a plugin."""
    user = signed_in()
    project = project_for(user, project_id, roles=MANAGERS)
    installation = db.session.get(Installation, (project.id, plugin_named(slug).id))
    if installation is None:
        refuse(404, "this plugin is not installed")
    db.session.delete(installation)
    record("plugin.removed", user, project_id=project.id)
    db.session.commit()
    return "", 204
