"""What is done to a revision while and after Alembic writes it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alembic.operations import ops

from ..syntax import parse

_PLACEHOLDER = "TODO"


def dropped_tables(upgrade: ops.UpgradeOps) -> list[str]:
    """Names of the tables that *upgrade* drops."""
    return [operation.table_name for operation in upgrade.ops if isinstance(operation, ops.DropTableOp)]


def known_tables(context: Any) -> list[str]:
    """Names of the tables that the models of the database at hand know."""
    metadata = context.opts.get("target_metadata")
    known = metadata if isinstance(metadata, list | tuple) else [metadata]
    return sorted(name for m in known if m is not None for name in m.tables)


def drop_declarations(directive: Any) -> None:
    """Take our declarations out of what is written: the models state them, scripts only build tables."""
    for operations in (*directive.upgrade_ops_list, *directive.downgrade_ops_list):
        for operation in operations.ops:
            if isinstance(operation, ops.CreateTableOp) and operation.info:
                kept = {k: v for k, v in operation.info.items() if not str(k).startswith("dihya.")}
                operation.info = kept


def document(path: Path, message: str | None, dialects: Mapping[str, str]) -> None:
    """Replace the open places in the docstring of the script at *path*, if it comes from our template."""
    source = path.read_text(encoding="utf-8")
    tree = parse(source)
    text = ast.get_docstring(tree, clean=False) or ""
    if "Purpose:" not in text or _PLACEHOLDER not in text:
        return
    from . import docstrings, recorder

    dialect = dialects.get("", "sqlite")
    steps = {
        direction: recorder.record(path, direction, dialect, binds=dialects)
        for direction in ("upgrade", "downgrade")
    }
    trailer = text[text.index("Revision ID:") :].rstrip()
    body = docstrings.render_docstring(message, steps["upgrade"], steps["downgrade"], "").rstrip()
    first = tree.body[0]
    lines = source.splitlines(keepends=True)
    new = f'"""{body}\n\n{trailer}\n"""\n'
    path.write_text(
        "".join(lines[: first.lineno - 1]) + new + "".join(lines[first.end_lineno :]), encoding="utf-8"
    )
