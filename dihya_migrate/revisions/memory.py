"""Remember what the scripts of a folder say as long as not one of them changed."""

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
from typing import Any

_FORMAT = 2
_SETTLED = 2_000_000_000
"""Nanoseconds a file must have been left alone before its times can be trusted to tell the next edit."""
_MEMORY: dict[tuple[str, str], tuple[str, Any]] = {}


def remembered(versions: Path, is_script: Callable[[str], object], name: str, read: Callable[[], Any]) -> Any:
    """What *read* finds in the scripts of *versions*: from memory, from ``__pycache__``, or from *read*.

    An answer is kept under a digest of every script's name, size and times of change. It is not kept
    while any file is younger than two seconds: a second edit could then leave all of these as they are.

    Args:
        versions: The folder.
        is_script: Does Alembic load a file of this name?
        name: Of the answer, which is also that of its file.
        read: Reads the scripts and says something that JSON can hold; its None is never kept.
    """
    try:
        digest, youngest = _state(versions, is_script)
    except OSError:
        return read()
    key = (os.fspath(versions.resolve()), name)
    known = _MEMORY.get(key)
    if known is None or known[0] != digest:
        answer = _load(versions, name, digest)
        if answer is None:
            answer = read()
            if (
                answer is None
                or youngest > time.time_ns() - _SETTLED
                or _changed(versions, is_script, digest)
            ):
                return answer
            _store(versions, name, digest, answer)
        _MEMORY[key] = known = (digest, answer)
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


def _file(versions: Path, name: str) -> Path:
    return versions / "__pycache__" / f"dihya-{name}.json"


def _load(versions: Path, name: str, digest: str) -> Any:
    try:
        kept = json.loads(_file(versions, name).read_bytes())
        return kept["answer"] if kept["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(versions: Path, name: str, digest: str, answer: Any) -> None:
    """Best effort: a folder that cannot be written is as good as one without a cache."""
    file = _file(versions, name)
    with suppress(OSError):
        if not file.parent.is_dir():
            if sys.dont_write_bytecode:
                return
            file.parent.mkdir()
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            draft.write_text(json.dumps({"digest": digest, "answer": answer}), encoding="utf-8")
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
