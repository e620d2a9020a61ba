"""The files an export can be: zip, json, jsonl, csv. Written as a stream, with the manifest at the end."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, Literal

from .rows import Record

Format = Literal["zip", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("zip", "json", "jsonl", "csv")

Table = tuple[str, tuple[str, ...], Iterable[Record]]
"""Name, columns, rows."""
Finish = Callable[[list[dict[str, object]]], Mapping[str, object]]
"""The manifest, made when all rows are written, from what is known of the members."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(
    stream: BinaryIO, fmt: Format, tables: Iterable[Table], schema: Mapping[str, object], finish: Finish
) -> None:
    """Write one export to *stream* in the format *fmt*."""
    if fmt == "json":
        _json(stream, tables, finish)
    elif fmt == "jsonl":
        _jsonl(stream, tables, finish)
    else:
        _archive(stream, tables, schema, finish, csv=fmt == "csv")


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _json(stream: BinaryIO, tables: Iterable[Table], finish: Finish) -> None:
    stream.write(b'{"tables":{')
    members: list[dict[str, object]] = []
    for number, (name, _, rows) in enumerate(tables):
        stream.write((b",\n" if number else b"\n") + _dumps(name) + b":[")
        count = 0
        for count, row in enumerate(rows, 1):
            stream.write((b",\n" if count > 1 else b"\n") + _dumps(row))
        stream.write(b"]")
        members.append({"table": name, "rows": count})
    stream.write(b'},\n"manifest":' + _dumps(finish(members)) + b"}\n")


def _jsonl(stream: BinaryIO, tables: Iterable[Table], finish: Finish) -> None:
    total = hashlib.sha256()
    members: list[dict[str, object]] = []
    for name, _, rows in tables:
        count = 0
        for row in rows:
            line = _dumps({"table": name, **row}) + b"\n"
            total.update(line)
            stream.write(line)
            count += 1
        members.append({"table": name, "rows": count})
    manifest = {**finish(members), "rows_sha256": total.hexdigest()}
    stream.write(_dumps({"manifest": manifest}) + b"\n")


def _archive(
    stream: BinaryIO,
    tables: Iterable[Table],
    schema: Mapping[str, object],
    finish: Finish,
    *,
    csv: bool,
) -> None:
    members: list[dict[str, object]] = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, rows in tables:
            member = member_name(name, "csv" if csv else "jsonl", {str(m["name"]) for m in members})
            lines = _csv_lines(columns, rows) if csv else (_dumps(row) + b"\n" for row in rows)
            members.append({"table": name, "name": member, **_member(archive, member, lines, header=csv)})
        document = json.dumps(schema, ensure_ascii=False, indent=1).encode() + b"\n"
        members.append({"name": "schema.json", **_member(archive, "schema.json", [document], header=True)})
        manifest = json.dumps(finish(members), ensure_ascii=False, indent=1).encode() + b"\n"
        _member(archive, "manifest.json", [manifest], header=True)


def _member(
    archive: zipfile.ZipFile, name: str, lines: Iterable[bytes], *, header: bool
) -> dict[str, object]:
    """Write one member as its lines come; returns its rows, bytes and SHA-256."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    total, size, count = hashlib.sha256(), 0, 0
    with archive.open(info, "w", force_zip64=True) as member:
        for line in lines:
            total.update(line)
            size += len(line)
            count += 1
            member.write(line)
    return {"rows": count - header, "bytes": size, "sha256": total.hexdigest()}


def member_name(table: str, suffix: str, taken: set[str]) -> str:
    """A name made of the table's name alone, safe on every file system."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", table).strip("_") or "table"
    name, number = f"data/{stem}.{suffix}", 1
    while name in taken:
        number += 1
        name = f"data/{stem}_{number}.{suffix}"
    return name


def _csv_lines(columns: tuple[str, ...], rows: Iterable[Record]) -> Iterator[bytes]:
    """RFC 4180; text is always quoted, so that NULL (nothing) and the empty text (two quotes) differ."""
    yield _csv_line(["_pk", "_roles", *columns])
    for row in rows:
        data = row["data"]
        if not isinstance(data, dict) or not isinstance(row["roles"], list):
            raise TypeError("a record has data and roles")
        cells = [row["pk"], " ".join(row["roles"]), *(data[name] for name in columns)]
        yield _csv_line(cells)


def _csv_line(cells: Iterable[object]) -> bytes:
    return (",".join(_cell(cell) for cell in cells) + "\r\n").encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.startswith(_FORMULA):
        text = "'" + text  # a spreadsheet would run it; the manifest says that this was done
    return '"' + text.replace('"', '""') + '"'
