"""Write a migration's docstring: the purpose given, impact and rollback told from the operations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ..docstrings import Documented, parse_docstring
from ..model import Step

__all__ = ["Documented", "parse_docstring", "render", "render_docstring"]

_WIDTH = 100
_MOST = 6
"""Operations named one by one; more are counted."""
_GENERATED = "generated from the difference between the models and the database."


def render_docstring(
    message: str | None, upgrade_steps: Iterable[Step], downgrade_steps: Iterable[Step], context: str = ""
) -> str:
    """The text of a new script's docstring, without quotes and without the lines about its id.

    Args:
        message: What ``-m`` said; without one the purpose is told from the operations.
        upgrade_steps: What ``upgrade()`` would do.
        downgrade_steps: What ``downgrade()`` would do.
        context: Why now; without one it says that the script was generated.
    """
    upgrade = [step for step in upgrade_steps if "implied" not in step.detail]
    downgrade = [step for step in downgrade_steps if "implied" not in step.detail]
    said = "".join(letter if letter.isprintable() else " " for letter in message or "")
    purpose = " ".join(said.split()) or _told(upgrade, "no change.")
    summary = purpose if purpose.endswith((".", "!", "?")) else f"{purpose}."
    return render(
        Documented(
            summary=summary[0].upper() + summary[1:],
            purpose=purpose,
            context=" ".join(context.split()) or _GENERATED,
            impact=_told(upgrade, "none; nothing is changed."),
            rollback=_rollback(upgrade, downgrade),
        )
    )


def render(documented: Documented) -> str:
    """*documented* as text that :func:`parse_docstring` reads back; nothing in it ends the string."""
    parts = [_wrap(documented.summary, ""), ""]
    for name in ("purpose", "context", "impact", "rollback"):
        text = getattr(documented, name)
        if text:
            parts.append(_wrap(text, f"{name.capitalize()}: "))
    return "\n".join(parts).strip().replace("\\", "/").replace('"""', "'''")


def _wrap(text: str, label: str) -> str:
    return textwrap.fill(
        label + text,
        _WIDTH,
        subsequent_indent="    " if label else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _told(steps: list[Step], nothing: str) -> str:
    if not steps:
        return nothing
    told = [_tell(step) for step in steps[:_MOST]]
    if len(steps) > _MOST:
        told.append(f"and {len(steps) - _MOST} more operations")
    return "; ".join(told) + "."


def _rollback(upgrade: list[Step], downgrade: list[Step]) -> str:
    reason = next((step.detail["reason"] for step in downgrade if step.kind == "irreversible"), None)
    if reason is not None:
        return f"cannot be undone: {reason}"
    if not downgrade and upgrade:
        return "not possible; downgrade() does nothing."
    return _told(downgrade, "nothing to undo.")


def _tell(step: Step) -> str:
    """One operation in plain words."""
    table = f"{step.schema}.{step.table}" if step.schema else step.table or ""
    columns = ", ".join(column.name for column in step.columns)
    words = {
        "create_table": f"creates table {table} ({len(step.columns)} columns)",
        "drop_table": f"drops table {table} with its rows",
        "add_column": f"adds column {table}.{columns}{_column_words(step)}",
        "drop_column": f"drops column {table}.{columns} with its values",
        "alter_column": f"changes column {table}.{columns}{_column_words(step)}",
        "create_index": f"creates index {step.name or ''} on {table} ({columns})",
        "drop_index": f"drops index {step.name or ''}",
        "create_foreign_key": f"adds a foreign key on {table} ({columns})",
        "create_unique_constraint": f"makes {table} ({columns}) unique",
        "create_check_constraint": f"adds check {step.name or ''} on {table}",
        "drop_constraint": f"drops constraint {step.name or ''} of {table}",
        "rename_table": f"renames table {table} to {step.detail.get('new_name', '')}",
        "bulk_insert": f"inserts {step.detail.get('rows', '')} rows into {table}",
        "execute": "runs SQL of its own",
        "not_analysed": "does what only its code tells",
    }
    return " ".join(words.get(step.kind, f"{step.kind.replace('_', ' ')} {table}").split())


def _column_words(step: Step) -> str:
    if not step.columns:
        return ""
    column = step.columns[0]
    said = [column.type] if column.type else []
    if "new_name" in step.detail:
        said.append(f"now called {step.detail['new_name']}")
    if column.nullable is not None:
        said.append("nullable" if column.nullable else "required")
    return f" ({', '.join(said)})" if said else ""
