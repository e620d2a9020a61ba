"""Our own tables, of all packages: made on first use, versioned, hidden from autogenerate."""

from __future__ import annotations

PREFIX = "dihya_"


def is_ours(name: str | None) -> bool:
    """Does the table or index *name* belong to this extension?"""
    return bool(name) and str(name).lower().startswith((PREFIX, f"ix_{PREFIX}"))
