"""The scripts of a migrations folder, and the profile it asks for."""

from __future__ import annotations

from pathlib import Path

from ..errors import NotFoundError
from ..revisions.graph import History
from ..revisions.scripts import UncertainScripts, history_of, read_history, script_files
from ..runtime import Runtime
from ..settings import Profile


def read(runtime: Runtime, root: Path, directory: str | Path | None = None) -> History:
    """The graph of the folder *root*, read without running its scripts where that is certain.

    Raises:
        NotFoundError: There is no such folder.
        RefusedError: Neither we nor Alembic can read the scripts.
    """
    if not (root / "env.py").is_file():
        raise NotFoundError("there is no migrations folder here", "flask db init lays one down")
    doubt = None
    moved = bool(getattr(runtime.migrate, "configure_callbacks", ()))  # they may set version_locations
    if not moved and not _unusual(root):
        try:
            return read_history(root / "versions", root=root)
        except UncertainScripts as found:
            doubt = found
    from ..revisions.glance import read_by_running
    from ._site import site_of

    return read_by_running(site_of(runtime, directory), root, doubt)


def loaded(script_directory: object, root: Path) -> History:
    """The graph as Alembic has loaded it, or read again where it hides a fault such as an id used twice."""
    scripts = list(script_directory.walk_revisions())  # type: ignore[attr-defined]
    if script_directory.version_locations:  # type: ignore[attr-defined]
        return history_of(reversed(scripts), root)
    files = list(script_files(root / "versions"))
    if len(files) != len(scripts) and not _unusual(root):
        try:
            return read_history(root / "versions", root=root)
        except UncertainScripts:
            pass
    return history_of(reversed(scripts), root)


def profile_of(runtime: Runtime, root: Path) -> Profile:
    """The profile as set, else as the folder says: strict where ``env.py`` is of our making."""
    if runtime.settings.profile is not None:
        return runtime.settings.profile
    try:
        text = (root / "env.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "standard"
    return "strict" if "dihya_migrate.environment" in text else "standard"


def _unusual(root: Path) -> bool:
    """Does ``alembic.ini`` put the scripts anywhere but into ``versions``?"""
    try:
        text = (root / "alembic.ini").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    settings = (line.partition("=")[0].strip() for line in text.splitlines())
    return any(
        name in ("version_locations", "recursive_version_locations", "sourceless") for name in settings
    )
