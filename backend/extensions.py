"""The extensions, made once and bound to an application by ``create_app``."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from dihya_migrate import Migrate

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, the same on every engine: a migration can only change what it can name."""


class Base(DeclarativeBase):
    """The base of all models."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()

if TYPE_CHECKING:

    class Model(Base):
        """``db.Model`` as a type checker can follow it."""

        __abstract__ = True
else:
    Model = db.Model


def enforce_foreign_keys(engine: Engine) -> None:
    """Ask SQLite to enforce foreign keys on *engine*; it does not unless each connection asks."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _ask)


def _ask(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA foreign_keys = ON").close()
