"""DM53x: comments that silence a check, and should not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from .examples import Example
from .registry import HAZARD, check
from .silence import silences
from .subject import Facts, Remark, Subject

_GOOD = Example(
    'op.drop_table("orders")  # dihya: ignore[DM201] reason="archived" until=2030-01-01',
    facts=Facts(today=date(2026, 11, 22)),
)


@check(
    code="DM531",
    name="ignore-incomplete",
    weight=HAZARD,
    remedy='op.drop_table("orders")  # dihya: ignore[DM201] reason="archived, see the runbook"',
    bad=[
        Example('op.drop_table("orders")  # dihya: ignore[DM201]'),
        Example('op.drop_table("orders")  # dihya: ignore reason="archived"'),
    ],
    good=[_GOOD],
)
def ignore_incomplete(subject: Subject) -> Iterator[Remark]:
    """A comment means to silence a check but names none, or gives no reason; it silences nothing."""
    for silence in silences(subject.revision.source):
        if silence.fault:
            yield Remark(f"this comment silences nothing: {silence.fault}", line=silence.line)


@check(
    code="DM532",
    name="ignore-expired",
    weight=HAZARD,
    remedy="# look again, then take the comment away or give it a new date",
    bad=[
        Example(
            'op.drop_table("orders")  # dihya: ignore[DM201] reason="archived" until=2026-01-01',
            facts=Facts(today=date(2026, 11, 22)),
        )
    ],
    good=[_GOOD],
)
def ignore_expired(subject: Subject) -> Iterator[Remark]:
    """A comment silenced a check until a day that is over; the check speaks again."""
    for silence in silences(subject.revision.source):
        if not silence.fault and silence.over(subject.facts.today):
            yield Remark(
                f"this comment ended on {silence.until}; what it silenced speaks again", line=silence.line
            )
