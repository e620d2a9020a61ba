"""Append-only files of lines that several processes may write: the trail's copy and the erasure ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has another call
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """Open *path* for reading and appending, alone among all processes; made owner-only, with its folder.

    Symbolic links are not followed.

    Raises:
        OSError: The file cannot be written; the caller says what that means.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0) as raw:
        if fcntl is not None:
            fcntl.flock(raw, fcntl.LOCK_EX)  # released when the file closes, or its owner dies
        yield raw


def append(file: BinaryIO, lines: list[bytes]) -> None:
    """Add *lines*, each with its end, in one write, and wait until they are on disk.

    A line cut short by a crash is ended first, so that the damage stays one line.
    """
    if not lines:
        return
    end = file.seek(0, os.SEEK_END)
    torn = False
    if end:
        file.seek(end - 1)
        torn = file.read(1) != b"\n"
    data = (b"\n" if torn else b"") + b"".join(line + b"\n" for line in lines)
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    os.fsync(file.fileno())


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of *path* without their ends; none when there is no file."""
    try:
        with path.open("rb") as file:
            for line in file:
                yield line.rstrip(b"\n")
    except FileNotFoundError:
        return
