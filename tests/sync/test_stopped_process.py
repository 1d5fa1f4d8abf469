"""The sync process is stopped in the middle of sending for longer than its lease, and goes on: each entry exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.domain.case import DeliveryState
from kiosk.journal.journal import Journal
from kiosk.secrets.keeping import load_or_make
from sync.central.exchange import Platform
from sync.line import Line
from sync.line_simulator import LineSimulator
from sync.platform_client import PlatformClient
from sync.relay import Relay
from tests.sync.test_delivery import exactly_once
from tests.sync.test_process import SyncProcess, online, url_of

LEASE_S = 1.0
_TICK = threading.Event()
_SHORT_LEASE = (
    "import sys, sync.relay\n"
    f"sync.relay.LEASE_S = {LEASE_S}\n"
    "from sync.__main__ import main\n"
    "sys.exit(main())"
)


class ShortLease(SyncProcess):
    """The sync process, but a batch is its own for a second only; and it can be stopped as a debugger would."""

    def start(self) -> None:
        command = [sys.executable, "-c", _SHORT_LEASE, "--config", str(self.config_file)]
        self.process = subprocess.Popen(command, env=self.environment, stderr=self.log)
        self.client = self._connect()

    @property
    def stopped(self) -> bool:
        """Whether the kernel has stopped all of it."""
        return Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Stopper:
    """Stops the sender when the platform has stored its batch, and before the answer is on its way."""

    def __init__(self, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pid = 0
        self.taken_in = 0
        take_in = platform.entries.take_in

        def and_stop(*arguments: Any) -> Any:
            intake = take_in(*arguments)
            self.taken_in += 1
            if self.pid:
                os.kill(self.pid, signal.SIGSTOP)
                self.pid = 0
            return intake

        monkeypatch.setattr(platform.entries, "take_in", and_stop)


@pytest.fixture
def sync(tmp_path: Path, line: LineSimulator) -> Iterator[ShortLease]:
    started = ShortLease(tmp_path / "sync", url_of(line))
    yield started
    started.go_on()
    started.close()


def _until(holds: Callable[[], bool], within_s: float = 15.0) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends
        _TICK.wait(0.02)


def _stopped_while_sending(
    sync: ShortLease, stopper: Stopper, journal: Journal, record_in: Callable[..., list[Any]]
) -> list[Any]:
    sync.until(online)
    receipts = record_in(journal, 120)
    stopper.pid = sync.process.pid
    # Whether it still answers before it is stopped is a matter of luck.
    threading.Thread(target=lambda: sync.client.call("wake"), daemon=True).start()
    _until(lambda: sync.stopped)
    assert journal.outbox.summary().leased > 0
    assert journal.outbox.summary().acknowledged < len(receipts)
    return receipts


def _each_exactly_once(platform: Platform, journal: Journal, receipts: list[Any]) -> None:
    assert exactly_once(platform, receipts)
    for receipt in receipts:
        status = journal.entries.by_number(receipt.number)
        assert status is not None
        assert status.delivery is DeliveryState.ACKNOWLEDGED
    assert journal.verify().ok


def _other_sender(sync: ShortLease, journal: Journal, url: str) -> Relay:
    secret = load_or_make(sync.settings.terminal_key_file, sync.settings.paths.tpm, may_make=False).secret
    clock, key = SystemClock(), Ed25519PrivateKey.from_private_bytes(secret)
    client = PlatformClient(PlatformSettings(url=url, retry_cap_s=0.3), key, clock)
    enrolment = journal.settings.enrolment()
    assert enrolment is not None
    client.become(enrolment)
    return Relay([client], Line(clock), clock, threading.Event(), batch=50, retry_cap_s=0.3)


@pytest.mark.fault(32)
def test_while_it_is_stopped_another_sender_takes_over(
    platform: Platform,
    platform_url: str,
    sync: ShortLease,
    record_in: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopper = Stopper(platform, monkeypatch)
    with sync.journal() as journal:
        receipts = _stopped_while_sending(sync, stopper, journal, record_in)
        other = _other_sender(sync, journal, platform_url)

        def drained() -> bool:
            assert other.drain(journal) is None
            return journal.outbox.summary().acknowledged == len(receipts)

        _until(drained)
        assert sync.stopped
        _each_exactly_once(platform, journal, receipts)
        sync.go_on()
        receipts += record_in(journal, 1)  # and it is at work again: this one is its own
        sync.client.call("wake")
        _until(lambda: journal.outbox.summary().acknowledged == len(receipts))
        _each_exactly_once(platform, journal, receipts)


@pytest.mark.fault(32)
def test_it_is_stopped_for_longer_than_its_lease_and_nobody_takes_over(
    platform: Platform,
    sync: ShortLease,
    record_in: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopper = Stopper(platform, monkeypatch)
    with sync.journal() as journal:
        receipts = _stopped_while_sending(sync, stopper, journal, record_in)
        _TICK.wait(2 * LEASE_S)
        assert sync.stopped
        sync.go_on()
        _until(lambda: journal.outbox.summary().acknowledged == len(receipts))
        _each_exactly_once(platform, journal, receipts)
        sync.until(online)
