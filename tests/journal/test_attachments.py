"""Attachments: kept in pieces before their case is recorded, sent after it was acknowledged, dropped when nobody owns them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from kiosk.domain.attachment import MAX_ATTACHMENT_BYTES, Attachment, AttachmentSeal
from kiosk.domain.case import Case, new_entry_id
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import sealing
from kiosk.journal.attachments import CHUNK_BYTES
from kiosk.journal.database import IntegrityError
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.conftest import MakeCase, Place

ROOT = Path(__file__).parents[2]
JPEG = "image/jpeg"


def _put(journal: Journal, case: Case, *contents: bytes) -> Case:
    stored = tuple(journal.attachments.put(case.entry_id, JPEG, content) for content in contents)
    return replace(case, attachments=stored)


def _acknowledge(journal: Journal, entry_id: UUID) -> None:
    journal.outbox.settle([Acknowledged(entry_id=entry_id, token=b"signed")])


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7])
def test_what_was_put_is_read_again_byte_for_byte_and_only_the_platform_can_open_it(
    journal: Journal, place: Place, make_case: MakeCase, size: int
) -> None:
    content = os.urandom(size)
    stored = journal.attachments.put(make_case().entry_id, JPEG, content)
    sealed = journal.attachments.read(stored.digest, 0, stored.size_bytes + 100)
    assert (len(sealed), hashlib.sha256(sealed).digest()) == (stored.size_bytes, stored.digest)
    seal = AttachmentSeal(terminal_number="370508", media_type=JPEG)
    assert sealing.open_sealed(sealed, seal, place.sealing_private_key) == content
    assert content[:64] not in sealed or size < 64


def test_any_range_is_read_whatever_pieces_it_crosses(journal: Journal, make_case: MakeCase) -> None:
    stored = journal.attachments.put(make_case().entry_id, JPEG, os.urandom(3 * CHUNK_BYTES))
    whole = journal.attachments.read(stored.digest, 0, stored.size_bytes)
    for offset in (
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        2 * CHUNK_BYTES + 5,
        stored.size_bytes - 1,
        stored.size_bytes,
    ):
        for length in (0, 1, 100, CHUNK_BYTES, CHUNK_BYTES + 1, stored.size_bytes):
            assert journal.attachments.read(stored.digest, offset, length) == whole[offset : offset + length]


def test_a_case_names_its_attachments_inside_the_seal(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    case = _put(journal, make_case(), b"front", b"back")
    journal.entries.record(case)
    (entry,) = journal.entries.stream()
    opened = sealing.decode_case(sealing.open_sealed(entry.sealed, entry.header, place.sealing_private_key))
    assert opened.attachments == case.attachments
    assert journal.verify().ok


def test_nothing_is_pending_before_its_entry_is_acknowledged(journal: Journal, make_case: MakeCase) -> None:
    case = _put(journal, make_case(), b"one", b"two")
    assert journal.attachments.pending(10) == []
    journal.entries.record(case)
    assert journal.attachments.pending(10) == []
    _acknowledge(journal, case.entry_id)
    assert [(one.digest, one.sent_bytes) for one in journal.attachments.pending(10)] == [
        (one.digest, 0) for one in case.attachments
    ]
    assert len(journal.attachments.pending(1)) == 1
    assert journal.attachments.summary().waiting == 2


@pytest.mark.fault(47, 69)
def test_sending_goes_on_where_the_platform_says_it_got_to_also_after_a_restart(
    place: Place, make_case: MakeCase
) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        case = _put(journal, make_case(), os.urandom(200_000))
        journal.entries.record(case)
        _acknowledge(journal, case.entry_id)
        journal.attachments.note_sent(case.attachments[0].digest, 70_000)
    with place.open("boot-2") as journal:
        (pending,) = journal.attachments.pending(10)
        assert (pending.sent_bytes, pending.entry_id) == (70_000, case.entry_id)
        with pytest.raises(ValueError, match="not within"):
            journal.attachments.note_sent(pending.digest, pending.size_bytes + 1)
        journal.attachments.note_sent(pending.digest, 0)  # the platform forgot: from the start again
        assert journal.attachments.delivered(pending.digest, b"signed", None)
        assert not journal.attachments.delivered(pending.digest, b"signed twice", None)
        journal.attachments.note_sent(pending.digest, 5)  # a late word changes nothing
        assert journal.attachments.pending(10) == []
        assert journal.attachments.summary().waiting_bytes == 0


def test_an_attachment_that_is_not_known_here_is_a_key_error(journal: Journal) -> None:
    for call in (
        lambda: journal.attachments.read(bytes(32), 0, 1),
        lambda: journal.attachments.note_sent(bytes(32), 1),
        lambda: journal.attachments.delivered(bytes(32), b"t", None),
    ):
        with pytest.raises(KeyError):
            call()


@pytest.mark.parametrize("size", [0, MAX_ATTACHMENT_BYTES + 1])
def test_an_empty_or_huge_attachment_is_refused(journal: Journal, make_case: MakeCase, size: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        journal.attachments.put(make_case().entry_id, JPEG, bytes(size))


def test_a_case_that_names_what_is_not_stored_is_not_recorded(journal: Journal, make_case: MakeCase) -> None:
    missing = Attachment(digest=bytes(32), media_type=JPEG, size_bytes=5)
    with pytest.raises(JournalError) as caught:
        journal.entries.record(replace(make_case(), attachments=(missing,)))
    assert caught.value.fault is JournalFault.MISSING_ATTACHMENT
    assert journal.entries.count() == 0


def test_a_session_that_was_left_leaves_no_attachment(journal: Journal, make_case: MakeCase) -> None:
    recorded = _put(journal, make_case(), b"kept")
    journal.entries.record(recorded)
    left, still_open = _put(journal, make_case(), b"left"), _put(journal, make_case(), b"still open")
    assert journal.attachments.drop_orphans(still_open.entry_id) == 1
    assert journal.attachments.drop_orphans(still_open.entry_id) == 0
    with pytest.raises(KeyError):
        journal.attachments.read(left.attachments[0].digest, 0, 1)
    journal.entries.record(still_open)
    assert journal.attachments.drop_orphans() == 0
    assert journal._database.row("SELECT count(*) FROM attachment_chunk") == (2,)


def test_the_sender_leaves_the_attachments_of_a_living_face_alone(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    case = _put(journal, make_case(), b"being photographed")
    with place.open() as sender:
        assert sender.attachments.drop_orphans() == 0
    journal.entries.record(case)


_PUT = (
    "import os, sys; from pathlib import Path\n"
    "from kiosk.clock import ManualClock\n"
    "from kiosk.domain.case import new_entry_id\n"
    "from kiosk.journal.journal import Journal\n"
    "journal = Journal.open(Path(sys.argv[1]), bytes(range(32)), ManualClock(), 'boot-1')\n"
    "journal.attachments.put(new_entry_id(), 'image/jpeg', b'x' * 100_000)\n"
    "os.kill(os.getpid(), 9)\n"
)


@pytest.mark.fault(26)
def test_a_face_that_was_killed_in_the_middle_leaves_an_orphan_that_the_sender_drops(
    journal: Journal, place: Place
) -> None:
    done = subprocess.run([sys.executable, "-c", _PUT, str(place.file)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert journal.attachments.summary().waiting == 1
    assert journal.attachments.drop_orphans() == 1
    assert journal._database.row("SELECT count(*) FROM attachment_chunk") == (0,)


@pytest.mark.fault(1)
def test_what_another_boot_left_unrecorded_is_an_orphan(place: Place, make_case: MakeCase) -> None:
    with place.open("boot-1") as journal:
        journal.settings.set_enrolment(place.enrolment)
        _put(journal, make_case(), b"before the power went")
    with place.open("boot-2") as journal:
        assert journal.attachments.drop_orphans() == 1


def test_a_case_recorded_under_another_identity_takes_its_attachments_along(
    journal: Journal, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = journal.entries.record(make_case())
    real = journal.entries._sealed

    def collide(case: Case, entry_id: UUID, stored: bytes) -> object:
        made = real(case, entry_id, stored)
        if entry_id != case.entry_id:
            return made
        return replace(made, header=replace(made.header, receipt_number=taken.number))

    monkeypatch.setattr(journal.entries, "_sealed", collide)
    case = _put(journal, make_case(), b"photograph")
    receipt = journal.entries.record(case)
    assert receipt.entry_id != case.entry_id
    assert journal.entries.record(case) == receipt
    assert journal.attachments.drop_orphans() == 0
    _acknowledge(journal, receipt.entry_id)
    (pending,) = journal.attachments.pending(10)
    assert pending.entry_id == receipt.entry_id


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE attachment SET digest = randomblob(32)",
        "UPDATE attachment SET size_bytes = 1",
        "UPDATE attachment SET entry_id = randomblob(16)",
        "UPDATE attachment SET content_kept = 0",
        "DELETE FROM attachment",
        "DELETE FROM attachment_chunk",
        "UPDATE attachment_chunk SET content = x'00'",
    ],
)
def test_the_attachment_of_a_recorded_entry_stays_as_it_is(
    journal: Journal, make_case: MakeCase, sql: str
) -> None:
    journal.entries.record(_put(journal, make_case(), b"photograph"))
    with pytest.raises(IntegrityError):
        journal._database.run(sql)


def test_nothing_is_put_before_the_terminal_is_enrolled(place: Place) -> None:
    with place.open() as journal, pytest.raises(JournalError) as caught:
        journal.attachments.put(new_entry_id(), JPEG, b"x")
    assert caught.value.fault is JournalFault.NOT_ENROLLED


@pytest.mark.fault(65)
def test_a_word_of_another_epoch_than_the_one_told_last_counts_for_nothing(
    journal: Journal, make_case: MakeCase
) -> None:
    case = _put(journal, make_case(), b"photograph")
    journal.entries.record(case)
    _acknowledge(journal, case.entry_id)
    (digest,) = (one.digest for one in case.attachments)
    journal.attachments.ask_again("e2")
    assert not journal.attachments.delivered(digest, b"signed", "e1")
    assert not journal.attachments.delivered(digest, b"signed", None)
    assert [one.digest for one in journal.attachments.pending()] == [digest]
    assert journal.attachments.delivered(digest, b"signed", "e2")
    assert journal.attachments.ask_again("e3") == 1
    assert [one.digest for one in journal.attachments.pending()] == [digest]
