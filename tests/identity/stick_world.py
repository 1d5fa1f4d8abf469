"""A platform, two terminals that were enrolled over the line once, and the sticks carried between them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.domain.receipt import Receipt
from kiosk.journal.journal import Journal
from sync import usb_bundle
from sync.central.exchange import Platform
from sync.central.server import build_platform, serving
from sync.enrolment import enrol
from sync.platform_client import PlatformClient
from sync.stick import Stick
from tests.invented_cases import case_with, invented_case

CODES = ("4821093377", "4821093378")
CLOCK = SystemClock()


class Terminal:
    """A journal and a key, enrolled over the line once; the line is never used again."""

    def __init__(self, folder: Path, url: str, code: str) -> None:
        folder.mkdir()
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw()
        self.journal = Journal.open(folder / "journal.db", os.urandom(32), CLOCK)
        self.client = PlatformClient(PlatformSettings(url=url), self.key, CLOCK)
        self.enrolment = enrol(self.client, self.journal, code)
        self.client.become(self.enrolment)
        self.number = self.enrolment.terminal_number

    def record(self, count: int) -> list[Receipt]:
        return [self.journal.entries.record(invented_case()) for _ in range(count)]

    def waiting(self) -> int:
        summary = self.journal.outbox.summary()
        return summary.pending + summary.leased

    def close(self) -> None:
        self.client.close()
        self.journal.close()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    built = build_platform(tmp_path / "platform" / "central.db", tmp_path / "platform")
    for code in CODES:
        built.store.add_enrolment_code(code, timedelta(hours=1))
    yield built
    built.store.close()


@pytest.fixture
def two_terminals(tmp_path: Path, platform: Platform) -> Iterator[tuple[Terminal, Terminal]]:
    with serving(platform) as url:
        made = (
            Terminal(tmp_path / "terminal-a", url, CODES[0]),
            Terminal(tmp_path / "terminal-b", url, CODES[1]),
        )
        yield made
        for terminal in made:
            terminal.close()


@pytest.fixture
def terminal(two_terminals: tuple[Terminal, Terminal]) -> Terminal:
    return two_terminals[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb_bundle, "ENTRIES_A_FILE", 3)


def stored(platform: Platform) -> dict[str, tuple[int, int]]:
    return {
        count.receipt_number: (count.stored, count.received) for count in platform.cases.count(limit=10_000)
    }


class PulledOutStick(Stick):
    """A stick that is pulled out before its n-th operation; what was not synced by then is torn or gone."""

    def __init__(self, root: Path, number: str, after: int) -> None:
        super().__init__(root, number)
        self.left = after
        self._unsynced: dict[Path, None] = {}
        self._renames: list[tuple[Path, bytes | None]] = []

    def _step(self) -> None:
        if self.left == 0:
            self._lose()
            raise OSError(errno.EIO, "pulled out")
        self.left -= 1

    def _lose(self) -> None:
        for file in self._unsynced:
            with suppress(FileNotFoundError):
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        for new, before in reversed(self._renames):
            if before is None:
                new.unlink()
            else:
                new.write_bytes(before)

    def _open(self, file: Path) -> int:
        self._step()
        self._unsynced[file] = None
        return super()._open(file)

    def _write(self, descriptor: int, data: memoryview) -> int:
        self._step()
        return super()._write(descriptor, data[: max(len(data) // 2, 1)])  # a short write, too

    def _sync(self, descriptor: int) -> None:
        self._step()
        super()._sync(descriptor)
        self._unsynced.clear()

    def _rename(self, old: Path, new: Path) -> None:
        self._step()
        before = new.read_bytes() if new.exists() else None
        super()._rename(old, new)
        self._renames.append((new, before))

    def _unlink(self, file: Path) -> None:
        self._step()
        super()._unlink(file)

    def _sync_folder(self, folder: Path) -> None:
        self._step()
        super()._sync_folder(folder)
        self._renames.clear()


def hand_in(terminal: Terminal, contents: list[bytes]) -> Receipt:
    return terminal.journal.entries.record(case_with(terminal.journal, *contents))


def attachments_held(platform: Platform) -> list[bool]:
    with platform.store.reading() as run:
        rows = run.execute("select stored_at is not null from attachment").fetchall()
    return [bool(row[0]) for row in rows]
