"""One exchange with the table, in one transaction: check both ends, link what waits, move the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from ..errors import TrailError
from ..sealing import key_id
from .chain import Entry, Head, Record, continue_chain, holds
from .sinks.jsonl import OpenFile, Tail
from .sinks.table import AuditTable, Unlinked, broken


class NoTablesError(Exception):
    """Our tables are not there yet."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What one exchange did."""

    chain: str
    tail: Tail
    """Of the file, before."""
    start: int
    """Position the chain ended at, before."""
    records: list[Record]


@dataclass(frozen=True, slots=True)
class Linker:
    """Links the events of one application's bind.

    Args:
        key: Of the seals; None: the chain is not keyed.
    """

    table: AuditTable
    key: bytes | None
    app: str
    bind: str

    def link(
        self,
        connection: Connection,
        file: OpenFile | None,
        new: Sequence[Entry],
        *,
        own: Set[str] = frozenset(),
        held: Mapping[str, str] | None = None,
        probe: bool = False,
    ) -> Linked:
        """Link what waits, then *new*; the caller's transaction commits it.

        Args:
            connection: In a transaction that may write.
            file: Open and locked; None: there is no copy.
            new: Events of this moment.
            own: Ids of waiting rows that the present command wrote: they are not late.
            held: Events kept in memory because there was nowhere to write them; body by id.
            probe: Also find out whether the table can be written when there is nothing to write, and refuse
                a waiting row that another hand has put in.

        Raises:
            NoTablesError: There are no tables.
            TrailError: The ends do not agree, or the key is another one.
        """
        if not self.table.exists(connection):
            raise NoTablesError
        head = self.table.head(connection, lock=True)
        last = self.table.last(connection, head.chain)
        self._check_end(head, last)
        tail = file.tail(head.chain) if file else Tail()
        self._check_file(connection, head, tail)
        rows = self._waiting(connection, last, strict=probe)
        entries = self._aside(connection, file, tail, held or {})
        entries += [Entry(row.event_id, row.body, row.event_id not in own) for row in rows]
        records = continue_chain(head, [*entries, *new], self.key)
        if records:
            self.table.attach(connection, records, [row.seq for row in rows])
        elif probe:
            self._probe(connection)
        return Linked(head.chain, tail, head.position, records)

    def _check_end(self, head: Head, last: Record | None) -> None:
        end = Head(head.chain) if last is None else Head(head.chain, last.position or 0, last.link)
        if head != end:
            raise broken("the last event is not the one the chain ends with")
        if last is None:
            return
        if last.key_id not in (key_id(self.key), "none"):
            raise TrailError(
                f"the trail is sealed with key {last.key_id}, and this process has "
                + ("another one" if self.key else "none"),
                "set DIHYA_AUDIT_KEY or DIHYA_AUDIT_KEY_FILE to the key the trail was written with",
            )
        if not holds(last, None if last.key_id == "none" else self.key):
            raise broken("the seal of the last event does not hold")

    def _check_file(self, connection: Connection, head: Head, tail: Tail) -> None:
        if not tail.position:
            return
        if tail.position > head.position:
            raise TrailError(
                f"the trail's file goes on to event {tail.position}, its table ends at {head.position}",
                "after the restore of an older backup, move the file to where evidence is kept and go on; "
                "otherwise events were taken out of the table",
            )
        record = self.table.at(connection, head.chain, tail.position)
        if record is None or record.link != tail.link:
            raise broken(f"table and file do not agree on event {tail.position}")

    def _waiting(self, connection: Connection, last: Record | None, *, strict: bool) -> list[Unlinked]:
        """Committed rows without a link that this package wrote; the others stay without one."""
        rows = self.table.unlinked(connection)
        keyed = last is not None and last.key_id != "none"
        ours = [row for row in rows if row.is_ours(self.key, keyed=keyed)]
        if strict and len(ours) < len(rows):
            raise broken(f"{len(rows) - len(ours)} event(s) were put into the table by another hand")
        return ours

    def _aside(
        self, connection: Connection, file: OpenFile | None, tail: Tail, held: Mapping[str, str]
    ) -> list[Entry]:
        """Events that could not go to the table when they happened."""
        aside = dict(held)
        if file:
            aside |= file.aside(tail, self.app, self.bind, self.key)
        known = self.table.known(connection, aside) if aside else set()
        return [Entry(id_, body, late=True) for id_, body in aside.items() if id_ not in known]

    def _probe(self, connection: Connection) -> None:
        """Write and take it back: rights, read-only servers and full disks speak up now."""
        transaction = connection.get_transaction()
        self.table.insert(connection, [Entry("probe", "{}")], self.key)
        if transaction is not None:
            transaction.rollback()
