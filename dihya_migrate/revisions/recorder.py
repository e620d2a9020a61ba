"""Replay a migration script without a database and note what it would do.

The script's own code runs, with Alembic's own operations, so loops, helpers, aliases and f-strings are seen
as what they come to. It gets a connection without rows, and is stopped before it touches files, the network,
processes or a real database; from there on its steps are ``not_analysed``.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

from ..model import Direction, Step
from ._recording_bench import Bench
from ._recording_guard import StopReplayError, guarded
from ._recording_tape import Tape

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Dialect

Script = ModuleType | os.PathLike[str] | str
Steps = tuple[Step, ...]
_ONE_AT_A_TIME = threading.RLock()


class Replay:
    """A set-up in which many scripts can be replayed; use it through :func:`replaying`."""

    def __init__(
        self,
        dialect: str | Dialect,
        binds: Mapping[str, str | Dialect],
        config: Config | None,
        *,
        rendering: bool = False,
    ) -> None:
        self._binds = dict(binds)
        self._config, self._rendering = config, rendering
        self._benches: dict[str, Bench] = {}
        self._benches[""] = self._bench("", self._binds.get("", dialect))

    def both(self, script: Script, *, revision: str = "", path: str = "") -> tuple[Steps, Steps]:
        """What ``upgrade()`` and ``downgrade()`` of *script* would do."""
        loaded = _Loaded(script, revision, path)
        return tuple(self.run(loaded, "upgrade").steps), tuple(self.run(loaded, "downgrade").steps)

    def run(self, loaded: _Loaded, direction: Direction) -> Tape:
        """Replay one direction onto a new tape."""
        tape = loaded.tape(direction)
        module = loaded.module(tape)
        function = getattr(module, direction, None)
        if module is None or not callable(function):
            return tape
        for bind in self._bind_names(module, function, direction):
            tape.bind = bind or ""
            bench = self._bench(bind or "", self._benches[""].dialect)
            bench.tape = tape
            call = function if bind is None else lambda function=function, bind=bind: function(bind)
            with bench.installed():
                _call(call, tape)
            if tape.stopped is not None:
                break
        return tape

    def _bench(self, bind: str, default: str | Dialect) -> Bench:
        if bind not in self._benches:
            wanted = self._binds.get(bind, default)
            self._benches[bind] = Bench(wanted, self._config, rendering=self._rendering)
        return self._benches[bind]

    def _bind_names(self, module: ModuleType, function: Any, direction: str) -> Iterable[str | None]:
        """The names a multidb script's function is called with; one None for a plain function."""
        code = getattr(function, "__code__", None)
        if code is None or not code.co_argcount:
            return (None,)
        if self._binds:
            return tuple(self._binds)
        if code.co_argcount <= len(function.__defaults__ or ()):
            return (None,)
        prefix = f"{direction}_"
        return tuple(name.removeprefix(prefix) for name in vars(module) if name.startswith(prefix))


class _Loaded:
    """One script in a module of its own, which is thrown away after the replay.

    A module that the run has loaded is loaded once more: what a script keeps in its globals during a replay,
    such as the recording connection, must not be there when it runs for real.
    """

    def __init__(self, script: Script, revision: str, path: str) -> None:
        self._script, self.revision = script, revision
        self._module: ModuleType | None = None
        if isinstance(script, ModuleType):
            self._file = script.__file__ or ""
            if not self._file.endswith(".py"):  # without its source it can only be taken as it is
                self._module = script
        else:
            self._file = os.fspath(script)
        self.path = path or Path(self._file).name

    def tape(self, direction: Direction) -> Tape:
        return Tape(self._file, self.revision, self.path, direction)

    def module(self, tape: Tape) -> ModuleType | None:
        """The script as a module; None when its top level fails, which the tape then tells."""
        if self._module is None:
            name = re.sub(r"\W", "_", Path(self._file).name)
            loader = importlib.machinery.SourceFileLoader(name, self._file)
            try:
                code = loader.get_code(name)
            except (OSError, SyntaxError, ValueError) as error:
                tape.failed(error)
                return None
            module = importlib.util.module_from_spec(
                importlib.machinery.ModuleSpec(name, loader, origin=self._file)
            )
            module.__file__ = self._file
            module.__dict__["print"] = _say_nothing
            if not _call(lambda: exec(code, module.__dict__), tape):  # type: ignore[arg-type]  # noqa: S102
                return None
            self._module = module
        return self._module


