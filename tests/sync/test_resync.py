"""Heartbeats mend what backups, old disks and clones broke, and the pauses between them do the chores."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.clock import ManualClock, SystemClock
from kiosk.config import KeepingSettings, PathSettings, PlatformSettings, Settings
from kiosk.domain.case import DeliveryState, ParkReason, PlatformState
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from kiosk.errors import JournalError, JournalFault
from kiosk.ipc import IpcServer
from kiosk.journal.audit import AuditEvent
from kiosk.journal.backup import newest_first
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.settings import SettingKey
from sync.central.attachment_store import AttachmentStore
from sync.central.exchange import Platform
from sync.central.inbox import put_message
from sync.central.server import build_platform, serving
from sync.chores import Chores
from sync.delivery import Delivery
from sync.heartbeat import Heartbeat, Heeded, sign_due_root
from sync.heartbeat_wire import HeartbeatRequest
from sync.inbox_download import ENTRY_QUARANTINED, ENTRY_RELEASED, InboxDownload
from sync.platform_clock import PlatformClock
from tests.sync.test_attachments import hand_in, upload

CODE = "4821093377"


def settings_of(terminal: Any) -> Settings:
    return Settings(
        platform=PlatformSettings(url=terminal.url),
        paths=PathSettings(state_dir=terminal.folder, run_dir=terminal.folder),
        keeping=KeepingSettings(reserve_mib=1),
    )


def beat(terminal: Any, platform_clock: PlatformClock | None = None) -> Heeded:
    heart = Heartbeat(settings_of(terminal), terminal.clock, platform_clock or PlatformClock(terminal.clock))
    message = heart.compose(terminal.journal, terminal.journal.outbox.summary())
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


@pytest.mark.fault(65)
def test_a_platform_put_back_gets_again_what_it_lost(
    county: County, make_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    terminal = make_terminal(county.url)
    terminal.enrol()
    receipts = terminal.record(5)
    assert terminal.drain() is None
    assert beat(terminal).sent_again == 0
    county.copy_to(tmp_path / "backup")
    receipts += terminal.record(7)
    assert terminal.drain() is None
    beat(terminal)
    assert len(county.platform.cases.count()) == 12
    county.put_back(tmp_path / "backup")
    assert len(county.platform.cases.count()) == 5
    heeded = beat(terminal)
    assert (heeded.sent_again, heeded.epoch_changed, heeded.standing) == (7, True, Standing.OK)
    assert terminal.journal.outbox.summary().pending == 7
    terminal.drain_whatever_happens()
    stored = {count.receipt_number: count.stored for count in county.platform.cases.count()}
    assert stored == {receipt.number: 1 for receipt in receipts}
    assert beat(terminal).sent_again == 0
    epoch = terminal.journal.settings.get(SettingKey.PLATFORM_EPOCH)
    assert epoch == county.platform.store.epoch.encode()


@pytest.mark.fault(52, 65)
def test_what_is_acknowledged_while_a_heartbeat_is_answered_is_not_sent_again(terminal: Any) -> None:
    terminal.record(5)
    deliver = Delivery(terminal.client, terminal.clock, 1.0)
    deliver.become(terminal.journal.settings.enrolment())
    outbox = terminal.journal.outbox
    leased = outbox.lease(5, 1 << 20, 60)

    def send(*places: int) -> None:
        done = deliver.deliver([leased[place] for place in places], 5, lambda: None)
        assert done.error is None
        outbox.settle(done.settlements)

    send(0, 1, 4)
    heart = Heartbeat(settings_of(terminal), terminal.clock, PlatformClock(terminal.clock))
    message = heart.compose(terminal.journal, outbox.summary())
    answer = terminal.client.heartbeat(message, message.tail_sequence)
    assert answer.gaps == [(3, 4)]
    send(2, 3)
    assert heart.heed(terminal.journal, answer).sent_again == 0
    assert (outbox.summary().pending, outbox.summary().acknowledged) == (0, 5)
    # What had been acknowledged before it was written is missing indeed.
    lost = msgspec.structs.replace(answer, gaps=[(2, 4)])
    assert heart.heed(terminal.journal, lost).sent_again == 1
    assert outbox.open_until(5, 10) == [2]


@pytest.mark.fault(65)
def test_what_was_handed_in_is_sent_again_too(
    county: County, make_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    terminal = make_terminal(county.url)
    terminal.enrol()
    terminal.record(1)
    assert terminal.drain() is None
    beat(terminal)
    county.copy_to(tmp_path / "backup")
    (attachment,) = hand_in(terminal, bytes(range(256)) * 1000)
    assert terminal.drain() is None
    assert upload(terminal) == 1
    county.put_back(tmp_path / "backup")
    assert beat(terminal).sent_again == 1
    terminal.drain_whatever_happens()
    assert upload(terminal) == 1
    found = AttachmentStore(county.platform.store).find(terminal.client.terminal_id, attachment.digest)
    assert found is not None
    assert found.stored_at is not None


@pytest.mark.fault(65)
def test_what_a_platform_says_after_it_was_put_back_is_heard(
    county: County, make_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    """Its inbox is shorter than what the terminal has heard; numbers that were heard are not used again."""
    terminal = make_terminal(county.url)
    terminal.enrol()
    receipts = terminal.record(3)
    assert terminal.drain() is None
    county.copy_to(tmp_path / "backup")

    def say(place: int, state: PlatformState) -> int:
        store, receipt = county.platform.store, receipts[place]
        with store.transaction(terminal.client.terminal_id) as run:
            put_message(
                run,
                terminal.client.terminal_id,
                "case_state",
                receipt.entry_id.bytes,
                receipt.number,
                state,
                store.now(),
            )
            row = run.execute("select max(number) from inbox").fetchone()
        return int(row[0]) if row else 0

    inbox = InboxDownload(terminal.client, terminal.clock)
    head = max(say(place, PlatformState.ACCEPTED) for place in range(2))
    inbox.fetch(terminal.journal, head, lambda: True)
    county.put_back(tmp_path / "backup")
    county.platform.store.begin_epoch("restored")
    inbox.fetch(terminal.journal, say(2, PlatformState.RETURNED), lambda: True)
    status = terminal.journal.entries.by_number(receipts[2].number)
    assert status is not None
    assert status.platform is PlatformState.RETURNED


@pytest.mark.fault(17)
def test_an_old_disk_put_back_makes_no_new_receipts(
    county: County, make_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    terminal = make_terminal(county.url)
    terminal.enrol()
    terminal.record(3)
    assert terminal.drain() is None
    terminal.journal.close()
    shutil.copytree(terminal.folder, tmp_path / "image")
    reopen(terminal)
    terminal.record(2)
    assert terminal.drain() is None
    beat(terminal)
    terminal.journal.close()
    shutil.rmtree(terminal.folder)
    shutil.copytree(tmp_path / "image", terminal.folder)
    reopen(terminal)
    assert beat(terminal).standing is Standing.OK  # it may have been overtaken on its way
    with county.platform.store.transaction(terminal.client.terminal_id) as run:
        minutes_ago = iso_utc(datetime.now(UTC) - timedelta(minutes=3))
        run.execute("update entry set stored_at = ?", (minutes_ago,))
    assert beat(terminal).standing is Standing.ROLLED_BACK
    with pytest.raises(JournalError) as caught:
        terminal.record(1)
    assert caught.value.fault is JournalFault.STOPPED
    said = [one for one in terminal.journal.audit.recent(10) if one.event is AuditEvent.STANDING_CHANGED]
    assert len(said) == 1
    beat(terminal)  # told again, nothing is written again
    assert len([one for one in terminal.journal.audit.recent(10) if one.event == said[0].event]) == 1


@pytest.mark.fault(25, 124)
def test_two_terminals_with_one_identity_are_both_stopped(
    county: County, make_terminal: Callable[..., Any]
) -> None:
    terminal, clone = make_terminal(county.url), make_terminal(county.url)
    terminal.enrol()
    terminal.record(3)
    assert terminal.drain() is None
    terminal.journal.close()
    clone.journal.close()
    shutil.rmtree(clone.folder)
    shutil.copytree(terminal.folder, clone.folder)
    reopen(terminal)
    reopen(clone)
    clone.key = terminal.key
    clone.client._key = clone.client._exchange._key = terminal.key
    clone.client.become(clone.journal.settings.enrolment())
    terminal.record(1)
    clone.record(1)
    assert terminal.drain() is None
    clone.drain()
    standings = [beat(one).standing for one in (terminal, clone, terminal)]
    assert standings[1:] == [Standing.CLONED, Standing.CLONED]
    for one in (terminal, clone):
        with pytest.raises(JournalError) as caught:
            one.record(1)
        assert caught.value.fault is JournalFault.STOPPED


def reopen(terminal: Any) -> None:
    page_key = load_or_create_key(terminal.folder / "journal.key")
    terminal.journal = Journal.open(terminal.folder / "journal.db", page_key, terminal.clock)


@pytest.mark.fault(126)
def test_audit_roots_are_signed_told_and_confirmed(platform: Platform, terminal: Any) -> None:
    platform_clock = PlatformClock(terminal.clock)
    enrolment = terminal.journal.settings.enrolment()
    terminal.record(2)
    terminal.journal.audit.append(AuditEvent.PROGRAM_STARTED)
    assert not sign_due_root(terminal.journal, enrolment, platform_clock, terminal.key)  # what day is it?
    platform_clock.heard(datetime.now(UTC) + timedelta(days=1), terminal.clock.monotonic())
    assert sign_due_root(terminal.journal, enrolment, platform_clock, terminal.key)
    assert not sign_due_root(terminal.journal, enrolment, platform_clock, terminal.key)
    assert len(terminal.journal.audit_roots.unconfirmed()) == 1
    beat(terminal)
    assert terminal.journal.audit_roots.unconfirmed() == []
    with platform.store.reading() as run:
        assert run.execute("select count(*) from audit_root").fetchone() == (1,)


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


def say(platform: Platform, terminal: Any, kind: str, receipt: Any, state: PlatformState) -> None:
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


@pytest.mark.fault(66)
def test_an_entry_that_is_quarantined_later_and_let_through_again(platform: Platform, terminal: Any) -> None:
    (receipt,) = terminal.record(1)
    assert terminal.drain() is None
    download = InboxDownload(terminal.client, SystemClock())
    say(platform, terminal, ENTRY_QUARANTINED, receipt, PlatformState.UNKNOWN)
    assert not download.fetch(terminal.journal, 1, lambda: True)
    status = terminal.journal.entries.by_id(receipt.entry_id)
    assert (status.delivery, status.park_reason) == (DeliveryState.PARKED, ParkReason.QUARANTINED)
    assert status.platform is PlatformState.RECEIVED  # "unknown" takes nothing back
    say(platform, terminal, "something-new", receipt, PlatformState.UNKNOWN)
    say(platform, terminal, ENTRY_RELEASED, receipt, PlatformState.ACCEPTED)
    assert download.fetch(terminal.journal, 3, lambda: True)
    assert terminal.drain() is None
    status = terminal.journal.entries.by_id(receipt.entry_id)
    assert (status.delivery, status.platform) == (DeliveryState.ACKNOWLEDGED, PlatformState.ACCEPTED)
    assert [count.stored for count in platform.cases.count()] == [1]


def test_what_a_heartbeat_tells(platform: Platform, terminal: Any) -> None:
    terminal.record(2)
    settings = settings_of(terminal)
    heart = Heartbeat(
        settings, terminal.clock, PlatformClock(terminal.clock), lambda: "d1", lambda: ["backup"]
    )
    alone = compose(heart, terminal)
    assert (alone.tail_sequence, len(alone.tail_digest), alone.acknowledged_sequence) == (2, 32, 0)
    assert (alone.devices, alone.faults, alone.catalogue) == ([], ["backup"], "d1")
    assert alone.disk_free_bytes
    statuses = {device: DeviceStatus(state=DeviceState.NO_DEVICE) for device in DeviceClass}
    statuses[DeviceClass.RECEIPT_PRINTER] = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.LOW)
    server = IpcServer(settings.devices_socket, {"status": lambda params: statuses})
    told = {report.device: report for report in compose(heart, terminal).devices}
    assert (told["receipt_printer"].state, told["receipt_printer"].paper) == ("online", "low")
    server.close()
    assert compose(heart, terminal).devices == []


def compose(heart: Heartbeat, terminal: Any) -> HeartbeatRequest:
    return heart.compose(terminal.journal, terminal.journal.outbox.summary())


@pytest.mark.fault(65)
def test_what_this_journal_has_dropped_is_asked_for_in_vain(
    county: County, make_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    """It is told, and it is not looked for again with every heartbeat."""
    terminal = make_terminal(county.url)
    terminal.enrol()
    terminal.record(2)
    assert terminal.drain() is None
    county.copy_to(tmp_path / "backup")
    terminal.record(2)
    assert terminal.drain() is None
    terminal.journal.retention.drop_delivered(datetime.now(UTC) + timedelta(days=60), 30)
    county.put_back(tmp_path / "backup")
    settings = settings_of(terminal)
    heart = Heartbeat(settings, terminal.clock, PlatformClock(terminal.clock))
    for _ in range(3):
        message = compose(heart, terminal)
        heart.heed(terminal.journal, terminal.client.heartbeat(message, 4))
    assert "bodies_gone" in compose(heart, terminal).faults
    said = [one for one in terminal.journal.audit.recent(20) if one.event is AuditEvent.SENT_AGAIN]
    assert len(said) <= 2
