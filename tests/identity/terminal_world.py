"""A platform that serves, and terminals on disks that can be copied, put back and robbed of their keys."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import kiosk
from kiosk.clock import SystemClock
from kiosk.config import Settings, load
from kiosk.domain.enrolment import Standing
from kiosk.domain.receipt import Receipt
from kiosk.errors import (
    IpcError,
)
from kiosk.ipc import IpcClient
from kiosk.journal.journal import Journal, load_or_create_key
from sync.central.exchange import Platform
from sync.central.server import build_platform, serving
from sync.central.successors import add_code
from sync.enrolment import enrol
from sync.identity import open_identity
from sync.platform_client import PlatformClient
from sync.slip_keys import tell_slip_key
from tests.invented_cases import invented_case

ROOT = Path(__file__).resolve().parents[2]
CLOCK = SystemClock()
HOUR = timedelta(hours=1)
_TICK = threading.Event()


class World:
    """A platform that serves, and the settings of one terminal."""

    def __init__(self, folder: Path, platform: Platform, url: str) -> None:
        self.folder, self.platform, self.url = folder, platform, url
        self.settings = self.settings_of("terminal")

    def settings_of(self, name: str, tpm: str = "") -> Settings:
        file = self.folder / f"{name}.toml"
        state = self.folder / name
        state.mkdir(exist_ok=True)
        file.write_text(
            f'[paths]\nstate_dir = "{state}"\nrun_dir = "{self.folder / (name + "-run")}"\ntpm = "{tpm}"\n'
            f'[platform]\nurl = "{self.url}"\nheartbeat_s = 1.0\nretry_cap_s = 0.5\n'
        )
        return load(file)

    def code(self, successor_of: str | None = None) -> str:
        code = secrets.token_hex(5)
        add_code(self.platform.store, code, HOUR, successor_of)
        return code

    def enrol(self, settings: Settings) -> None:
        found = open_identity(settings, CLOCK)
        client = PlatformClient(settings.platform, found.key, CLOCK)
        with Journal.open(settings.journal_file, found.page_key, CLOCK) as journal:
            client.become(enrol(client, journal, self.code()))
            tell_slip_key(client, journal)
        client.close()

    def deliver(self, settings: Settings) -> None:
        """Send what waits, as the relay does: what is of one number travels together."""
        from sync.delivery import Delivery

        found = open_identity(settings, CLOCK)
        with Journal.open(settings.journal_file, found.page_key, CLOCK) as journal:
            client = PlatformClient(settings.platform, found.key, CLOCK)
            delivery = Delivery(client, CLOCK, 1.0)
            enrolment = journal.settings.enrolment()
            assert enrolment is not None
            delivery.become(enrolment)
            leased = journal.outbox.lease(100, 1 << 20, 60)
            done = delivery.deliver(leased, journal.entries.tail()[0], lambda: None)
            assert done.error is None, done.error
            journal.outbox.settle(done.settlements)
            client.close()

    def command(self, *words: str, name: str = "terminal") -> Result:
        """`kiosk WORDS` on the settings of that name."""
        return CliRunner().invoke(kiosk, [*words, "--config", str(self.folder / f"{name}.toml")])

    def stored(self) -> dict[str, str]:
        """Which case is stored under which terminal's number, each once."""
        with self.platform.store.reading() as run:
            rows = run.execute(
                "select e.receipt_number, t.terminal_number, e.result from entry e join terminal t"
                " on t.terminal_id = e.terminal_id"
            ).fetchall()
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: row[1] for row in rows if row[2] == "stored"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    platform = build_platform(tmp_path / "platform" / "central.db", tmp_path / "platform")
    with serving(platform) as url:
        yield World(tmp_path, platform, url)
    platform.store.close()


def journal_of(settings: Settings) -> Journal:
    key = load_or_create_key(settings.journal_key_file, settings.journal_file, settings.paths.tpm)
    return Journal.open(settings.journal_file, key, CLOCK)


def record(settings: Settings, count: int = 1) -> list[Receipt]:
    with journal_of(settings) as journal:
        return [journal.entries.record(invented_case()) for _ in range(count)]


def standing(settings: Settings) -> Standing:
    with journal_of(settings) as journal:
        return journal.settings.standing()


class SyncProcess:
    """`python -m sync` on these settings."""

    def __init__(self, world: World, settings: Settings, name: str) -> None:
        command = [sys.executable, "-m", "sync", "--config", str(world.folder / f"{name}.toml")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.settings = settings
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        status: dict[str, Any] = {}
        for _ in range(1000):
            with contextlib.suppress(IpcError), IpcClient(self.settings.sync_socket) as client:
                status = client.call("status")
                if holds(status):
                    return status
            assert self.process.poll() is None
            _TICK.wait(0.02)
        raise AssertionError(status)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def run_sync(world: World) -> Iterator[Callable[[Settings, str], SyncProcess]]:
    started: list[SyncProcess] = []

    def start(settings: Settings, name: str) -> SyncProcess:
        started.append(SyncProcess(world, settings, name))
        return started[-1]

    yield start
    for one in started:
        one.close()
