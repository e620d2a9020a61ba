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
                lines = []
                for entry in entries:
                    sequence += 1
                    body = entry.body(sequence, self.key) | {"prev": seal}
                    seal = link(seal, canonical(body), self.key)
                    lines.append(canonical(body | {"seal": seal}))
                append(file, lines)
        except OSError:
            raise _unwritable() from None

    def _end(self, file: BinaryIO) -> tuple[int, str]:
        """Sequence number and seal of the last whole line, after checking it and its link."""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _TAIL, 0))
        lines = file.read().split(b"\n")
        lines = lines[1:] if size > _TAIL else lines
        torn = lines.pop()  # what follows the last line end: nothing, or what a crash cut short
        del torn
        last = [parsed for line in lines[-2:] if (parsed := _parsed(line)) is not None]
        if not last:
            if any(lines):
                raise _broken()
            return 0, GENESIS
        if last[-1] is not _parsed_or(last, lines[-1]):
            raise _broken()
        self._check(last[-1])
        if len(last) == 2 and last[0].get("seal") != last[1].get("prev"):
            raise _broken()
        return int(str(last[-1]["seq"])), str(last[-1]["seal"])

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


def _parsed_or(last: list[dict[str, object]], line: bytes) -> dict[str, object] | None:
    return last[-1] if _parsed(line) == last[-1] else None


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
