"""Check a whole trail: the table's chain, its two ends, the file's lines, and the one against the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from ..sealing import GENESIS, key_id
from .chain import End, Head, Problem, Record, holds, walk
from .pen import host
from .sinks.jsonl import AuditFile
from .sinks.table import AuditTable

NO_FILE, ABSENT, WHOLE, BEHIND = "none", "absent", "whole", "behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What a verification found; ``ok`` when it found no problem."""

    bind: str
    chain: str | None = None
    """None: there is no table yet."""
    events: int = 0
    """Linked events of the table that hold, from the first one on."""
    late: int = 0
    """Of these, linked by a later command: written outside the database first, or left by a crash."""
    unlinked: int = 0
    """Committed events that the next command will link."""
    keyed: int = 0
    """Of the events, those sealed under a key; without one, whoever can write both copies can forge them."""
    key_id: str = "none"
    head_position: int = 0
    head_link: str = GENESIS
    file: str = NO_FILE
    """``none``: no file is kept; ``absent``, ``whole``, ``behind`` (other hosts wrote since)."""
    side_lines: int = 0
    """Events of the file that were written before they could go to a table."""
    torn_lines: int = 0
    """Lines cut short by a crash while they were written."""
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Did everything hold?"""
        return not self.problems


@dataclass
class _Lines:
    """What a reading of the file found besides the chain itself."""

    chain: str
    key: bytes | None
    previous: str = GENESIS
    side: int = 0
    torn: int = 0
    problems: list[Problem] = field(default_factory=list)

    def of_chain(self, file: AuditFile) -> Iterator[Record]:
        """The lines of the chain; the others are judged on the way."""
        for number, line, record in file.records():
            if record is None:
                self._strange(number, line)
                continue
            if not record.chain:
                self._judge(number, record)
            self.previous = record.link
            if record.chain and record.chain == self.chain:
                yield record

    def _strange(self, number: int, line: bytes) -> None:
        start = b'{"chain":'
        if line and (line.startswith(start) or start.startswith(line)) and not line.endswith(b"}}"):
            self.torn += 1
        else:
            self.problems.append(Problem("unreadable", "file", number, "line"))

    def _judge(self, number: int, record: Record) -> None:
        self.side += 1
        if record.key_id not in (key_id(self.key), "none"):
            kind = "wrong-key"
        elif not holds(record, None if record.key_id == "none" else self.key):
            kind = "edited"
        elif record.prev != self.previous:
            kind = "removed"
        else:
            return
        self.problems.append(Problem(kind, "file", number, "at or before this side line"))


class Verifier:
    """One verification of one trail.

    Args:
        snapshot: Opens a connection that reads one unchanging state.
        required: The application named the file, so its absence is a problem.
    """

    def __init__(
        self,
        *,
        bind: str,
        table: AuditTable,
        snapshot: Callable[[], AbstractContextManager[Connection]],
        file: AuditFile | None,
        required: bool,
        key: bytes | None,
    ) -> None:
        self._bind, self._table, self._snapshot = bind, table, snapshot
        self._file, self._required, self._key = file, required, key
        self._problems: list[Problem] = []

    def run(self) -> VerifyReport:
        """Read the file first, then the table, which always knows as much or more.

        Raises:
            OSError: The file cannot be read.
            SQLAlchemyError: The table cannot be read.
        """
        with self._snapshot() as connection:
            chain = self._table.head(connection).chain if self._table.exists(connection) else None
        lines, file_end = _Lines(chain or "", self._key), End(Head(chain or ""))
        intact = self._read_file(lines, file_end)
        state, end, head, unlinked = NO_FILE if self._file is None else WHOLE, End(Head("")), Head(""), 0
        if chain is not None:
            with self._snapshot() as connection:
                head = self._table.head(connection)
                end = self._read_table(connection, head)
                unlinked = self._read_waiting(connection, end)
                state = self._compare(connection, head, file_end, intact=intact)
        return VerifyReport(
            bind=self._bind,
            chain=chain,
            events=end.events,
            late=end.late,
            unlinked=unlinked,
            keyed=end.keyed,
            key_id=key_id(self._key),
            head_position=head.position,
            head_link=head.link,
            file=state,
            side_lines=lines.side,
            torn_lines=lines.torn,
            problems=tuple(self._problems + lines.problems),
        )

    def _read_file(self, lines: _Lines, end: End) -> bool:
        if self._file is None:
            return True
        records = lines.of_chain(self._file)
        problem = walk(records, end, self._key, "file")
        for _ in records:  # the rest still has side lines to judge
            pass
        if problem:
            self._problems.append(problem)
        return problem is None

    def _read_table(self, connection: Connection, head: Head) -> End:
        end = End(Head(head.chain))
        problem = walk(self._table.linked(connection, head.chain), end, self._key, "table")
        self._problems += [found] if (found := _at_end(problem, end.head, head)) else []
        return end

    def _read_waiting(self, connection: Connection, end: End) -> int:
        rows = self._table.unlinked(connection)
        strange = sum(not row.is_ours(self._key, keyed=bool(end.keyed)) for row in rows)
        if strange:
            place = end.head.position + 1
            self._problems.append(Problem("inserted", "table", place, f"{strange} waiting, by another hand"))
        return len(rows)

    def _compare(self, connection: Connection, head: Head, file: End, *, intact: bool) -> str:
        """The two ends: equal links stand on equal pasts."""
        if self._file is None:
            return NO_FILE
        if not self._file.path.exists():
            if self._required and head.position:
                self._problems.append(Problem("cut", "file", 1, "there is no file"))
            return ABSENT
        position = file.head.position
        if position > head.position:
            explanation = f"the file goes on to {position}"
            self._problems.append(Problem("cut", "table", head.position + 1, explanation))
            return WHOLE
        if position:
            self._compare_at(connection, self._file, file.head)
        if position == head.position or not intact:
            return WHOLE if intact else BEHIND
        return self._behind(connection, self._file, file.head, head)

    def _compare_at(self, connection: Connection, file: AuditFile, end: Head) -> None:
        record = self._table.at(connection, end.chain, end.position)
        if record is not None and record.link == end.link:
            return
        lines = _Lines(end.chain, self._key).of_chain(file)
        pairs = zip(self._table.linked(connection, end.chain), lines, strict=False)
        first = next((ours.position for ours, line in pairs if ours != line), None)
        self._problems.append(Problem("differs", "file", first or end.position, "from the table"))

    def _behind(self, connection: Connection, file: AuditFile, end: Head, head: Head) -> str:
        """A file may lack what other hosts wrote since; what this host wrote, it must have."""
        end = self._with_announced(connection, file, end)
        needle = f'"host":"{host()}"'
        ours = next(
            (r for r in self._table.linked(connection, head.chain, end.position) if needle in r.body), None
        )
        if ours is None:
            return BEHIND
        if file.end_of(head.chain) >= head.position:
            return WHOLE  # it was being written while we read
        self._problems.append(
            Problem("cut", "file", end.position + 1, f"the table goes on to {head.position}")
        )
        return BEHIND

    def _with_announced(self, connection: Connection, file: AuditFile, end: Head) -> Head:
        """Where the file would end, had the last command lived to write the lines it announced."""
        longer = End(end)
        if walk(file.announced(), longer, self._key, "file") is None:
            record = self._table.at(connection, end.chain, longer.head.position)
            if record is not None and record.link == longer.head.link:
                return longer.head
        return end


def _at_end(problem: Problem | None, seen: Head, head: Head) -> Problem | None:
    """What is wrong with a chain that was seen up to *seen* and should end at *head*."""
    beyond = seen.position > head.position or (problem is not None and problem.position > head.position)
    if beyond and (problem is None or problem.kind == "edited"):
        return Problem("inserted", "table", head.position + 1, "behind the end of the chain")
    if problem is not None or seen == head:
        return problem
    if seen.position < head.position:
        return Problem("cut", "table", seen.position + 1, f"the chain ended at {head.position}")
    return Problem("edited", "table", head.position, "the row that holds the end of the chain")
