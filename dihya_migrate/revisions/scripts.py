"""Read a folder of migration scripts without running them and without importing Alembic."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..model import Revision
from ..syntax import parse
from .graph import History, Problem, UnknownTargetError
from .memory import remembered

__all__ = [
    "History",
    "Problem",
    "UncertainScripts",
    "UnknownTargetError",
    "history_of",
    "known_heads",
    "read_history",
    "read_revisions",
]

SCRIPT = re.compile(r"(?!\.\#|__init__).*\.py$")
"""The files Alembic takes: ``alembic.script.base._only_source_rev_file``."""
_NAMES = ("revision", "down_revision", "depends_on", "branch_labels")
_REBINDERS = ("globals", "exec", "eval", "vars", "locals", "setattr")


class UncertainScripts(Exception):  # noqa: N818 - a signal to take the slow path, not an error
    """A script says something of itself that only running it would tell; ask Alembic."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def read_revisions(
    versions: Path, *, recursive: bool = False, root: Path | None = None
) -> tuple[Revision, ...]:
    """Every script in *versions*, in the order of their names; none when there is no such folder.

    Args:
        versions: The folder that holds the scripts.
        recursive: Look into sub-folders as well, as Alembic's ``recursive_version_locations`` does.
        root: What ``Revision.path`` is relative to; the folder above *versions* by default.

    Raises:
        UncertainScripts: A file has no literal ``revision``, or cannot be read as Python.
    """
    base = versions.parent if root is None else root
    return tuple(read_revision(path, base) for path in script_files(versions, recursive=recursive))


def read_history(versions: Path, *, recursive: bool = False, root: Path | None = None) -> History:
    """The graph of *versions*.

    Raises:
        UncertainScripts: As :func:`read_revisions`.
    """
    return History(read_revisions(versions, recursive=recursive, root=root))


def history_of(scripts: Iterable[Any], root: Path) -> History:
    """The graph as Alembic has loaded it, for folders that :func:`read_history` is not certain of.

    Args:
        scripts: Alembic's ``Script`` objects.
        root: The migrations folder.
    """
    return History(tuple(_from_alembic(script, root) for script in scripts))


def _from_alembic(script: Any, root: Path) -> Revision:
    path = Path(script.path)
    content = path.read_bytes()
    return Revision(
        id=script.revision,
        parents=_as_tuple(script.down_revision),
        depends_on=_as_tuple(script.dependencies),
        branch_labels=_as_tuple(getattr(script.module, "branch_labels", None)),
        docstring=inspect.cleandoc(script.module.__doc__ or ""),
        path=Path(os.path.relpath(path, root)).as_posix(),
        sha256=script_hash(content),
        source=importlib.util.decode_source(content),
    )


def _as_tuple(value: Any) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def known_heads(versions: Path) -> tuple[str, ...] | None:
    """The heads of *versions*, from a cache when not one file changed; None when only Alembic can tell.

    None also when the graph has a fault, or when any script says ``depends_on``: the rows of the version
    table then need not be the heads.
    """
    heads = remembered(versions, SCRIPT.match, "heads", lambda: _plain_heads(versions))
    return None if heads is None else tuple(map(str, heads))


def _plain_heads(versions: Path) -> tuple[str, ...] | None:
    try:
        history = read_history(versions)
    except (UncertainScripts, OSError):
        return None
    broken = any(problem.kind != "multiple-heads" for problem in history.problems)
    return None if broken or history.has_dependencies else history.heads


def script_files(versions: Path, *, recursive: bool = False) -> Iterator[Path]:
    """The files Alembic would load, in its order."""
    for folder, folders, files in os.walk(versions):
        if not folder.endswith("__pycache__"):
            for name in sorted(files):
                if SCRIPT.match(name):
                    yield Path(folder, name)
        if not recursive:
            return
        folders.sort()


def read_revision(path: Path, base: Path) -> Revision:
    """One script.

    Raises:
        UncertainScripts: It has no literal ``revision``, or cannot be read as Python.
    """
    shown = Path(os.path.relpath(path, base)).as_posix()
    content = path.read_bytes()
    source, tree = _parse(content, shown)
    if "global " in source:
        _refuse_global(tree, shown)
    values = _assignments(tree, shown)
    if "revision" not in values or "down_revision" not in values:
        raise UncertainScripts(shown, "no literal revision and down_revision")
    ids = _texts(values["revision"], "revision", shown)
    if len(ids) != 1 or not isinstance(values["revision"], str):
        raise UncertainScripts(shown, "revision is not one string")
    return Revision(
        id=ids[0],
        parents=_texts(values["down_revision"], "down_revision", shown),
        depends_on=_texts(values.get("depends_on"), "depends_on", shown),
        branch_labels=_texts(values.get("branch_labels"), "branch_labels", shown),
        docstring=ast.get_docstring(tree) or "",
        path=shown,
        sha256=script_hash(content),
        source=source,
    )


def script_hash(content: bytes) -> str:
    """SHA-256 of *content* with line ends as LF, in hexadecimal: the same on every system."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()


def _parse(content: bytes, shown: str) -> tuple[str, ast.Module]:
    try:
        source = importlib.util.decode_source(content)
        return source, parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UncertainScripts(shown, f"not readable as Python ({type(error).__name__})") from None


def _assignments(tree: ast.Module, shown: str) -> dict[str, object]:
    """The literal values of the four names, when nothing but plain assignments can have set them."""
    values: dict[str, object] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names: list[str] = [statement.name]
            simple = None
        else:
            simple = _plain_assignment(statement)
            names = [simple[0]] if simple else list(_bound_names(statement, shown))
        touched = [name for name in names if name in _NAMES]
        if not touched:
            continue
        if simple is None:
            raise UncertainScripts(shown, f"{touched[0]} is not a plain assignment")
        values[simple[0]] = _literal(simple[1], simple[0], shown)
    return values


def _refuse_global(tree: ast.Module, shown: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global) and not set(_NAMES).isdisjoint(node.names):
            raise UncertainScripts(shown, "a function sets revision")


def _plain_assignment(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return None
    return (target.id, value) if isinstance(target, ast.Name) and target.id in _NAMES else None


def _bound_names(statement: ast.stmt, shown: str) -> Iterator[str]:
    """Every name that *statement* may bind, however deep; doubt is raised at once."""
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            if node.name == "*":
                raise UncertainScripts(shown, "a star import may set revision")
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REBINDERS:
            raise UncertainScripts(shown, f"{node.func.id}() is called when the script loads")


def _literal(value: ast.expr, name: str, shown: str) -> object:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError):
        raise UncertainScripts(shown, f"{name} is not a literal") from None


def _texts(value: object, name: str, shown: str) -> tuple[str, ...]:
    """*value* as Alembic's ``to_tuple`` reads it."""
    found = () if value is None else (value,) if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(item and isinstance(item, str) for item in found):
        raise UncertainScripts(shown, f"{name} is neither a string nor a list of strings")
    return tuple(found)
