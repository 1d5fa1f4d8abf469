"""A platform that can be put back, and a terminal whose disk can be copied: the real parts, driven by hand."""

from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import KeepingSettings, PathSettings, PlatformSettings, Settings
from kiosk.domain.receipt import Receipt
from kiosk.errors import PlatformError
from kiosk.journal.journal import Journal, load_or_create_key
from sync.central.exchange import Platform
from sync.central.server import build_platform, serving
from sync.enrolment import enrol
from sync.heartbeat import Heartbeat, Heeded
from sync.inbox_download import InboxDownload
from sync.line import Line
from sync.platform_client import Limits, PlatformClient
from sync.platform_clock import PlatformClock
from sync.relay import Relay
from tests.invented_cases import invented_case

CODE = "4821093377"
_LIMITS = Limits(connect_s=5.0, read_s=10.0, whole_s=20.0)


class County:
    """The platform, on one port for as long as it lives; copied and put back while it is off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._backup = folder.with_name(folder.name + "-backup")
        self._stack = ExitStack()
        self._port = 0
        self.switch_on()
        self.platform.store.add_enrolment_code(CODE, timedelta(hours=1))

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def has_backup(self) -> bool:
        """Whether there is one to put back."""
        return self._backup.exists()

    def switch_on(self) -> None:
        """From its files, as after any end."""
        self.platform: Platform = build_platform(self.folder / "central.db", self.folder)
        self._stack = ExitStack()
        self._stack.callback(self.platform.store.close)
        url = self._stack.enter_context(serving(self.platform, port=self._port))
        self._port = int(url.rpartition(":")[2])

    def switch_off(self) -> None:
        """End the server."""
        self._stack.close()

    def back_up(self) -> None:
        """Copy its files aside, in place of the copy before."""
        self.switch_off()
        self.forget_backup()
        shutil.copytree(self.folder, self._backup)
        self.switch_on()

    def forget_backup(self) -> None:
        """The copy grew too old to be used."""
        shutil.rmtree(self._backup, ignore_errors=True)

    def put_back(self) -> None:
        """The copy takes the place of everything that came since; `kiosk central --restored` says so."""
        self.switch_off()
        shutil.rmtree(self.folder)
        shutil.copytree(self._backup, self.folder)
        self.switch_on()
        self.platform.store.begin_epoch("restored")

    def places(self) -> dict[str, tuple[int, int]]:
        """Receipt number → how often it is stored, and how often it is set apart for a person."""
        counts = self.platform.cases.count(limit=100_000)
        return {one.receipt_number: (one.stored, one.quarantined) for one in counts}


class LeapingClock(SystemClock):
    """A wall clock that somebody moves; what is measured in between goes on as ever."""

    def __init__(self) -> None:
        self.leap = timedelta()

    def now(self) -> datetime:
        """See `Clock`."""
        return super().now() + self.leap


class Terminal:
    """A terminal without a face and without threads: what it does, it is told to do."""

    def __init__(self, folder: Path, port: int, key: Ed25519PrivateKey | None = None) -> None:
        self.folder, self.clock = folder, LeapingClock()
        folder.mkdir(parents=True, exist_ok=True)
        self.key = key or Ed25519PrivateKey.generate()
        url = f"http://127.0.0.1:{port}"
        self._settings = Settings(
            platform=PlatformSettings(url=url, retry_cap_s=0.2),
            paths=PathSettings(state_dir=folder, run_dir=folder),
            keeping=KeepingSettings(reserve_mib=1),
        )
        self.client = PlatformClient(self._settings.platform, self.key, self.clock, _LIMITS)
        self.start()

    def start(self) -> None:
        """As after any end of its processes: a journal opened anew, nothing remembered."""
        page_key = load_or_create_key(self.folder / "journal.key")
        self.journal = Journal.open_or_replace(self.folder / "journal.db", page_key, self.clock).journal
        self._platform_clock = PlatformClock(self.clock)
        self._heart = Heartbeat(self._settings, self.clock, self._platform_clock)
        self._inbox = InboxDownload(self.client, self.clock)
        self._relay = Relay(
            [self.client], Line(self.clock), self.clock, threading.Event(), batch=7, retry_cap_s=0.2
        )
        enrolment = self.journal.settings.enrolment()
        if enrolment is not None:
            self.client.become(enrolment)

    def enrol(self) -> None:
        """Once, at the beginning."""
        self.client.become(enrol(self.client, self.journal, CODE))

    def end(self) -> None:
        """Nothing is tidied up but the file's own locks."""
        self.journal.close()

    def close(self) -> None:
        """For good."""
        self.end()
        self.client.close()

    def record(self) -> Receipt:
        """A case of an invented resident. Raises `JournalError(STOPPED)` where the platform has said so."""
        return self.journal.entries.record(invented_case())

    def lease_and_die(self) -> None:
        """A sender dies with entries in its hands. This process lives on, so the lease has to run out by itself."""
        self.journal.outbox.lease(5, 1 << 20, 0.01)
        self.end()
        self.start()

    def send(self) -> PlatformError | None:
        """What is due, once."""
        return self._relay.drain(self.journal)

    def beat(self) -> Heeded:
        """A heartbeat and what follows from its answer, the inbox too. Raises `PlatformError`."""
        message = self._heart.compose(self.journal, self.journal.outbox.summary())
        answer = self.client.heartbeat(message, message.tail_sequence)
        heeded = self._heart.heed(self.journal, answer)
        self._inbox.fetch(self.journal, answer.inbox_head, lambda: True)
        return heeded

    def numbers(self) -> set[str]:
        """The receipt numbers that this disk knows."""
        return {entry.header.receipt_number for entry in self.journal.entries.stream()}
