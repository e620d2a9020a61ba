"""``make bench``: print each row's times, ratio and goal. The least of several alternating runs counts."""

from __future__ import annotations

import argparse
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from benchmarks.peers import Peer, peak_memory
from tests import servers

NO_OP = """
import contextlib, io, time
from app import app
from {package} import upgrade
with app.app_context(), contextlib.redirect_stderr(io.StringIO()):
    upgrade()
    upgrade()
    best = 9e9
    for _ in range(7):
        started = time.perf_counter()
        upgrade()
        best = min(best, time.perf_counter() - started)
print(best)
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    ours: float
    peer: float
    peer_name: str
    goal: float

    def __str__(self) -> str:
        ratio = self.ours / self.peer
        verdict = "ok" if ratio <= self.goal else "MISSED"
        return (
            f"{self.work:<44} {self.ours * 1000:>8.0f} ms  {self.peer * 1000:>8.0f} ms ({self.peer_name})"
            f"  {ratio:>5.2f} x  goal {self.goal:g} x  {verdict}"
        )


def least(times: int, *works: Callable[[], float]) -> list[float]:
    """The least time of each of *works*, run in turn *times* times, so that noise hits all alike."""
    found = [[work() for work in works] for _ in range(times)]
    return [min(column) for column in zip(*found, strict=True)]


def start_up(folder: Path, times: int) -> Iterator[Row]:
    """``flask --help`` with and without the extension."""
    plain = Peer.make("", folder / "plain", "sqlite://", 0)
    ours = Peer.make("dihya_migrate", folder / "ours", "sqlite://", 0)
    theirs = Peer.make("flask_migrate", folder / "theirs", "sqlite://", 0)
    a, b, c = least(times, *(lambda peer=peer: peer.flask("--help") for peer in (ours, plain, theirs)))
    yield Row("flask --help", a, b, "no extension", 1.05)
    yield Row("flask --help", a, c, "Flask-Migrate", 1.0)


def no_op(folder: Path, times: int, revisions: int = 3000) -> Iterator[Row]:
    """An upgrade that finds nothing to do, as a process and inside one."""
    peers = [
        Peer.make(package, folder / package, f"sqlite:///{folder / package}.db", revisions)
        for package in ("dihya_migrate", "flask_migrate")
    ]
    for peer in peers:
        for _ in range(3):
            peer.flask("db", "upgrade")
    a, b = least(times, *(lambda peer=peer: peer.flask("db", "upgrade") for peer in peers))
    yield Row(f"no-op flask db upgrade, {revisions} revisions", a, b, "Flask-Migrate", 0.6)
    a, b = (peer.inside(NO_OP.format(package=peer.package)) for peer in peers)
    yield Row(f"no-op upgrade() in process, {revisions} revisions", a, b, "Flask-Migrate", 0.1)


def from_empty(folder: Path, times: int, dialect: str, goal: float, revisions: int = 1000) -> Iterator[Row]:
    """All revisions on an empty database, with validation, lock and audit on."""
    peers = {
        package: Peer.make(package, folder / f"{dialect}-{package}", "sqlite://", revisions)
        for package in ("dihya_migrate", "flask_migrate")
    }

    def run(package: str) -> float:
        with database(dialect, folder) as url:
            peer = peers[package]
            source = (peer.root / "app.py").read_text().splitlines()
            source = [
                f'app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}' if "_URI" in line else line
                for line in source
            ]
            (peer.root / "app.py").write_text("\n".join(source))
            return peer.flask("db", "upgrade")

    for package in peers:
        run(package)
    a, b = least(times, lambda: run("dihya_migrate"), lambda: run("flask_migrate"))
    yield Row(f"{revisions} revisions from empty, {dialect}", a, b, "Flask-Migrate", goal)


@contextmanager
def database(dialect: str, folder: Path) -> Iterator[str]:
    """The URL of a new database that is dropped afterwards."""
    name = f"dihya_bench_{uuid.uuid4().hex[:12]}"
    if dialect == "sqlite":
        yield f"sqlite:///{folder / name}.db"
        return
    server = servers.url_of(dialect)
    if server is None:
        raise SystemExit(f"no {dialect} server; make servers")
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")


def main() -> None:
    """Measure and print all rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="runs of each, in turn")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows in (
            start_up(folder / "start", times * 2),
            no_op(folder / "no-op", times),
            from_empty(folder / "sqlite", times, "sqlite", 0.6),
            from_empty(folder / "postgresql", times, "postgresql", 1.1),
            from_empty(folder / "mysql", times, "mysql", 1.1),
        ):
            for row in rows:
                print(row, flush=True)
    print(f"peak memory of any process: {peak_memory()} MiB")


if __name__ == "__main__":
    main()
