"""One altered record of a chain is found, whatever it is and wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dihya_migrate.audit.chain import End, Entry, Head, Problem, Record, continue_chain, walk
from dihya_migrate.audit.sinks.jsonl import parse, render
from dihya_migrate.sealing import canonical

KEY = b"k" * 32
CHAIN = "0" * 31 + "a"
KEYS = [KEY, None]

bodies = st.lists(st.text(max_size=20), min_size=2, max_size=12)


def chain_of(texts: list[str], key: bytes | None) -> list[Record]:
    """A good chain with one event for each of *texts*."""
    documents = [canonical({"id": f"id-{n}", "reason": text}).decode() for n, text in enumerate(texts)]
    entries = [Entry(f"id-{n}", body, late=n % 3 == 0) for n, body in enumerate(documents)]
    return continue_chain(Head(CHAIN), entries, key)


def found(records: list[Record], key: bytes | None, length: int) -> Problem | None:
    """What a verification says of *records*, whose end was written down at *length*."""
    end = End(Head(CHAIN))
    problem = walk(records, end, key, "table")
    if problem is None and end.head.position != length:
        return Problem("cut", "table", end.head.position + 1)
    return problem


@pytest.mark.parametrize("key", KEYS)
@given(texts=bodies)
def test_a_good_chain_holds(texts: list[str], key: bytes | None) -> None:
    """Every event, its place and the end hold; so do the lines of the file."""
    records = chain_of(texts, key)
    assert found(records, key, len(records)) is None
    assert [parse(render(record)) for record in records] == records


EDITS: dict[str, Callable[[Record], Record]] = {
    "body": lambda r: replace(r, body=r.body.replace('"id":', '"Id":')),
    "prev": lambda r: replace(r, prev=r.prev[::-1] if r.prev[::-1] != r.prev else "1" * 64),
    "link": lambda r: replace(r, link="f" * 64),
    "late": lambda r: replace(r, late=not r.late),
    "position": lambda r: replace(r, position=(r.position or 0) + 1000),
    "chain": lambda r: replace(r, chain="b" * 32),
    "key_id": lambda r: replace(r, key_id="0123456789ab"),
    "event_id": lambda r: replace(r, event_id="another"),
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("part", EDITS)
@given(texts=bodies, data=st.data())
def test_an_edit_is_found(texts: list[str], data: st.DataObject, part: str, key: bytes | None) -> None:
    """Whatever part of one record changes, the chain breaks at or behind that record."""
    records = chain_of(texts, key)
    place = data.draw(st.integers(0, len(records) - 1))
    records[place] = EDITS[part](records[place])
    problem = found(records, key, len(records))
    assert problem is not None
    assert problem.position >= place + 1


@pytest.mark.parametrize("key", KEYS)
@given(texts=bodies, data=st.data())
def test_a_changed_text_is_called_edited(texts: list[str], data: st.DataObject, key: bytes | None) -> None:
    """The place of the first changed event is told exactly."""
    records = chain_of(texts, key)
    place = data.draw(st.integers(0, len(records) - 1))
    records[place] = EDITS["body"](records[place])
    assert found(records, key, len(records)) == Problem("edited", "table", place + 1)


@pytest.mark.parametrize("key", KEYS)
@given(texts=bodies, data=st.data())
def test_a_removal_is_found(texts: list[str], data: st.DataObject, key: bytes | None) -> None:
    """A missing event in the middle is called removed, at the end cut."""
    records = chain_of(texts, key)
    place = data.draw(st.integers(0, len(records) - 1))
    del records[place]
    problem = found(records, key, len(texts))
    assert problem is not None
    assert (problem.kind, problem.position) == ("removed" if place < len(records) else "cut", place + 1)


@pytest.mark.parametrize("key", KEYS)
@given(texts=bodies, data=st.data())
def test_a_swap_is_found(texts: list[str], data: st.DataObject, key: bytes | None) -> None:
    """Two events that changed places are called reordered, with and without their numbers corrected."""
    records = chain_of(texts, key)
    first, second = sorted(
        data.draw(st.lists(st.integers(0, len(records) - 1), min_size=2, max_size=2, unique=True))
    )
    records[first], records[second] = records[second], records[first]
    if data.draw(st.booleans(), label="numbers corrected"):
        records = [replace(record, position=number) for number, record in enumerate(records, 1)]
    problem = found(records, key, len(records))
    assert problem is not None
    assert (problem.kind, problem.position) == ("reordered", first + 1)


@pytest.mark.parametrize("key", KEYS)
@given(texts=bodies, data=st.data())
def test_an_insertion_is_found(texts: list[str], data: st.DataObject, key: bytes | None) -> None:
    """A forged event between two others is called inserted, a copy of an earlier one too."""
    records = chain_of(texts, key)
    place = data.draw(st.integers(0, len(records) - 1))
    forged = replace(records[place], body='{"id":"forged"}', event_id="", link="e" * 64)
    copied = records[data.draw(st.integers(0, place))]
    records.insert(place if (fresh := data.draw(st.booleans())) else place + 1, forged if fresh else copied)
    problem = found(records, key, len(texts))
    assert problem is not None
    assert problem.kind == "inserted"


@pytest.mark.parametrize("key", KEYS)
@given(texts=bodies, data=st.data())
def test_a_cut_tail_is_found(texts: list[str], data: st.DataObject, key: bytes | None) -> None:
    """However many events are cut from the end, the place of the cut is told."""
    records = chain_of(texts, key)
    kept = data.draw(st.integers(0, len(records) - 1))
    assert found(records[:kept], key, len(records)) == Problem("cut", "table", kept + 1)


@given(texts=bodies, data=st.data())
def test_one_changed_byte_of_a_line_is_found(texts: list[str], data: st.DataObject) -> None:
    """A line of the file with one other byte is not read as the same record."""
    record = data.draw(st.sampled_from(chain_of(texts, KEY)))
    line = bytearray(render(record))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    assert parse(bytes(line)) != replace(record, event_id="")


@pytest.mark.parametrize(("forger", "kind"), [(None, "unkeyed"), (b"x" * 32, "wrong-key")])
@given(texts=bodies, data=st.data())
def test_a_forger_without_the_key_is_found(
    texts: list[str], data: st.DataObject, forger: bytes | None, kind: str
) -> None:
    """Sealing everything anew, without the key or with another one, does not pass."""
    records = chain_of(texts, KEY)
    place = data.draw(st.integers(1, len(records) - 1))
    head = Head(CHAIN, place, records[place - 1].link)
    rest = continue_chain(head, [Entry("id", '{"id":"id"}')] * (len(records) - place), forger)
    problem = found(records[:place] + rest, KEY, len(records))
    assert problem is not None
    assert (problem.kind, problem.position) == (kind, place + 1)


def test_a_chain_may_gain_a_key() -> None:
    """Events written before the application set a key still hold, and are counted as not keyed."""
    first = chain_of(["a", "b"], None)
    second = continue_chain(Head(CHAIN, 2, first[-1].link), [Entry("c", '{"id":"c"}')], KEY)
    end = End(Head(CHAIN))
    assert walk(first + second, end, KEY, "table") is None
    assert (end.events, end.keyed) == (3, 1)
