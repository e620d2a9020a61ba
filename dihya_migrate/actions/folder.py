"""The migrations folder: templates and making a new one."""

from __future__ import annotations

from pathlib import Path

from ..errors import RefusedError
from ..revisions import commands
from ..runtime import Runtime

OURS = Path(__file__).parents[1] / "templates"
DEFAULT_TEMPLATE = "dihya"


def templates() -> dict[str, str]:
    """Every template's name and what it is for, ours first."""
    folders = [*sorted(OURS.iterdir()), *sorted(commands.stock_templates().iterdir())]
    return {folder.name: _synopsis(folder) for folder in folders if folder.is_dir()}


def _synopsis(folder: Path) -> str:
    for name in ("README", "README.md"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").splitlines()[0].strip()
    return ""


def init(
    runtime: Runtime,
    *,
    directory: str | Path | None = None,
    multidb: bool = False,
    template: str | None = None,
    package: bool = False,
    flask_app: str | None = None,
) -> Path:
    """Lay down a migrations folder; returns it.

    Args:
        runtime: The application.
        directory: Where; None: the extension's.
        multidb: Migrate all databases of the application.
        template: A name from :func:`templates`, or a path when it holds a slash.
        package: Write ``__init__.py`` files.
        flask_app: How plain ``alembic`` shall find the application, as FLASK_APP would say it.

    Raises:
        RefusedError: The folder is not empty, or there is no such template.
    """
    folder = Path(directory or runtime.migrate.directory)
    name = template or DEFAULT_TEMPLATE
    if "/" in name or "\\" in name:
        source = Path(name)
    else:
        source = next(
            (p / name for p in (OURS, commands.stock_templates()) if (p / name).is_dir()), Path(name)
        )
    if not source.is_dir():
        raise RefusedError(f"there is no template {source.name!r}", "flask db list-templates")
    if folder.is_dir() and any(folder.iterdir()):
        raise RefusedError(f"{folder.name}/ is there already and is not empty", "give another --directory")
    commands.init(runtime.migrate, folder, source, package=package)
    if source.parent == OURS:
        _settle(folder / "alembic.ini", multidb=multidb, flask_app=flask_app)
    return folder


def _settle(ini: Path, *, multidb: bool, flask_app: str | None) -> None:
    """Write into our ``alembic.ini`` what is known only now."""
    text = ini.read_text(encoding="utf-8")
    if multidb:
        text = text.replace("# multidb = true", "multidb = true")
    if flask_app:
        text = text.replace("# flask_app = app:create_app", f"flask_app = {flask_app.replace('%', '%%')}")
    ini.write_text(text, encoding="utf-8")
