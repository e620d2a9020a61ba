"""A small application over any schema, and a way to see exactly which rows an act changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from dihya_migrate import Migrate
from dihya_migrate.actions import gdpr
from dihya_migrate.gdpr import const, null, owned_by, personal, subject
from dihya_migrate.runtime import Runtime, current_runtime

KEY = "0123456789abcdef0123456789abcdef-test"
Dump = dict[str, dict[tuple[object, ...], tuple[object, ...]]]
Rows = Mapping[str, list[dict[str, Any]]]

EMAIL = personal("contact", purpose="account", on_erase=null())
NAME = personal("identity", purpose="account", on_erase=const("[erased]"))
TEXT = personal("content", purpose="posts", on_erase=const("[removed]"))


def users(metadata: sa.MetaData, *columns: sa.Column[Any], info: dict[str, Any] | None = None) -> sa.Table:
    """``users(id, email!null, name!const)``."""
    return sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(100), info=EMAIL),
        sa.Column("name", sa.String(100), nullable=False, info=NAME),
        *columns,
        info=subject("user") | (info or {}),
    )


def pointer(
    name: str = "user_id",
    target: str = "users.id",
    *,
    info: dict[str, Any] | None = None,
    nullable: bool = False,
    primary_key: bool = False,
) -> sa.Column[Any]:
    """A foreign key with a role; owned unless said otherwise."""
    return sa.Column(
        name,
        sa.ForeignKey(target, use_alter=True, name=f"fk_{name}_{target.replace('.', '_')}")
        if nullable and name == "avatar_id"
        else sa.ForeignKey(target),
        nullable=nullable and not primary_key,
        primary_key=primary_key,
        info=owned_by() if info is None else info,
    )


def key(name: str = "id") -> sa.Column[Any]:
    """A plain key without autoincrement, so that tests say all keys."""
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def people(*numbers: int) -> list[dict[str, Any]]:
    """Rows of ``users`` with values that are easy to search for."""
    return [{"id": n, "email": f"canary{n}@example.org", "name": f"Canary {n}"} for n in numbers or (1, 2, 3)]


@dataclass
class House:
    """One application, its database and what it is asked."""

    app: Flask
    metadata: sa.MetaData
    runtime: Runtime
    folder: Path

    @property
    def engine(self) -> sa.Engine:
        """The application's own engine."""
        return self.runtime.engine()

    def fill(self, rows: Rows) -> None:
        """Insert *rows* by table, in the order given."""
        with self.engine.begin() as connection:
            for name, some in rows.items():
                if some:
                    connection.execute(self.metadata.tables[name].insert(), some)

    def dump(self) -> Dump:
        """Every row of every table by its key."""
        dump: Dump = {}
        with self.engine.connect() as connection:
            for name, table in self.metadata.tables.items():
                own = [c.name for c in table.primary_key.columns] or [c.name for c in table.columns]
                rows = connection.execute(sa.select(table)).mappings()
                dump[name] = {tuple(row[c] for c in own): tuple(row.values()) for row in rows}
        return dump

    def row(self, table: str, *key: object) -> dict[str, Any]:
        """One row by its key."""
        source = self.metadata.tables[table]
        where = [c == value for c, value in zip(source.primary_key.columns, key, strict=True)]
        with self.engine.connect() as connection:
            return dict(connection.execute(sa.select(source).where(*where)).mappings().one())

    def export(self, user: str = "1", **options: Any) -> dict[str, Any]:
        """What the export of one person says, as parsed JSON."""
        path = self.folder / f"export-{len(list(self.folder.iterdir()))}.json"
        gdpr.export(self.runtime, user=user, output=str(path), fmt="json", **options)
        document: dict[str, Any] = json.loads(path.read_text())
        return document

    def tables(self, user: str = "1") -> dict[str, list[Any]]:
        """Table → keys of the rows in one person's export."""
        return {name: [row["pk"] for row in rows] for name, rows in self.export(user)["tables"].items()}

    def plan(self, user: str = "1") -> Any:
        """The plan of a dry run."""
        return gdpr.erase(self.runtime, user=user, dry_run=True).plan

    def erase(self, user: str = "1", **options: Any) -> Any:
        """Erase one person, and see that the plan foretold what happened."""
        before = self.dump()
        plan = self.plan(user)
        assert difference(before, self.dump()) == {}
        result = gdpr.erase(self.runtime, user=user, **options)
        if result.outcome == "erased":
            foretold = {t: {k: row[k] for k in ("deleted", "changed")} for t, row in plan.counts().items()}
            assert result.counts == foretold
            assert result.plan.sha256 == plan.sha256
        return result

    def events(self) -> list[str]:
        """Names of the events in the trail, oldest first."""
        return [str(event.document["event"]) for event in self.runtime.trail().events()][::-1]


def difference(before: Dump, after: Dump) -> dict[str, dict[Any, str]]:
    """Which rows differ: table → key → gone, new or changed; keys of one column without their tuple."""
    found: dict[str, dict[Any, str]] = {}
    for table in before:
        for one in {*before[table], *after[table]}:
            old, new = before[table].get(one), after[table].get(one)
            if old != new:
                word = "gone" if new is None else "new" if old is None else "changed"
                found.setdefault(table, {})[one[0] if len(one) == 1 else one] = word
    return found


@contextmanager
def open_house(
    url: str, metadata: sa.MetaData, folder: Path, *, create: bool = True, **config: object
) -> Iterator[House]:
    """An application on the database at *url* with the tables of *metadata*; SQLite checks foreign keys."""
    app = Flask("house", instance_path=str(folder / "instance"))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url,
        DIHYA_PSEUDONYM_KEY=KEY,
        DIHYA_AUDIT_FILE=str(folder / "records" / "audit.jsonl"),
        DIHYA_LEDGER_FILE=str(folder / "records" / "ledger.jsonl"),
    )
    app.config.update(config)
    db = SQLAlchemy(app, metadata=metadata)
    Migrate(app, db)
    folder.mkdir(exist_ok=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            sa.event.listen(db.engine, "connect", _check_foreign_keys)
        if create:
            metadata.create_all(db.engine)
        try:
            yield House(app, metadata, current_runtime(), folder)
        finally:
            db.engine.dispose()


def _check_foreign_keys(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
