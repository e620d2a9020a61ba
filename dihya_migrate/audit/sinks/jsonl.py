"""The trail's copy outside the database: append-only lines of JSON, for all processes and binds.

An event that could not go to the table yet makes a side line: it has no chain and no position, and is linked
to the line above it, whichever that is.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ... import linefile
from ...sealing import GENESIS, key_id
from ..chain import Record, holds, seal

_BLOCK = 1 << 16
_LINE = re.compile(
    rb'\{"chain":(?:"([0-9a-f]{32})"|null),"position":(?:([1-9][0-9]{0,18})|null),"late":(true|false),'
    rb'"prev":"([0-9a-f]{64})","link":"([0-9a-f]{64})","key_id":"([0-9a-z]{1,16})","event":(\{.*\})\}'
)
_LINK = re.compile(rb'^\{"chain":[^\n]{0,120}"prev":"[0-9a-f]{64}","link":"([0-9a-f]{64})","key_id":"')


def render(record: Record) -> bytes:
    """One line of the file, without its end; the event stands last, spelt as it was sealed."""
    chain = f'"{record.chain}"' if record.chain else "null"
    position = "null" if record.position is None else str(record.position)
    late = "true" if record.late else "false"
    return (
        f'{{"chain":{chain},"position":{position},"late":{late},"prev":"{record.prev}",'
        f'"link":"{record.link}","key_id":"{record.key_id}","event":{record.body}}}'
    ).encode()


def parse(line: bytes) -> Record | None:
    """The record of one line; None when it is not spelt as we spell it."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    chain, position, late, prev, link, name, body = match.groups()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return Record(
        (chain or b"").decode(),
        None if position is None else int(position),
        prev.decode(),
        link.decode(),
        name.decode(),
        text,
        late == b"true",
    )


class AuditFile:
    """The file at *path*; opened, and locked against other processes, for one exchange at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._announcement = path.with_name(f"{path.name}.next")

    @contextmanager
    def locked(self) -> Iterator[OpenFile]:
        """Open it alone.

        Raises:
            OSError: It cannot be read and written.
        """
        with linefile.locked(self.path) as file:
            yield OpenFile(file, self._announcement)

    def records(self) -> Iterator[tuple[int, bytes, Record | None]]:
        """Every line with its number from 1, none without a file; None stands for a line nobody can read."""
        if not self.path.exists():
            return
        for number, line in enumerate(linefile.read_lines(self.path), 1):
            yield number, line, parse(line)

    def end_of(self, chain: str) -> int:
        """The last position of *chain*, read without a lock; 0 without any."""
        with self.path.open("rb", buffering=0) as file:
            return OpenFile(cast("BinaryIO", file), self._announcement).tail(chain).position

    def announced(self) -> list[Record]:
        """Lines that a command was about to add when it died; whether their events were committed is open."""
        records = [parse(line) for line in linefile.read_lines(self._announcement)]
        return [record for record in records if record is not None]


@dataclass(frozen=True, slots=True)
class Tail:
    """What the file knows of one chain."""

    position: int = 0
    link: str = GENESIS
    offset: int = 0
    """Where the line behind the chain's last line begins."""


class OpenFile:
    """The file while we alone have it."""

    def __init__(self, file: BinaryIO, announcement: Path) -> None:
        self._file, self._announcement = file, announcement

    def announce(self, records: Sequence[Record]) -> None:
        """Say, before the table commits them, which lines come next.

        Should we die between the commit and :meth:`put`, the lines are here, and a verification can tell a
        crash from a cut.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self._announcement, flags, 0o600), "wb") as file:
            file.writelines(render(record) + b"\n" for record in records)

    def put(self, records: Sequence[Record]) -> None:
        """Add one line for each of *records*, on disk when this returns."""
        linefile.append(self._file, [render(record) for record in records])
        self._announcement.unlink(missing_ok=True)

    def put_aside(self, bodies: Sequence[str], key: bytes | None) -> None:
        """Add side lines: events whose table cannot be reached or does not exist yet."""
        prev, name, records = self._last_link(), key_id(key), []
        for body in bodies:
            new = seal(prev, "", None, body, key)
            records.append(Record("", None, prev, new, name, body))
            prev = new
        self.put(records)

    def tail(self, chain: str) -> Tail:
        """The last line of *chain*, searched from the end of the file."""
        needle = b'{"chain":"' + chain.encode() + b'"'
        for offset, line in self._backwards():
            if line.startswith(needle) and (record := parse(line)) is not None and record.position:
                return Tail(record.position, record.link, offset + len(line) + 1)
        return Tail()

    def aside(self, tail: Tail, app: str, bind: str, key: bytes | None) -> dict[str, str]:
        """Side lines of *app* and *bind* behind *tail* that no chain has taken in: body by event id.

        A line whose link does not hold is left where it is; the verification reports it.
        """
        waiting: dict[str, str] = {}
        self._file.seek(tail.offset)
        for line in _lines(self._file):
            record = parse(line)
            if record is None:
                continue
            event = _event(record.body)
            if record.position is not None:
                waiting.pop(str(event.get("id")), None)
            elif event.get("app") == app and event.get("bind") == bind and holds(record, key):
                waiting[str(event.get("id"))] = record.body
        return waiting

    def _last_link(self) -> str:
        for _, line in self._backwards():
            if (match := _LINK.match(line)) is not None and parse(line) is not None:
                return match[1].decode()
        return GENESIS

    def _backwards(self) -> Iterator[tuple[int, bytes]]:
        """Lines with their offsets, the last one first, reading a block at a time."""
        end = self._file.seek(0, os.SEEK_END)
        rest = b""
        while end > 0:
            start = max(0, end - _BLOCK)
            self._file.seek(start)
            block = _exactly(self._file, end - start) + rest
            first, *others = block.split(b"\n")
            offset = start + len(block)
            for line in reversed(others):
                offset -= len(line)
                if line:
                    yield offset, line
                offset -= 1
            rest, end = first, start
        if rest:
            yield 0, rest


def _exactly(file: BinaryIO, size: int) -> bytes:
    parts = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := file.read(_BLOCK):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _event(body: str) -> dict[str, object]:
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
