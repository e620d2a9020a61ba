"""The ledger: erasures as keyed digests in a file outside the database, to be repeated after a restore."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigurationError, TrailError
from ..linefile import append, locked
from ..sealing import GENESIS, canonical, digest, key_id, link

_DOMAIN = "dihya.ledger"
_TAIL = 16_384


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure."""

    kind: str
    digest: str
    erased_at: str
    map_sha256: str
    bind: str = ""

    def body(self, sequence: int, key: bytes) -> dict[str, object]:
        """What one line says, without its links."""
        return {
            "v": 1,
            "seq": sequence,
            "kind": self.kind,
            "digest": self.digest,
            "erased_at": self.erased_at,
            "map": self.map_sha256,
            "bind": self.bind,
            "key": key_id(key),
        }


def ledger_digest(key: bytes, kind: str, parts: Sequence[str]) -> str:
    """Who was erased: a replay computes it for every living key and looks it up."""
    return digest(key, _DOMAIN, kind, *parts)


class Ledger:
    """An append-only, hash-chained file of JSON lines.

    Args:
        path: Of the file; made on first use, owner-only.
        key: ``DIHYA_PSEUDONYM_KEY``; it seals the chain too.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path, self.key = path, key

    def preflight(self) -> None:
        """See that the file can be written and that its end holds.

        Raises:
            TrailError: It cannot be written, or its end was changed.
            ConfigurationError: It was written under another key.
        """
        try:
            with locked(self.path) as file:
                self._end(file)
        except OSError:
            raise _unwritable() from None

    def append(self, entries: Sequence[Entry]) -> None:
        """Add *entries* and wait until they are on disk.

        Raises:
            TrailError: The file cannot be written, or its end was changed.
        """
        if not entries:
            return
        try:
            with locked(self.path) as file:
                sequence, seal = self._end(file)
                there = {(line.get("digest"), line.get("erased_at")) for line in self._tail(file)}
                lines = []
                for entry in entries:
                    if (entry.digest, entry.erased_at) in there:
                        continue  # a process ended between this line and its note in the database
                    sequence += 1
                    body = entry.body(sequence, self.key) | {"prev": seal}
                    seal = link(seal, canonical(body), self.key)
                    lines.append(canonical(body | {"seal": seal}))
                append(file, lines)
        except OSError:
            raise _unwritable() from None

    def _end(self, file: BinaryIO) -> tuple[int, str]:
        """Sequence number and seal of the last whole line, after checking it and its link."""
        raw = _last_lines(file)
        if not raw:
            return 0, GENESIS
        last = _parsed(raw[-1])
        if last is None:
            raise _broken()
        self._check(last)
        before = _parsed(raw[-2]) if len(raw) > 1 else None
        if before is not None and before.get("seal") != last.get("prev"):
            raise _broken()
        return int(str(last["seq"])), str(last["seal"])

    @staticmethod
    def _tail(file: BinaryIO) -> list[dict[str, object]]:
        return [line for raw in _last_lines(file) if (line := _parsed(raw)) is not None]

    def _check(self, line: dict[str, object]) -> None:
        if line.get("key") != key_id(self.key):
            raise ConfigurationError(
                f"the ledger was written under key {line.get('key')};"
                f" DIHYA_PSEUDONYM_KEY is {key_id(self.key)}",
                "set the former key again: without it no erasure could be repeated after a restore",
            )
        seal = str(line.get("seal"))
        body = {name: value for name, value in line.items() if name != "seal"}
        if not hmac.compare_digest(link(str(line.get("prev")), canonical(body), self.key), seal):
            raise _broken()


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _last_lines(file: BinaryIO) -> list[bytes]:
    """The last few whole lines; what follows the last line end was cut short by a crash."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    lines = file.read().split(b"\n")[:-1]
    return lines[1:] if size > _TAIL else lines


def _broken() -> TrailError:
    return TrailError(
        "the end of the erasure ledger does not hold: it was changed or cut",
        "put back the last good copy of DIHYA_LEDGER_FILE; nothing was touched",
    )


def _unwritable() -> TrailError:
    return TrailError(
        "the erasure ledger cannot be written, and a restore could bring back what is erased without it",
        "give the process write access to DIHYA_LEDGER_FILE and its folder",
    )
