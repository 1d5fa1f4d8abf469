"""A platform that can be switched off, copied and put back, and a terminal's heartbeats to it, driven by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.config import KeepingSettings, PathSettings, PlatformSettings, Settings
from kiosk.domain.case import PlatformState
from sync.central.exchange import Platform
from sync.central.inbox import put_message
from sync.central.server import build_platform, serving
from sync.heartbeat import Heartbeat, Heeded
from sync.heartbeat_wire import HeartbeatRequest
from sync.keeper import Keeper
from sync.platform_clock import PlatformClock

CODE = "4821093377"
CAP_S = 60.0
"""The longest pause between two heartbeats that fail."""


def settings_of(terminal: Any) -> Settings:
    return Settings(
        platform=PlatformSettings(url=terminal.url, retry_cap_s=CAP_S),
        paths=PathSettings(state_dir=terminal.folder, run_dir=terminal.folder),
        keeping=KeepingSettings(reserve_mib=1),
    )


def heart_of(terminal: Any) -> Heartbeat:
    return Heartbeat(settings_of(terminal), terminal.clock, PlatformClock(terminal.clock))


def keeper_of(terminal: Any) -> Keeper:
    platform = settings_of(terminal).platform
    return Keeper(
        terminal.client, terminal.line, terminal.clock, terminal.stopping, platform, heart_of(terminal)
    )


def beat(terminal: Any) -> Heeded:
    heart = heart_of(terminal)
    message = compose(heart, terminal)
    return heart.heed(terminal.journal, terminal.client.heartbeat(message, message.tail_sequence))


class County:
    """A platform that can be switched off, copied and put back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port = 0
        self._stack = ExitStack()
        self.switch_on()
        self.platform.store.add_enrolment_code(CODE, timedelta(hours=1))

    def switch_on(self) -> None:
        self.platform: Platform = build_platform(self.folder / "central.db", self.folder)
        self._stack = ExitStack()
        self._stack.callback(self.platform.store.close)
        self.url = self._stack.enter_context(serving(self.platform, port=self._port))
        self._port = int(self.url.rpartition(":")[2])

    def switch_off(self) -> None:
        self._stack.close()

    def copy_to(self, backup: Path) -> None:
        self.switch_off()
        shutil.copytree(self.folder, backup)
        self.switch_on()

    def put_back(self, backup: Path) -> None:
        self.switch_off()
        shutil.rmtree(self.folder)
        shutil.copytree(backup, self.folder)
        self.switch_on()


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    made = County(tmp_path / "county")
    yield made
    made.switch_off()


def say(platform: Platform, terminal: Any, kind: str, receipt: Any, state: PlatformState) -> int:
    """The platform has something to tell; the number of the last thing that it has."""
    with platform.store.transaction(terminal.client.terminal_id) as run:
        put_message(
            run,
            terminal.client.terminal_id,
            kind,
            receipt.entry_id.bytes,
            receipt.number,
            state,
            platform.store.now(),
        )
        row = run.execute("select max(number) from inbox").fetchone()
    return int(row[0]) if row else 0


def compose(heart: Heartbeat, terminal: Any) -> HeartbeatRequest:
    return heart.compose(terminal.journal, terminal.journal.outbox.summary())
