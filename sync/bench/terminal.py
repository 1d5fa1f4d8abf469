"""A terminal and a platform for measuring: a real journal, a real server in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.bench.invented_cases import MEASURING, invented_cases
from kiosk.catalogue.loader import load_catalogue
from kiosk.clock import SystemClock
from kiosk.config import PACKAGE_ROOT, PlatformSettings
from kiosk.domain.case import Case
from kiosk.journal.journal import Journal, load_or_create_key
from sync.enrolment import enrol
from sync.line import Line
from sync.platform_client import PlatformClient
from sync.relay import BATCHES_AT_ONCE, Relay

CODE = "bench-0001"
_PICTURE_BYTES = 300


class BenchTerminal:
    """A journal and what is needed to send from it."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.clock = SystemClock()
        self.journal = Journal.open(
            folder / "journal.db", load_or_create_key(folder / "journal.key"), self.clock
        )
        self.key = Ed25519PrivateKey.generate()
        enrolling = self.client(url)
        self.enrolment = enrol(enrolling, self.journal, CODE)
        enrolling.close()
        packs = list(load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs.values())
        self._cases = invented_cases(packs, MEASURING, seed=7)

    def client(self, url: str) -> PlatformClient:
        """A client of its own connection."""
        return PlatformClient(PlatformSettings(url=url), self.key, self.clock)

    def record(self, count: int) -> list[tuple[UUID, Case]]:
        """Record so many cases with their attachments; not measured, so without waiting for the disk.

        Gives each with the identity that it was recorded under, which is seldom not its own.
        """
        connection = self.journal._database.connection
        connection.execute("PRAGMA synchronous = OFF")
        recorded = []
        for _ in range(count):
            case = next(self._cases)
            if case.attachments:
                picture = os.urandom(_PICTURE_BYTES)
                kept = self.journal.attachments.put(case.entry_id, "image/jpeg", picture)
                case = replace(case, attachments=(kept,))
            recorded.append((self.journal.entries.record(case).entry_id, case))
        # What the log says of an entry is written with its session's next line, long before it is sent.
        self.journal.audit.tell_entries()
        connection.execute("PRAGMA synchronous = FULL")
        self.journal.checkpoint()
        os.sync()
        return recorded

    def synchronous(self) -> str:
        """What the journal's connection says of itself."""
        (mode,) = self.journal._database.connection.execute("PRAGMA journal_mode").fetchone()
        (level,) = self.journal._database.connection.execute("PRAGMA synchronous").fetchone()
        return f"SQLite {mode}, synchronous {level}"

    def relay(self, url: str, batch: int, at_once: int = BATCHES_AT_ONCE) -> Relay:
        """What sends, so many batches at once."""
        return Relay(
            [self.client(url) for _ in range(at_once)],
            Line(self.clock),
            self.clock,
            threading.Event(),
            batch=batch,
            retry_cap_s=1.0,
        )

    def drain(self, relay: Relay) -> float:
        """Send everything; seconds."""
        started = time.perf_counter()
        error = relay.drain(self.journal)
        elapsed_s = time.perf_counter() - started
        if error is not None:
            raise error
        return elapsed_s


@contextlib.contextmanager
def served(module: list[str], address: Callable[[str], str]) -> Iterator[tuple[str, int]]:
    """Run a server in a process of its own, as in the field; gives what it says of its address, and its id."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", *module], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        yield address(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


@contextlib.contextmanager
def platform_in(data: Path) -> Iterator[tuple[str, int]]:
    """The platform, with its address and process id."""
    central = ["kiosk", "central", "--listen", "127.0.0.1:0", "--data", str(data), "--enrolment-code", CODE]
    with served(central, lambda line: line.split()[-1]) as found:
        yield found
