"""Keep a replayed script from touching the world: an audit hook that speaks only during the replay."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_EFFECTS = {
    "socket.connect": "network",
    "socket.bind": "network",
    "socket.sendto": "network",
    "socket.sendmsg": "network",
    "socket.getaddrinfo": "network",
    "socket.gethostbyname": "network",
    "urllib.Request": "network",
    "http.client.connect": "network",
    "smtplib.connect": "network",
    "ftplib.connect": "network",
    "subprocess.Popen": "a process",
    "os.system": "a process",
    "os.exec": "a process",
    "os.fork": "a process",
    "os.forkpty": "a process",
    "os.posix_spawn": "a process",
    "os.spawn": "a process",
    "os.startfile": "a process",
    "os.kill": "a process",
    "pty.spawn": "a process",
    "_thread.start_new_thread": "a thread",  # since Python 3.12
    "_thread.start_joinable_thread": "a thread",  # since Python 3.13
    "sqlite3.connect": "a database",
    "os.remove": "files",
    "os.rename": "files",
    "os.mkdir": "files",
    "os.rmdir": "files",
    "os.link": "files",
    "os.symlink": "files",
    "os.truncate": "files",
    "os.chmod": "files",
    "os.chown": "files",
    "os.utime": "files",
    "shutil.copyfile": "files",
    "shutil.move": "files",
    "shutil.rmtree": "files",
    "tempfile.mkstemp": "files",
    "tempfile.mkdtemp": "files",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class StopReplayError(BaseException):
    """The rest of the script cannot be told without a database, or would touch the world.

    Not an ``Exception``, so that a script's own ``except Exception`` does not swallow it.
    """

    def __init__(self, reason: str, effect: str = "") -> None:
        super().__init__(reason, effect)
        self.reason, self.effect = reason, effect


class _State:
    """Which thread is replaying, and whom to tell; one replay at a time in a process."""

    thread: int | None = None
    report: Callable[[StopReplayError], None] | None = None
    installed = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _State.thread is None or _State.thread != threading.get_ident():
        return
    if event == "open":
        effect = "files" if _opens_for_writing(*args) else ""
    else:
        effect = _EFFECTS.get(event, "")
        if effect == "files" and any("__pycache__" in str(arg) for arg in args):
            return  # an import inside the script keeps its bytecode
    if effect:
        refuse(effect)


def _opens_for_writing(path: object, mode: object, flags: object) -> bool:
    if "__pycache__" in str(path):
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def refuse(effect: str) -> None:
    """Stop the replay that runs in this thread.

    Raises:
        StopReplayError: Always, inside a replay.
    """
    stop = StopReplayError(f"touches {effect}", effect)
    if _State.report is not None:
        _State.report(stop)
    raise stop


def _on_database(*_args: object) -> None:
    if _State.thread == threading.get_ident():
        refuse("a database")


def _install() -> None:
    """Audit hooks cannot be taken back, so this happens once, at the first replay."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    _State.installed = True
    sys.addaudithook(_hook)
    event.listen(Engine, "do_connect", _on_database)  # drivers in C open their sockets unseen
    event.listen(Pool, "checkout", _on_database)  # a connection that was open before
    if sys.version_info < (3, 12):
        _guard_threads()


def _guard_threads() -> None:
    """Older Pythons start threads without an audit event; what runs there would escape the guard."""
    start = threading.Thread.start

    def guarded_start(self: threading.Thread) -> None:
        if _State.thread == threading.get_ident():
            refuse("a thread")
        start(self)

    threading.Thread.start = guarded_start  # type: ignore[method-assign]


@contextmanager
def guarded(report: Callable[[StopReplayError], None]) -> Iterator[None]:
    """Refuse network, processes, threads, databases and file writes in this thread for a ``with`` block.

    Args:
        report: Told of each refusal, in case the script swallows it.
    """
    if not _State.installed:
        _install()
    before = (_State.thread, _State.report)
    _State.thread, _State.report = threading.get_ident(), report
    try:
        yield
    finally:
        _State.thread, _State.report = before
