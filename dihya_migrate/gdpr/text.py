"""Maps, plans and results in words for people; no identifier and no value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .plan import Plan, TablePlan
from .records import ColumnRule, DataMap, Edge, Part, TableRule, Undecided

_WORDS = {"not_personal": "not personal", "edge": "pointer", "undecided": "UNDECIDED"}


def plural(number: int, word: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {word}" + ("" if number == 1 else "s")


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Lines with aligned cells; the last cell takes what is left."""
    if not rows:
        return
    sizes = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(size) for cell, size in zip(row, sizes, strict=False)]
        yield (indent + "  ".join([*cells, row[-1]])).rstrip()


# -- the map


def map_text(data_map: DataMap) -> str:
    """The map, a paragraph a table."""
    lines = [f"map {data_map.sha256[:12]}"]
    for bind in sorted(data_map.parts):
        part = data_map.parts[bind]
        for name in sorted(part.tables):
            lines += ["", *_table_text(part, part.tables[name])]
    if data_map.undecided:
        lines += ["", f"{plural(len(data_map.undecided), 'thing')} undecided: flask gdpr check"]
    return "\n".join(lines)


def _table_text(part: Part, table: TableRule) -> Iterator[str]:
    about = [f"person of kind {table.kind!r}"] if table.kind else []
    about += ["the row goes"] if table.delete else []
    about += [str(table.strategy)] if table.strategy else []
    about += [f"bind {part.bind}"] if part.bind else []
    about += [] if table.declared else ["UNDECLARED"]
    yield table.name + (f"  ({', '.join(about)})" if about else "")
    edges = {name: edge for edge in part.edges if edge.table == table.name for name in edge.columns}
    yield from columns([(c.name, _state(c), _about(c, edges.get(c.name))) for c in table.columns])


def _state(column: ColumnRule) -> str:
    return _WORDS.get(column.state, column.state)


def _about(column: ColumnRule, edge: Edge | None) -> str:
    if edge is not None:
        parts = [edge.role or "NO ROLE", f"-> {edge.target}", "delete row" if edge.delete else "", edge.does]
        return ", ".join(part for part in parts if part)
    parts = [column.category, "/".join(column.purposes), "third party" if column.third_party else ""]
    parts += [f"on erase: {column.strategy}" if column.strategy else "", column.reason]
    return ", ".join(part for part in parts if part)


def map_markdown(data_map: DataMap) -> str:
    """The map as one Markdown table a database."""
    lines = ["# Personal data", "", f"Map `{data_map.sha256}`"]
    for bind in sorted(data_map.parts):
        part = data_map.parts[bind]
        lines += ["", f"## Database {bind or '(default)'}", "", "| table | column | state | about |"]
        lines += ["|---|---|---|---|"]
        for name in sorted(part.tables):
            table = part.tables[name]
            edges = {column: edge for edge in part.edges if edge.table == name for column in edge.columns}
            for column in table.columns:
                about = _about(column, edges.get(column.name)).replace("|", "\\|")
                lines.append(f"| {name} | {column.name} | {_state(column)} | {about} |")
    return "\n".join(lines)


# -- what is undecided


def check_text(undecided: Iterable[Undecided], tables: int) -> str:
    """What to decide, with code to paste; a calm word when there is nothing."""
    found = list(undecided)
    if not found:
        return f"{plural(tables, 'table')}: every column is decided"
    what = {
        "column": "is it about a person?",
        "edge": "a pointer without a role",
        "table": "nothing is declared",
        "unreached": "personal columns, but its rows belong to nobody, so no erasure reaches them",
    }
    lines = [f"{plural(len(found), 'thing')} undecided:"]
    for item in found:
        place = f"{item.table}.{item.column}" if item.column else item.table
        lines += [f"  {place}: {what[item.what]}", f"      {item.paste}"]
    return "\n".join(lines)


# -- plans and results


def plan_text(plan: Plan) -> str:
    """What an erasure would do: counts, strategies, what stays and why."""
    totals = plan.totals()
    lines = [
        f"Plan for one {plan.kind}: {plural(totals['deleted'], 'row')} deleted, {totals['changed']} changed",
        *columns([_line(table) for table in plan.tables]),
    ]
    stays = [
        f"  {table.table}: {plural(item.rows, 'row')}{_only(item.columns)}: {item.reason}"
        + (f", until {item.until}" if item.until else "")
        for table in plan.tables
        for item in table.kept
    ]
    lines += ["Stays:", *stays] if stays else []
    lines += [f"Pseudonyms stay personal data while the key exists: {name}" for name in _pseudonyms(plan)]
    if plan.cut or plan.stuck:
        opened = ", ".join([*(p.edge.name for p in plan.cut), *(edge.name for edge in plan.stuck)])
        lines.append(f"Opened first, because rows point at each other: {opened}")
    lines += ["In the way:", *(f"  - {conflict}" for conflict in plan.conflicts)] if plan.conflicts else []
    lines.append(f"Plan hash: {plan.sha256}")
    return "\n".join(lines)


def _line(table: TablePlan) -> tuple[str, str, str]:
    counts = table.counts()
    done = [f"{counts['deleted']} deleted"] * bool(counts["deleted"])
    done += [f"{counts['changed']} changed"] * bool(counts["changed"])
    how = [f"{name}: {strategy}" for name, strategy in table.columns] if table.treat else []
    how += [f"{p.edge.columns[0]}: {p.does} ({plural(len(p.keys), 'row')})" for p in table.pointers]
    return table.table, ", ".join(done) or "unchanged", "; ".join(how)


def _only(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _pseudonyms(plan: Plan) -> Iterator[str]:
    for table in plan.tables:
        for name, strategy in table.columns if table.treat else ():
            if strategy.do == "pseudonym":
                yield f"{table.table}.{name}"


def erased_text(counts: Mapping[str, Mapping[str, int]], rounds: int, left: Sequence[str]) -> str:
    """What an erasure did."""
    deleted = sum(row["deleted"] for row in counts.values())
    changed = sum(row["changed"] for row in counts.values())
    lines = [f"Erased: {plural(deleted, 'row')} deleted, {changed} changed; looked again, nothing is left"]
    lines += [f"  {name}: {row['deleted']} deleted, {row['changed']} changed" for name, row in counts.items()]
    if rounds > 1:
        lines.append(f"  written meanwhile and swept: {plural(rounds - 1, 'round')}")
    lines += [f"Left to you: {', '.join(left)}"] if left else []
    return "\n".join(lines)
