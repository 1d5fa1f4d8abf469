"""A PostgreSQL of a run's own, for measuring and for tests: made in a temporary folder, durable, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql")
IN_MEMORY = Path("/dev/shm")  # noqa: S108 — a folder of a random name is made in it


def bin_dir() -> Path | None:
    """Where the newest installed server's programs are; None without one."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    return found[-1].parent if found else None


class PostgresServer:
    """A running server on loopback, and a new database for whoever asks. Run as root it becomes `postgres`."""

    def __init__(self, folder: Path, programs: Path, settings: dict[str, str] | None = None) -> None:
        self.folder, self._programs, self._count = folder, programs, 0
        self.data = folder / "data"
        self.port = _free_port()
        self._user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.geteuid() != 0:  # the server refuses root, and nobody else may change the user
            self._user = []
        else:
            shutil.chown(folder, "postgres", "postgres")
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"
        )
        chosen = {
            "listen_addresses": "'127.0.0.1'",
            "port": str(self.port),
            "unix_socket_directories": f"'{folder}'",
            "fsync": "on",
            "max_connections": "60",
            **(settings or {}),
        }
        with (self.data / "postgresql.conf").open("a", encoding="ascii") as file:
            file.writelines(f"{name} = {value}\n" for name, value in chosen.items())
        self.start()

    def start(self) -> None:
        """Start it, after `stop` again."""
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is a crash."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop")

    def new_database(self) -> str:
        """The address of an empty database."""
        self._count += 1
        name = f"central{self._count}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name)
        return self.url(name)

    def url(self, name: str) -> str:
        """The address of a database here."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        # A file and no pipe: the server inherits what pg_ctl has open, and a pipe would never end.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [*self._user, str(self._programs / program), *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
            )
            said.seek(0)
            assert done.returncode == 0, f"{program}: {said.read().decode(errors='replace')}"


@contextlib.contextmanager
def postgres(settings: dict[str, str] | None = None, on_disk: bool = False) -> Iterator[PostgresServer]:
    """A server while the body runs: in memory, where every sync is quick, or on a real disk, for measuring."""
    programs = bin_dir()
    assert programs is not None, "no PostgreSQL is installed"
    with tempfile.TemporaryDirectory(
        prefix="linban-pg-",
        dir=None if on_disk or not IN_MEMORY.is_dir() else IN_MEMORY,
        ignore_cleanup_errors=True,
    ) as name:
        server = PostgresServer(Path(name), programs, settings)
        try:
            yield server
        finally:
            server.stop("immediate")


def _free_port() -> int:
    """Below the range of outgoing connections, which could take a port between two starts."""
    for port in range(20000 + os.getpid() % 10000, 32000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")
