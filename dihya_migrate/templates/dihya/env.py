"""Where the migrations run: every database of the application, each in a transaction of its own.

Validation, lock and audit come from dihya_migrate, also when plain ``alembic`` is called in this folder.
"""

from __future__ import annotations

from alembic import context

from dihya_migrate.environment import Database, databases, guarded


def run_online(database: Database) -> None:
    """Migrate one database over a connection."""
    with database.engine.connect() as connection:
        context.configure(connection=connection, **database.options)
        with context.begin_transaction():
            context.run_migrations(**database.arguments)


def run_offline(database: Database) -> None:
    """Print the SQL for one database."""
    context.configure(url=database.engine.url, literal_binds=True, **database.options)
    with context.begin_transaction():
        context.run_migrations(**database.arguments)


for database in databases(context) if guarded(context) else ():
    (run_offline if context.is_offline_mode() else run_online)(database)
