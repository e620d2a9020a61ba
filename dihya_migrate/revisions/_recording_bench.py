"""Alembic's own operations, with a tape where the database would be.

The one seam to Alembic's inside: ``op`` and ``context`` are modules whose functions go to an object that
``_install_proxy`` sets; it is put back after each replay, also when a run is under way around it.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType, SimpleNamespace
from typing import Any

from alembic import context as alembic_context
from alembic import op as alembic_op
from alembic.config import Config
from alembic.operations import BatchOperations, Operations, ops
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ..errors import UnsupportedDialectError
from ._recording_connection import RecordingConnection
from ._recording_facts import create_table_facts, facts_of
from ._recording_tape import Tape

_BATCH_NAMES = {
    ops.AddColumnOp: "add_column",
    ops.AlterColumnOp: "alter_column",
    ops.CreateIndexOp: "create_index",
    ops.DropColumnOp: "drop_column",
    ops.DropConstraintOp: "drop_constraint",
    ops.DropIndexOp: "drop_index",
    ops.CreateTableCommentOp: "create_table_comment",
    ops.DropTableCommentOp: "drop_table_comment",
}


def dialect_of(dialect: str | Dialect) -> Dialect:
    """*dialect* itself, or a new one of that name; no driver is imported.

    Raises:
        UnsupportedDialectError: SQLAlchemy has none of that name.
    """
    if isinstance(dialect, Dialect):
        return dialect
    try:
        maker: Any = make_url(f"{dialect}://").get_dialect()
        found: Dialect = maker(paramstyle="named")
    except (ArgumentError, SQLAlchemyError):
        raise UnsupportedDialectError(dialect, ("mariadb", "mysql", "postgresql", "sqlite")) from None
    return found


class Bench:
    """What the scripts of one database are replayed on; the tape is changed for each script.

    Args:
        dialect: Of the database.
        config: Alembic's configuration for scripts that ask for it.
        rendering: Also write the SQL of each step.
    """

    def __init__(self, dialect: str | Dialect, config: Config | None, *, rendering: bool = False) -> None:
        self.dialect = dialect_of(dialect)
        self.tape = Tape("", "", "", "upgrade")
        connection = RecordingConnection(
            self.dialect,
            lambda statement: self.statement(statement),
            lambda: self.tape.note_read(),
            lambda reason: self.tape.stop(reason),
        )
        self.context = _quiet_context(self.dialect, connection, {})
        self.context.autocommit_block = lambda: self.tape.autocommit_block()  # type: ignore[method-assign]
        implementation: Any = self.context.impl
        implementation._exec = lambda construct, *_args, **_keywords: self.statement(construct)
        self.operations = Operations(self.context)
        replaced: Any = self.operations
        replaced.invoke = self.invoke
        replaced.batch_alter_table = self.batch_alter_table
        self.environment = _environment(self.context, config)
        self._buffer = io.StringIO()
        self._renderer: Operations | None = None
        if rendering:
            options = {"as_sql": True, "output_buffer": self._buffer}
            self._renderer = Operations(_quiet_context(self.dialect, None, options))

    def statement(self, construct: object) -> None:
        """Note SQL that is sent around ``op``."""
        self.tape.statement(construct, self.dialect)

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """What ``Operations.invoke`` does in a replay."""
        if isinstance(operation, ops.CreateTableOp):
            table = operation.to_table(self.context)
            index = self.tape.add(create_table_facts(operation, table, self.dialect))
            self._render(index, lambda renderer: renderer.impl.create_table(table))
            return table
        facts = facts_of(operation, self.dialect)
        if facts is None:  # an operation of somebody else: what it does is what its implementation sends
            implementation = Operations._to_impl.dispatch(operation, self.dialect.name)
            return implementation(self.operations, operation)
        index = self.tape.add(facts)
        if not isinstance(operation, ops.BulkInsertOp):  # its SQL would hold the rows
            self._render(index, lambda renderer: renderer.invoke(operation))
        return None

    @contextmanager
    def batch_alter_table(
        self, table_name: str, schema: str | None = None, recreate: str = "auto", **options: Any
    ) -> Iterator[BatchOperations]:
        """What ``op.batch_alter_table`` does in a replay."""
        start = len(self.tape.steps)
        made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        impl: Any = SimpleNamespace(table_name=table_name, schema=schema, batch=made)
        batch = BatchOperations(self.context, impl=impl)

        def invoke(operation: ops.MigrateOperation) -> None:
            facts = facts_of(operation, self.dialect)
            if facts is None:
                self.tape.stop("uses a batch operation that is not Alembic's")
            index = self.tape.add(facts, batch=True)
            if not isinstance(operation, ops.ExecuteSQLOp):
                made.append((_BATCH_NAMES.get(type(operation), "add_constraint"), _arguments(operation), {}))
            self._render(index, lambda renderer: _invoke_in_batch(renderer, operation, table_name, schema))

        replaced: Any = batch
        replaced.invoke = invoke
        yield batch
        if recreate == "always" or (
            recreate == "auto" and self.context.impl.requires_recreate_in_batch(impl)
        ):
            self.tape.mark_copy(start)

    def _render(self, index: int, write: Callable[[Operations], object]) -> None:
        """Keep the SQL that *write* makes, where the dialect can write it without a database."""
        if self._renderer is None:
            return
        self._buffer.seek(0)
        self._buffer.truncate()
        with suppress(
            CommandError, SQLAlchemyError, NotImplementedError, AttributeError, TypeError, ValueError
        ):
            write(self._renderer)
            self.tape.rendered[index] = self._buffer.getvalue().strip()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let ``alembic.op`` and ``alembic.context`` mean this bench for a ``with`` block."""
        with _proxied(alembic_op, self.operations), _proxied(alembic_context, self.environment):
            yield


@contextmanager
def _proxied(module: ModuleType, target: Any) -> Iterator[None]:
    previous = getattr(module, "_proxy", None)
    target._install_proxy()
    try:
        yield
    finally:
        target._remove_proxy()
        if previous is not None:
            previous._install_proxy()


def _environment(context: MigrationContext, config: Config | None) -> EnvironmentContext:
    running = getattr(alembic_context, "_proxy", None)
    chosen = config or (running.config if running is not None else None) or Config()
    environment = EnvironmentContext(chosen, None)  # type: ignore[arg-type]
    environment._migration_context = context
    context.environment_context = environment
    return environment


def _quiet_context(dialect: Dialect, connection: Any, options: Mapping[str, Any]) -> MigrationContext:
    """A migration context that does not announce itself, as the run's own will."""
    logger = logging.getLogger("alembic.runtime.migration")
    before, logger.disabled = logger.disabled, True
    try:
        return MigrationContext(dialect, connection, dict(options))
    except KeyError:  # Alembic has no implementation for it
        raise UnsupportedDialectError(dialect.name, ("mariadb", "mysql", "postgresql", "sqlite")) from None
    finally:
        logger.disabled = before


def _invoke_in_batch(
    renderer: Operations, operation: ops.MigrateOperation, table: str, schema: str | None
) -> None:
    make: Any = BatchOperationsImpl
    impl = make(renderer, table, schema, "never", None, (), {}, (), {}, None, None)
    BatchOperations(renderer.migration_context, impl=impl).invoke(operation)
    impl.flush()


def _arguments(operation: ops.MigrateOperation) -> tuple[Any, ...]:
    """As Alembic would hand them to its batch: the table, then the column where there is one."""
    if isinstance(operation, ops.AddColumnOp):
        return (operation.table_name, operation.column)
    return ()
