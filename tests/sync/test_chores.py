"""The pauses between heartbeats do the chores: by the platform's clock, a copy a day, no more than are kept."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import ManualClock
from kiosk.config import KeepingSettings
from kiosk.domain.case import PlatformState
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.backup import newest_first
from kiosk.journal.settings import SettingKey
from sync.central.exchange import Platform
from sync.central.successors import add_code
from sync.chores import Chores
from sync.enrolment import enrol
from sync.inbox_download import CASE_STATE, InboxDownload
from sync.platform_clock import PlatformClock
from tests.sync.county import say


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


@pytest.mark.fault(35, 39)
def test_what_was_said_long_ago_goes_by_the_platforms_clock(platform: Platform, terminal: Any) -> None:
    (receipt,) = terminal.record(1)
    assert terminal.drain() is None
    for state in (PlatformState.ACCEPTED, PlatformState.RETURNED, PlatformState.CONCLUDED):
        say(platform, terminal, CASE_STATE, receipt, state)
    InboxDownload(terminal.client, terminal.clock).fetch(terminal.journal, 3, lambda: True)
    ours = ManualClock(datetime(2036, 11, 22, tzinfo=UTC))  # ten years ahead
    platform_clock = PlatformClock(ours)
    chores = chores_of(terminal, ours, platform_clock, backups=0)
    for days, kept in ((None, 3), (29, 3), (31, 1)):
        if days is not None:
            platform_clock.heard(datetime.now(UTC) + timedelta(days=days), ours.monotonic())
        ours.advance(7 * 3600)
        do_all(chores, terminal)
        assert len(terminal.journal.inbox.for_receipt(receipt.number)) == kept
    (message,) = terminal.journal.inbox.for_receipt(receipt.number)
    assert message.platform_state is PlatformState.CONCLUDED


@pytest.mark.fault(66)
def test_whoever_takes_the_place_hears_messages_with_numbers_that_were_used_before(
    platform: Platform, terminal: Any
) -> None:
    (receipt,) = terminal.record(1)
    assert terminal.drain() is None
    platform.cases.change_state(receipt.number, PlatformState.ACCEPTED)
    inbox = InboxDownload(terminal.client, terminal.clock)
    inbox.fetch(terminal.journal, 1, lambda: True)
    number = terminal.journal.settings.enrolment().terminal_number
    add_code(platform.store, "5932104488", timedelta(hours=1), number)
    terminal.client._key = terminal.client._exchange._key = Ed25519PrivateKey.generate()
    terminal.client.become(enrol(terminal.client, terminal.journal, "5932104488"))
    platform.cases.change_state(receipt.number, PlatformState.RETURNED, words="缺照片")
    inbox.fetch(terminal.journal, 1, lambda: True)
    status = terminal.journal.entries.by_number(receipt.number)
    assert status.platform is PlatformState.RETURNED
    assert [one.words for one in terminal.journal.inbox.for_receipt(receipt.number)] == ["", "缺照片"]


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
