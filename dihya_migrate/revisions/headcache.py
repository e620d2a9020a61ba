"""Remember the heads of a folder as long as not one of its files changed."""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_FORMAT = 1
_SETTLED = 2_000_000_000
"""Nanoseconds a file must have been left alone before its times can be trusted to tell the next edit."""
_MEMORY: dict[str, tuple[str, tuple[str, ...]]] = {}


def remembered_heads(
    versions: Path, is_script: Callable[[str], object], read: Callable[[], tuple[str, ...] | None]
) -> tuple[str, ...] | None:
    """The heads of *versions*: from memory, from ``__pycache__``, or from *read*, in this order.

    An answer is kept under a digest of every script's name, size and times of change. It is not kept
    while any file is younger than two seconds: a second edit could then leave all of these as they are.

    Args:
        versions: The folder.
        is_script: Does Alembic load a file of this name?
        read: Reads the scripts; its None is never kept.
    """
    try:
        digest, youngest = _state(versions, is_script)
    except OSError:
        return read()
    folder = os.fspath(versions)
    known = _MEMORY.get(folder)
    if known is None or known[0] != digest:
        heads = _load(versions, digest)
        if heads is None:
            heads = read()
            if heads is None or youngest > time.time_ns() - _SETTLED or _changed(versions, is_script, digest):
                return heads
            _store(versions, digest, heads)
        _MEMORY[folder] = known = (digest, heads)
    return known[1]


def _state(versions: Path, is_script: Callable[[str], object]) -> tuple[str, int]:
    """A digest of all scripts as the file system shows them, and the latest time of change."""
    names, sizes, modified, changed = [], [], [], []
    with os.scandir(versions) as entries:
        for entry in entries:  # the hot loop: one system call a file, and as little else as can be
            name = entry.name
            if name.endswith(".py") and is_script(name):
                stat = entry.stat()
                names.append(name)
                sizes.append(stat.st_size)
                modified.append(stat.st_mtime_ns)
                changed.append(stat.st_ctime_ns)
    state = (_FORMAT, sys.version_info[:2], sorted(zip(names, sizes, modified, changed, strict=True)))
    youngest = max(max(modified, default=0), max(changed, default=0))
    return hashlib.sha256(marshal.dumps(state, 2)).hexdigest(), youngest


def _changed(versions: Path, is_script: Callable[[str], object], digest: str) -> bool:
    """Did a file change while they were read?"""
    return _state(versions, is_script)[0] != digest


def _file(versions: Path) -> Path:
    return versions / "__pycache__" / "dihya-heads.json"


def _load(versions: Path, digest: str) -> tuple[str, ...] | None:
    try:
        kept = json.loads(_file(versions).read_bytes())
        heads = kept["heads"]
        if (
            kept["digest"] == digest
            and isinstance(heads, list)
            and all(isinstance(id_, str) for id_ in heads)
        ):
            return tuple(heads)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _store(versions: Path, digest: str, heads: tuple[str, ...]) -> None:
    """Best effort: a folder that cannot be written is as good as one without a cache."""
    file = _file(versions)
    with suppress(OSError):
        if not file.parent.is_dir():
            if sys.dont_write_bytecode:
                return
            file.parent.mkdir()
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            draft.write_text(json.dumps({"digest": digest, "heads": heads}), encoding="utf-8")
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
