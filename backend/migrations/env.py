"""What Alembic runs for each command: connect to the application's database and go."""

from __future__ import annotations

from alembic import context
from flask import current_app

state = current_app.extensions["migrate"]
options = dict(state.configure_args)
metadata = state.db.metadatas[None]

if context.is_offline_mode():
    context.configure(
        url=state.db.engine.url.render_as_string(hide_password=False),
        target_metadata=metadata,
        literal_binds=True,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    with state.db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
