"""Alembic's other commands, through the same seams as our runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from alembic import command
from alembic.util import CommandError

from ..errors import RefusedError
from ..model import Direction
from .refusals import refusal
from .seams import Configured, commands_prepared
from .site import Site

HIDDEN_FILE, VISIBLE_FILE = Path(".sql"), Path("default.sql")


def call(site: Site, name: str, *arguments: Any, **options: Any) -> Any:
    """Call ``alembic.command.NAME`` with our seams in place.

    Raises:
        RefusedError: Alembic said no, in its own words.
        NotFoundError: There is no such revision.
    """
    with commands_prepared(site.host()):
        try:
            return getattr(command, name)(site.config, *arguments, **options)
        except CommandError as error:
            raise refusal(error) from None


def offline(site: Site, verb: Direction, revision: str | Sequence[str], tag: str | None) -> None:
    """Print SQL.

    The multi-database template writes the default database's to a file called ``.sql``, which nobody finds;
    it is renamed.
    """
    before = _written(HIDDEN_FILE)
    target: Any = revision if isinstance(revision, str) else list(revision)
    call(site, verb, target, sql=True, tag=tag)
    if _written(HIDDEN_FILE) != before:
        HIDDEN_FILE.replace(VISIBLE_FILE)


def _written(path: Path) -> int | None:
    """When *path* was last written, in nanoseconds; None if there is no such file."""
    return path.stat().st_mtime_ns if path.exists() else None


def revise(site: Site, directive: Callable[[Any, Any, list[Any]], None], **options: Any) -> list[Any]:
    """Write a revision; *directive* sees and may change what is about to be written, last of all.

    Returns:
        The scripts written; none when there was nothing to say.
    """

    def hook(_configured: Configured, keywords: dict[str, Any]) -> None:
        first = keywords.get("process_revision_directives")

        def both(context: Any, revision: Any, directives: list[Any]) -> None:
            if first is not None:
                first(context, revision, directives)
            if directives:
                directive(context, revision, directives)

        keywords["process_revision_directives"] = both

    host = site.host()
    host.hooks = (hook,)
    with commands_prepared(host):
        try:
            written = command.revision(site.config, **options)
        except CommandError as error:
            raise refusal(error) from None
    return [script for script in _as_list(written) if script]


def _as_list(written: Any) -> list[Any]:
    if isinstance(written, list):
        return written
    return [] if written is None or written is False else [written]


def pending_changes(site: Site) -> tuple[str, ...]:
    """What autogenerate would write, a line each; () when models and database agree.

    Raises:
        RefusedError: The database is not at head, so nothing can be said.
    """
    with commands_prepared(site.host()), redirect_stdout(StringIO()):
        try:
            command.check(site.config)
        except CommandError as error:
            diffs = getattr(error, "diffs", None)
            if diffs is None:
                raise RefusedError(str(error).rstrip(".")) from None
            return tuple(_line(diff) for diff in diffs)
    return ()


def _line(diff: Any) -> str:
    """One difference in words: the operation and the names in it."""
    if isinstance(diff, list):
        return "; ".join(_line(part) for part in diff)
    names = [
        getattr(part, "name", part) for part in diff[1:] if isinstance(part, str) or hasattr(part, "name")
    ]
    return " ".join([str(diff[0]), *(str(name) for name in names if name)])


def stock_templates() -> Path:
    """The folder of Flask-Migrate's templates."""
    import flask_migrate

    return Path(flask_migrate.__file__).parent / "templates"


def init(migrate: Any, folder: Path, template: Path, *, package: bool) -> None:
    """Lay down *template* in *folder*, quietly: Alembic would print paths of this machine.

    Raises:
        RefusedError: The folder is not empty.
    """
    from flask_migrate import Config

    config: Any = Config(template_directory=str(template.parent))
    config.set_main_option("script_location", str(folder))
    config.config_file_name = str(folder / "alembic.ini")
    config = migrate.call_configure_callbacks(config)
    try:
        with redirect_stdout(StringIO()):
            command.init(config, str(folder), template=template.name, package=package)
    except CommandError as error:
        raise refusal(error) from None
