# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server for tests, on a free port of this machine, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 30


@dataclass(frozen=True)
class Postgres:
    """A running server; its superuser is ``postgres``."""

    port: int
    process: subprocess.Popen[bytes]

    def address(self, user: str = "postgres", password: str = "") -> str:
        """Return an address for SQLAlchemy."""
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> list[Any]:
        """Run statements as superuser, and return what the last one gives."""
        import psycopg

        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def _binaries() -> Path:
    """Return the folder of the server's programs: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        msg = "PostgreSQL's server is needed and not installed, for example: apt-get install postgresql"
        raise RuntimeError(msg)
    return folders[-1]


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server on loopback. Everybody may log in without a password, but `guarded`, who needs one."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="tieout-postgres-") as name:
        folder = Path(name)
        # It refuses to run as root.
        who: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        if who:
            shutil.chown(folder, "nobody")
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        common: dict[str, Any] = {"env": environment, "cwd": folder, **who}
        data = folder / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, **common,
        )  # fmt: skip
        rules = data / "pg_hba.conf"
        rules.write_text("host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, **common)
        try:
            _wait(process, port, folder / "log")
            yield Postgres(port, process)
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return