def _say_nothing(*_args: object, **_kwargs: object) -> None:
    """What ``print`` is in a replayed script."""


class _Hush(io.TextIOBase):
    """A stream that drops what this thread writes and passes on what others do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        """Drop or pass on."""
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)


@contextmanager
def _unheard() -> Iterator[None]:
    """Drop what this thread logs: a script that tells what it did would tell before it has done it."""
    thread, handle = threading.get_ident(), logging.Logger.handle

    def of_others(self: logging.Logger, record: logging.LogRecord) -> None:
        if threading.get_ident() != thread:
            handle(self, record)

    logging.Logger.handle = of_others  # type: ignore[method-assign]
    try:
        yield
    finally:
        logging.Logger.handle = handle  # type: ignore[method-assign]


def _call(function: Callable[[], object], tape: Tape) -> bool:
    """Run a part of a script under guard; False when it did not come to its end."""
    try:
        with guarded(tape.report):
            function()
    except StopReplayError as stop:
        tape.report(stop)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a script may raise anything
        tape.failed(error)
    else:
        return tape.stopped is None
    return False


@contextmanager
def replaying(
    dialect: str | Dialect,
    *,
    binds: Mapping[str, str | Dialect] | None = None,
    config: Config | None = None,
    rendering: bool = False,
) -> Iterator[Replay]:
    """Set up for many scripts; one replay at a time in a process, for ``alembic.op`` is one module.

    What scripts print, log or warn of is dropped. Whatever ``alembic.op`` meant before, it means again after.

    Args:
        dialect: Name of the database's dialect, or the dialect of a live engine.
        binds: Dialects by bind name, for scripts of Flask-Migrate's multidb templates.
        config: Alembic's configuration, for scripts that read it.
        rendering: Also write the SQL of each step, for :func:`as_sql`.

    Raises:
        UnsupportedDialectError: Alembic or SQLAlchemy do not know the dialect.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings(), _unheard():
        warnings.simplefilter("ignore")
        replay = Replay(dialect, binds or {}, config, rendering=rendering)
        with redirect_stdout(_Hush(sys.stdout)), redirect_stderr(_Hush(sys.stderr)):
            yield replay


def record(
    script: Script,
    direction: Direction,
    dialect: str | Dialect,
    *,
    revision: str = "",
    path: str = "",
    binds: Mapping[str, str | Dialect] | None = None,
    config: Config | None = None,
) -> Steps:
    """What one function of one script would do, step by step. Never raises for anything a script does.

    Args:
        script: A file, or a module that is loaded already; its file is then loaded again, beside it.
        direction: ``upgrade`` or ``downgrade``.
        dialect: As in :func:`replaying`.
        revision: Its id, for the steps.
        path: Its path as shown to people; its file name by default.
        binds: As in :func:`replaying`.
        config: As in :func:`replaying`.

    Raises:
        UnsupportedDialectError: Alembic or SQLAlchemy do not know the dialect.
    """
    with replaying(dialect, binds=binds, config=config) as replay:
        return tuple(replay.run(_Loaded(script, revision, path), direction).steps)


def as_sql(
    script: Script,
    direction: Direction,
    dialect: str | Dialect,
    *,
    revision: str = "",
    path: str = "",
    binds: Mapping[str, str | Dialect] | None = None,
    config: Config | None = None,
) -> tuple[tuple[Step, str], ...]:
    """Each step with its SQL, or with what it does in words where SQL needs a database; no inserted rows.

    Args and errors as :func:`record`.
    """
    with replaying(dialect, binds=binds, config=config, rendering=True) as replay:
        tape = replay.run(_Loaded(script, revision, path), direction)
    return tuple((step, _text(step, tape.rendered.get(index, ""))) for index, step in enumerate(tape.steps))


def _text(step: Step, sql: str) -> str:
    if step.detail.get("copy"):
        return f"-- {step}: SQLite copies table {step.table}"
    if sql:
        return sql
    if step.kind == "execute":
        return f"{step.sql};"
    if step.detail.get("implied"):
        return f"-- {step} (written with the operation it belongs to)"
    rows = f" ({step.detail['rows']} rows)" if "rows" in step.detail else ""
    reason = f": {step.detail['reason']}" if "reason" in step.detail else ""
    return f"-- {step}{rows}{reason}"
