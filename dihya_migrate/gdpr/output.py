"""A file that is either whole and the owner's alone, or not there."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ..errors import UnfitEnvironmentError, UsageError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def default_name(now: datetime, suffix: str) -> str:
    """A name that says when, and nothing about whom."""
    return f"export-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.{suffix}"


def check(path: Path) -> None:
    """See that *path* is free and its folder nobody else's to change, before any data is read.

    Raises:
        UsageError: It exists in any form, or its folder is missing or writable by others.
    """
    if os.path.lexists(path):
        raise UsageError("the output exists already; nothing is overwritten", "name a new file with --output")
    try:
        folder = path.parent.stat()
    except OSError:
        raise UsageError("the folder of the output does not exist", "make it, or name another one") from None
    if not stat.S_ISDIR(folder.st_mode):
        raise UsageError("the folder of the output is not a folder")
    # in a sticky folder like /tmp nobody but the owner can rename or replace what we put there
    others = folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if os.name == "posix" and others and not folder.st_mode & stat.S_ISVTX:
        raise UsageError(
            "others may write to the folder of the output, and could replace the file",
            "take that right away (chmod go-w), or name another folder",
        )


@contextmanager
def fresh_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that appears under its name when the block ends well; owner-only from its first byte.

    Raises:
        UsageError: See :func:`check`; or the name was taken meanwhile.
        UnfitEnvironmentError: The disk is full, or the folder cannot be written.
    """
    check(path)
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with _open(part) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _publish(part, path)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise UnfitEnvironmentError(
                "the disk is full; the unfinished file is removed", "free some space, or name another folder"
            ) from None
        raise UnfitEnvironmentError(
            f"the output cannot be written ({errno.errorcode.get(error.errno or 0, 'I/O error')})",
            "give the process write access to the folder",
        ) from None
    finally:
        with suppress(OSError):
            part.unlink()


def _open(part: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(part, flags, 0o600), "wb")


def _publish(part: Path, path: Path) -> None:
    """Give the file its name in one step that cannot overwrite, and make that step last."""
    try:
        os.link(part, path, follow_symlinks=False)
    except FileExistsError:
        raise UsageError("the output came into being meanwhile; nothing is overwritten") from None
    except OSError:  # a file system without links
        check(path)
        part.rename(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
