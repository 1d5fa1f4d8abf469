"""Heartbeats mend what backups, old disks and clones broke."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.domain.case import PlatformState
from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.audit import AuditEvent
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.settings import SettingKey
from sync.central.attachment_store import AttachmentStore
from sync.delivery import Delivery
from sync.heartbeat_wire import HeartbeatAnswer
from sync.inbox_download import CASE_STATE, InboxDownload
from tests.sync.county import County, beat, compose, heart_of, say
from tests.sync.uploads import hand_in, upload


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
    heart = heart_of(terminal)
    message = compose(heart, terminal)
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

    inbox = InboxDownload(terminal.client, terminal.clock)
    head = max(
        say(county.platform, terminal, CASE_STATE, one, PlatformState.ACCEPTED) for one in receipts[:2]
    )
    inbox.fetch(terminal.journal, head, lambda: True)
    county.put_back(tmp_path / "backup")
    county.platform.store.begin_epoch("restored")
    head = say(county.platform, terminal, CASE_STATE, receipts[2], PlatformState.RETURNED)
    inbox.fetch(terminal.journal, head, lambda: True)
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
    heart = heart_of(terminal)
    for _ in range(3):
        message = compose(heart, terminal)
        heart.heed(terminal.journal, terminal.client.heartbeat(message, 4))
    assert "bodies_gone" in compose(heart, terminal).faults
    said = [one for one in terminal.journal.audit.recent(20) if one.event is AuditEvent.SENT_AGAIN]
    assert len(said) <= 2


@pytest.mark.fault(65)
def test_a_platform_that_misses_something_else_each_time(
    terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was dropped here takes neither memory nor lines of the log for ever, however it is asked for."""
    terminal.record(40)
    terminal.drain_whatever_happens()
    terminal.journal.retention.drop_delivered(datetime.now(UTC) + timedelta(days=60), 30)
    monkeypatch.setattr("sync.heartbeat._GONE_KNOWN", 5)
    heart = heart_of(terminal)
    for last in range(1, 41):
        compose(heart, terminal)
        answer = HeartbeatAnswer(epoch="e1", high_water=40, inbox_head=0, gaps=[(1, last)])
        assert heart.heed(terminal.journal, answer).sent_again == 0
        assert len(heart._gone) <= 5
    assert "bodies_gone" in compose(heart, terminal).faults
    said = [one for one in terminal.journal.audit.recent(90) if one.event is AuditEvent.SENT_AGAIN]
    assert len(said) == 12
