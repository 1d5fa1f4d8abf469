"""Salvage: everything that a damaged journal and its newest backup still tell is in the one that takes its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kiosk.domain.attachment import Attachment
from kiosk.domain.case import DeliveryState, PlatformState
from kiosk.domain.enrolment import Standing
from kiosk.domain.receipt import Receipt
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import replacement, salvage
from kiosk.journal.audit import AuditEvent
from kiosk.journal.audit_roots import AuditDay
from kiosk.journal.inbox import InboxMessage
from kiosk.journal.journal import Journal, OpenedJournal
from kiosk.journal.outbox import Acknowledged
from kiosk.journal.settings import SettingKey
from tests.journal.conftest import MakeCase, Place

PAGE = 4096


@dataclass(frozen=True)
class Life:
    """A terminal that has been in use: what its residents hold."""

    place: Place
    make_case: MakeCase

    def live(self, journal: Journal, cases: int) -> list[Receipt]:
        """Record `cases`; every other one is acknowledged."""
        made = [journal.entries.record(self.make_case()) for _ in range(cases)]
        leased = journal.outbox.lease(1000, 10_000_000, 30)
        journal.outbox.settle(
            [Acknowledged(entry_id=item.entry.header.entry_id, token=b"signed") for item in leased[::2]]
        )
        return made

    def reopen(self) -> OpenedJournal:
        """As the face does after a crash."""
        return Journal.open_or_replace(self.place.file, self.place.key, self.place.clock, "boot-1")

    @property
    def backups(self) -> Path:
        """Where they lie."""
        return self.place.file.with_name("backups")

    def ruin(self) -> None:
        """The file cannot even be opened any more."""
        self.place.file.write_bytes(os.urandom(5 * PAGE))

    def spoil(self, sql: str) -> None:
        """Damage something, so that the next start replaces the journal."""
        with self.place.open() as journal:
            journal._database.run("DROP TRIGGER audit_never_changes")
            journal._database.run("DROP TRIGGER entry_never_changes")
            journal._database.run(sql)


BREAK_THE_LOG = "UPDATE audit SET digest = randomblob(32) WHERE position = (SELECT max(position) FROM audit)"


@pytest.fixture
def life(place: Place, make_case: MakeCase) -> Life:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
    return Life(place, make_case)


@pytest.mark.fault(12, 15)
def test_a_ruined_journal_comes_back_from_its_backup_and_makes_no_receipts_until_the_platform_has_spoken(
    life: Life,
) -> None:
    with life.place.open() as journal:
        before = life.live(journal, 20)
        journal.back_up(life.backups, 3)
        after = life.live(journal, 5)
    life.ruin()
    opened = life.reopen()
    assert opened.replaced is not None
    assert (opened.replaced.salvaged, opened.replaced.from_backup) == (20, 20)
    assert (opened.replaced.readable, opened.replaced.may_fork) == (False, True)
    with opened.journal as journal:
        assert journal.settings.enrolment() == life.place.enrolment
        assert all(journal.entries.by_number(one.number) is not None for one in before)
        assert journal.entries.by_number(after[0].number) is None
        assert journal.verify().ok
        assert journal.settings.standing() is Standing.ROLLED_BACK
        with pytest.raises(JournalError) as caught:
            journal.entries.record(life.make_case())
        assert caught.value.fault is JournalFault.STOPPED
        assert journal.entries.tail() == (20, before[-1].digest)  # what the platform compares
        newest = journal.audit.recent()[0]
        assert newest.event is AuditEvent.JOURNAL_REPLACED
        assert ("standing", "rolled_back") in [(str(key), value) for key, value in newest.detail]
        journal.settings.set_standing(Standing.OK)
        assert journal.entries.record(life.make_case()).sequence == 21


@pytest.mark.fault(12)
def test_a_ruined_journal_without_a_backup_must_be_enrolled_again(life: Life) -> None:
    life.ruin()
    opened = life.reopen()
    assert opened.replaced is not None
    assert (opened.replaced.salvaged, opened.replaced.may_fork) == (0, False)
    with opened.journal as journal, pytest.raises(JournalError) as caught:
        journal.entries.record(life.make_case())
    assert caught.value.fault is JournalFault.NOT_ENROLLED


@pytest.mark.fault(14)
def test_an_entry_that_only_the_backup_can_tell_fills_its_gap(life: Life) -> None:
    with life.place.open() as journal:
        made = life.live(journal, 10)
        journal.back_up(life.backups, 1)
        made += life.live(journal, 10)
    life.spoil("UPDATE entry SET digest = randomblob(32) WHERE sequence IN (4, 14)")
    opened = life.reopen()
    assert opened.replaced is not None
    assert (opened.replaced.salvaged, opened.replaced.from_backup, opened.replaced.may_fork) == (19, 1, False)
    with opened.journal as journal:
        check = journal.verify()
        assert check.ok
        assert check.gaps == (15,)
        assert journal.entries.by_number(made[3].number) is not None
        assert journal.entries.record(life.make_case()).sequence == 21


@pytest.mark.fault(14)
def test_a_newest_entry_that_cannot_be_read_stops_new_receipts_because_it_may_have_been_sent(
    life: Life,
) -> None:
    with life.place.open() as journal:
        life.live(journal, 10)
    life.spoil("UPDATE entry SET digest = randomblob(32) WHERE sequence = 10")
    opened = life.reopen()
    assert opened.replaced is not None
    assert (opened.replaced.salvaged, opened.replaced.may_fork) == (9, True)
    with opened.journal as journal:
        assert journal.settings.standing() is Standing.ROLLED_BACK


def test_a_backup_of_another_chain_adds_nothing(life: Life) -> None:
    with life.place.open() as journal:
        life.live(journal, 5)
        journal.back_up(life.backups, 1)
    life.place.file.unlink()
    with life.place.open() as journal:
        journal.settings.set_enrolment(life.place.enrolment)
        kept = life.live(journal, 3)
    life.spoil(BREAK_THE_LOG)
    opened = life.reopen()
    assert opened.replaced is not None
    assert (opened.replaced.salvaged, opened.replaced.from_backup) == (3, 0)
    with opened.journal as journal:
        assert journal.entries.tail() == (3, kept[-1].digest)


@pytest.mark.fault(126)
def test_the_old_log_is_carried_as_far_as_it_can_be_read_and_goes_on_from_there(life: Life) -> None:
    with life.place.open() as journal:
        for _ in range(10):
            journal.audit.append(AuditEvent.SESSION_STARTED)
        journal.audit_roots.store(
            AuditDay(day=life.place.clock.now().date(), position=5, digest=bytes(32)), b"s"
        )
    life.spoil("UPDATE audit SET subject = 'changed' WHERE position = 8")
    with life.reopen().journal as journal:
        lines = journal.audit.recent()
        assert [line.position for line in lines] == [8, 7, 6, 5, 4, 3, 2, 1]
        assert lines[0].event is AuditEvent.JOURNAL_REPLACED
        assert [one.signature for one in journal.audit_roots.unconfirmed()] == [b"s"]
        assert journal.verify().ok


def test_the_inbox_and_its_cursor_are_carried(life: Life) -> None:
    with life.place.open() as journal:
        (receipt,) = life.live(journal, 1)
        said = InboxMessage(
            message_id="7",
            receipt_number=receipt.number,
            said_at=life.place.clock.now(),
            platform_state=PlatformState.ACCEPTED,
            words="",
        )
        journal.inbox.store([said], "7")
    life.spoil(BREAK_THE_LOG)
    with life.reopen().journal as journal:
        assert [one.message_id for one in journal.inbox.for_receipt(receipt.number)] == ["7"]
        assert journal.inbox.cursor() == "7"
        status = journal.entries.by_number(receipt.number)
        assert status is not None
        assert status.platform is PlatformState.ACCEPTED
        journal._database.run("DROP TABLE inbox")
    life.spoil(BREAK_THE_LOG)
    with life.reopen().journal as journal:
        assert journal.inbox.cursor() == ""  # what cannot be read is downloaded again


def _with_attachment(life: Life, journal: Journal) -> Attachment:
    case = life.make_case()
    stored = journal.attachments.put(case.entry_id, "image/jpeg", os.urandom(150_000))
    journal.entries.record(replace(case, attachments=(stored,)))
    journal.outbox.settle([Acknowledged(entry_id=case.entry_id, token=b"signed")])
    return stored


@pytest.mark.fault(14)
def test_attachments_are_carried_when_they_are_whole_and_counted_when_they_are_not(life: Life) -> None:
    with life.place.open() as journal:
        whole, broken = _with_attachment(life, journal), _with_attachment(life, journal)
        journal.attachments.note_sent(whole.digest, 70_000)
        sealed = journal.attachments.read(whole.digest, 0, whole.size_bytes)
        journal._database.run("DROP TRIGGER attachment_chunk_stays_until_delivered")
        journal._database.run("DELETE FROM attachment_chunk WHERE position = 2 * 65536 + 1")
        assert not journal.verify().ok
    opened = life.reopen()
    assert opened.replaced is not None
    assert opened.replaced.attachments_lost == 1
    with opened.journal as journal:
        (pending,) = journal.attachments.pending()
        assert (pending.digest, pending.sent_bytes) == (whole.digest, 70_000)
        assert journal.attachments.read(whole.digest, 0, whole.size_bytes) == sealed
        with pytest.raises(KeyError):
            journal.attachments.read(broken.digest, 0, 1)
        assert journal.verify().ok


def test_an_attachment_that_broke_is_taken_from_the_backup(life: Life) -> None:
    with life.place.open() as journal:
        stored = _with_attachment(life, journal)
        journal.back_up(life.backups, 1)
        journal._database.run("DROP TRIGGER attachment_chunk_stays_until_delivered")
        journal._database.run("DELETE FROM attachment_chunk")
    opened = life.reopen()
    assert opened.replaced is not None
    assert opened.replaced.attachments_lost == 0
    with opened.journal as journal:
        assert len(journal.attachments.read(stored.digest, 0, stored.size_bytes)) == stored.size_bytes


def test_a_damaged_journal_of_the_first_schema_is_salvaged_too(life: Life) -> None:
    first = Path(__file__).parent / "schemas" / "v1-used.db"
    copy = bytearray(first.read_bytes())
    intact = 0
    for page in range(1, len(copy) // PAGE):
        for old in life.place.file.parent.glob("journal.db*"):
            old.unlink()
        copy = bytearray(first.read_bytes())
        copy[page * PAGE + 100] ^= 1
        life.place.file.write_bytes(copy)
        opened = life.reopen()
        with opened.journal as journal:
            assert journal.verify().ok
            if opened.replaced is not None and opened.replaced.salvaged == 2:
                intact += 1
                states = [journal.entries.by_id(one.header.entry_id) for one in journal.entries.stream()]
                assert next(one.delivery for one in states if one is not None) in (
                    DeliveryState.ACKNOWLEDGED,
                    DeliveryState.RECORDED,
                )
    assert intact > 5


Cut = Callable[..., object]


@pytest.mark.fault(3)
@pytest.mark.parametrize("step", ["set_aside", "fresh_file", "carry", "put_in_place", "sync_path", "forget"])
@pytest.mark.parametrize("before", [True, False])
def test_a_replacement_that_was_cut_off_is_gone_on_with_and_nothing_is_forgotten(
    life: Life, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    with life.place.open() as journal:
        made = life.live(journal, 10)
    life.spoil("UPDATE entry SET digest = randomblob(32) WHERE sequence = 5")
    module = salvage if step == "carry" else replacement
    real = getattr(module, step)

    def cut(*values: object) -> object:
        if not before:
            real(*values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, step, cut)
        life.reopen()
    noted = replacement.planned(life.place.file)
    if noted is not None and not replacement.is_finished(life.place.file, noted):
        with pytest.raises(JournalError) as caught:
            life.place.open()  # the sender begins no empty journal meanwhile
        assert caught.value.fault is JournalFault.DAMAGED
    with life.reopen().journal as journal:
        assert journal.entries.count() == 9
        assert journal.entries.by_number(made[-1].number) is not None
        assert journal.settings.enrolment() == life.place.enrolment
        assert journal.verify().ok
    assert [one.name for one in life.place.file.parent.glob("*.damaged-?")] == ["journal.db.damaged-1"]
    assert not list(life.place.file.parent.glob("*.fresh*")) or step == "forget"
    assert replacement.planned(life.place.file) is None


def test_a_cursor_of_a_foreign_setting_does_not_survive_a_wrong_key(life: Life, place: Place) -> None:
    with life.place.open() as journal:
        journal.settings.put(SettingKey.PLATFORM_EPOCH, b"epoch-1")
    opened = Journal.open_or_replace(place.file, bytes(32), place.clock, "boot-1")
    with opened.journal as journal:
        assert journal.settings.get(SettingKey.PLATFORM_EPOCH) is None
        assert journal.settings.enrolment() is None
