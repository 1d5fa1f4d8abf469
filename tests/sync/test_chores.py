"""The pauses between heartbeats do the chores: by the platform's clock, a copy a day, no more than are kept."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.config import KeepingSettings
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.backup import newest_first
from kiosk.journal.settings import SettingKey
from sync.chores import Chores
from sync.platform_clock import PlatformClock


def chores_of(terminal: Any, clock: Any, platform_clock: PlatformClock, **keeping: Any) -> Chores:
    return Chores(
        clock, platform_clock, terminal.key, KeepingSettings(**keeping), terminal.folder / "backups"
    )


def do_all(chores: Chores, terminal: Any) -> None:
    while chores.do_one(terminal.journal, terminal.journal.settings.enrolment(), threading.Event()):
        pass


@pytest.mark.fault(35, 39)
def test_nothing_is_dropped_by_our_own_clock(terminal: Any) -> None:
    terminal.record(3)
    assert terminal.drain() is None
    ours = ManualClock(datetime(2036, 11, 22, tzinfo=UTC))  # ten years ahead
    platform_clock = PlatformClock(ours)
    chores = chores_of(terminal, ours, platform_clock, backups=0)
    ours.advance(7 * 3600)
    do_all(chores, terminal)
    assert len(list(terminal.journal.entries.stream())) == 3
    platform_clock.heard(datetime.now(UTC) + timedelta(days=29), ours.monotonic())
    ours.advance(7 * 3600)
    do_all(chores, terminal)
    assert len(list(terminal.journal.entries.stream())) == 3
    platform_clock.heard(datetime.now(UTC) + timedelta(days=31), ours.monotonic())
    ours.advance(7 * 3600)
    do_all(chores, terminal)
    assert list(terminal.journal.entries.stream()) == []
    assert terminal.journal.verify().ok


@pytest.mark.fault(35)
def test_the_first_heartbeat_fails_and_the_platforms_time_is_kept_with_the_next(terminal: Any) -> None:
    ours = ManualClock(datetime.now(UTC))
    platform_clock = PlatformClock(ours)
    chores = chores_of(terminal, ours, platform_clock, backups=0)
    do_all(chores, terminal)
    assert terminal.journal.settings.get(SettingKey.PLATFORM_TIME) is None
    ours.advance(70)
    platform_clock.heard(ours.now(), ours.monotonic())
    do_all(chores, terminal)
    assert terminal.journal.settings.get(SettingKey.PLATFORM_TIME) is not None
    first = terminal.journal.settings.get(SettingKey.PLATFORM_TIME)
    ours.advance(70)
    do_all(chores, terminal)
    assert terminal.journal.settings.get(SettingKey.PLATFORM_TIME) == first  # once an hour from then on


def test_a_copy_a_day_and_no_more_than_are_kept(terminal: Any) -> None:
    terminal.record(1)
    clock = ManualClock(datetime.now(UTC))
    chores = chores_of(terminal, clock, PlatformClock(clock), backups=2)
    ring = terminal.folder / "backups"
    do_all(chores, terminal)
    assert list(newest_first(ring)) == []  # not in the first minutes
    for _ in range(4 * 5):
        clock.advance(6 * 3600)
        do_all(chores, terminal)
    assert 1 <= len(list(newest_first(ring))) <= 2
    assert chores.faults == []
    assert chores.next_in_s() <= 6 * 3600


@pytest.mark.fault(6)
def test_a_copy_that_finds_no_room_is_a_fault_to_tell(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path, keep: int) -> Path:
        raise JournalError(JournalFault.NO_ROOM, "backup")

    monkeypatch.setattr(terminal.journal, "back_up", refuse)
    clock = ManualClock()
    chores = chores_of(terminal, clock, PlatformClock(clock))
    clock.advance(3600)
    do_all(chores, terminal)
    assert chores.faults == ["no_room_for_backup"]
