"""What is handed in with a case reaches the platform whole, once, from whatever byte the line was cut at."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.clock import ManualClock
from kiosk.domain.attachment import Attachment
from kiosk.domain.case import new_entry_id
from kiosk.errors import LineFault, PlatformError
from sync.attachments import AttachmentUpload
from sync.central import attachment_store
from sync.central.attachment_store import AttachmentStore, Upload, UploadRefused
from sync.central.exchange import Platform
from sync.exchange import Call
from sync.line_simulator import LineMode, LineSimulator
from sync.platform_client import Refused
from sync.upload_wire import (
    CHECKSUM_HEADER,
    LENGTH_HEADER,
    METADATA_HEADER,
    OFFSET_HEADER,
    PIECE_TYPE,
    TUS_HEADER,
    AnotherEpoch,
    check_stored,
    checksum,
    checksum_fits,
    pack_metadata,
    unpack_metadata,
)
from tests.invented_cases import case_with

PHOTO = random.Random(7).randbytes(700_000)


def hand_in(terminal: Any, *contents: bytes) -> list[Attachment]:
    """A case with attachments, recorded as the face does it."""
    case = case_with(terminal.journal, *contents)
    terminal.journal.entries.record(case)
    return list(case.attachments)


def upload(terminal: Any, may_go_on: Callable[[], bool] = lambda: True) -> int:
    key = Ed25519PublicKey.from_public_bytes(terminal.journal.settings.enrolment().signing_key)
    return AttachmentUpload(terminal.client, terminal.clock, may_go_on).run(terminal.journal, key)


def upload_whatever_happens(terminal: Any, tries: int = 60) -> None:
    for _ in range(tries):
        try:
            upload(terminal)
        except PlatformError:
            continue
        if not terminal.journal.attachments.pending():
            return
    raise AssertionError(terminal.journal.attachments.pending())


def stored(platform: Platform, attachment: Attachment) -> bytes:
    with platform.store.reading() as run:
        row = run.execute("select terminal_id from terminal").fetchone()
    assert row is not None
    store = AttachmentStore(platform.store)
    found = store.find(row[0], attachment.digest)
    assert found is not None
    assert found.stored_at is not None
    return b"".join(store.pieces(row[0], attachment.digest))


def test_photographs_arrive_whole_after_their_case(platform: Platform, terminal: Any) -> None:
    attachments = hand_in(terminal, PHOTO, b"a short scan")
    assert terminal.journal.attachments.pending() == []  # the case first
    assert terminal.drain() is None
    assert upload(terminal) == 2
    for attachment in attachments:
        assert hashlib.sha256(stored(platform, attachment)).digest() == attachment.digest
    assert terminal.journal.attachments.pending() == []
    assert upload(terminal) == 0


@pytest.mark.fault(69)
def test_cut_at_any_byte_it_goes_on_from_there(
    platform: Platform, line: LineSimulator, terminal: Any
) -> None:
    (attachment,) = hand_in(terminal, PHOTO)
    assert terminal.drain() is None
    draw = random.Random(11)
    before = line.state()["bytes_up"]
    cuts = 0
    for _ in range(12):
        limit = line.state()["bytes_up"] + draw.randrange(1000, 90_000)
        cutter = threading.Thread(target=cut_after, args=(line, limit))
        cutter.start()
        try:
            upload(terminal)
        except PlatformError as error:
            assert error.fault in (LineFault.NO_LINE, LineFault.TIMED_OUT)
            cuts += 1
        line.set_mode(LineMode.UP)
        cutter.join()
        if not terminal.journal.attachments.pending():
            break
    upload_whatever_happens(terminal)
    assert hashlib.sha256(stored(platform, attachment)).digest() == attachment.digest
    assert cuts >= 2
    # Each cut costs one piece at most, not the whole.
    assert line.state()["bytes_up"] - before < attachment.size_bytes + (cuts + 2) * 256 * 1024


def cut_after(line: LineSimulator, bytes_up: int) -> None:
    pause = threading.Event()
    for _ in range(400):
        if line.state()["bytes_up"] >= bytes_up:
            line.set_mode(LineMode.CUT)
            return
        pause.wait(0.0005)


@pytest.mark.fault(51)
def test_every_answer_is_lost_once(platform: Platform, line: LineSimulator, terminal: Any) -> None:
    (attachment,) = hand_in(terminal, PHOTO)
    assert terminal.drain() is None
    for _ in range(8):
        line.set_mode(LineMode.LOSE_ANSWER, times=3)
        with contextlib.suppress(PlatformError):
            upload(terminal, may_go_on=one_piece())
        line.set_mode(LineMode.UP)
        with contextlib.suppress(PlatformError):
            upload(terminal, may_go_on=one_piece())
        if not terminal.journal.attachments.pending():
            break
    assert line.state()["answers_lost"] >= 3
    upload_whatever_happens(terminal)
    assert hashlib.sha256(stored(platform, attachment)).digest() == attachment.digest


def one_piece() -> Callable[[], bool]:
    left = iter([True, True])
    return lambda: next(left, False)


def test_the_last_answer_was_lost_and_the_token_is_fetched_again(platform: Platform, terminal: Any) -> None:
    (attachment,) = hand_in(terminal, b"short")
    assert terminal.drain() is None
    kept = terminal.journal.attachments.delivered
    terminal.journal.attachments.delivered = lambda digest, token, epoch: (
        None
    )  # the power went before it was noted
    upload(terminal)
    terminal.journal.attachments.delivered = kept
    assert len(terminal.journal.attachments.pending()) == 1
    assert upload(terminal) == 1
    assert stored(platform, attachment) == terminal.journal.attachments.read(attachment.digest, 0, 10_000)


def test_bytes_that_changed_on_the_disk_are_found_out(platform: Platform, terminal: Any) -> None:
    hand_in(terminal, PHOTO)
    assert terminal.drain() is None
    true_read = terminal.journal.attachments.read
    terminal.journal.attachments.read = lambda digest, offset, length: (
        bytes(1) + true_read(digest, offset, length)[1:]
    )
    assert upload(terminal) == 0
    terminal.journal.attachments.read = true_read
    assert terminal.journal.attachments.pending()[0].sent_bytes == 0
    assert upload(terminal) == 1


@pytest.mark.fault(70)
def test_entries_go_first(terminal: Any) -> None:
    hand_in(terminal, PHOTO)
    assert terminal.drain() is None
    asked = iter([True, True, False])
    assert upload(terminal, lambda: next(asked)) == 0
    (pending,) = terminal.journal.attachments.pending()
    assert 0 <= pending.sent_bytes < pending.size_bytes
    assert upload(terminal) == 1


def call(terminal: Any, method: str, digest: bytes, headers: dict[str, str], body: bytes = b"") -> Call:
    return Call(
        method=method,
        path=f"/v1/terminals/{terminal.client.terminal_id}/attachments/{digest.hex()}",
        headers=headers,
        body=body,
        content_type=PIECE_TYPE if body else "application/json",
        done=frozenset({200, 201, 204}),
    )


def refusal(terminal: Any, wanted: Call) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        terminal.client.ask(wanted, 1, covered=(OFFSET_HEADER,))
    return caught.value.status, caught.value.word


def begun(terminal: Any) -> Attachment:
    """An attachment that the platform knows and has nothing of."""
    (attachment,) = hand_in(terminal, PHOTO)
    assert terminal.drain() is None
    upload(terminal, may_go_on=iter([True, False]).__next__)
    return attachment


def test_what_does_not_fit_is_refused(terminal: Any) -> None:
    attachment = begun(terminal)
    piece = terminal.journal.attachments.read(attachment.digest, 0, 1000)
    good = {TUS_HEADER: "1.0.0", OFFSET_HEADER: "0", CHECKSUM_HEADER: checksum(piece)}
    digest = attachment.digest
    assert refusal(terminal, call(terminal, "PATCH", digest, {**good, OFFSET_HEADER: "7"}, piece)) == (
        409,
        "wrong-offset",
    )
    wrong = {**good, CHECKSUM_HEADER: checksum(b"other")}
    assert refusal(terminal, call(terminal, "PATCH", digest, wrong, piece)) == (460, "checksum")
    wrong = {**good, CHECKSUM_HEADER: "crc32 AAAA"}
    assert refusal(terminal, call(terminal, "PATCH", digest, wrong, piece)) == (400, "checksum-algorithm")
    wrong = {**good, TUS_HEADER: "0.2.0"}
    assert refusal(terminal, call(terminal, "PATCH", digest, wrong, piece)) == (412, "tus-version")
    large = os.urandom(256 * 1024 + 1)
    wrong = {**good, CHECKSUM_HEADER: checksum(large)}
    assert refusal(terminal, call(terminal, "PATCH", digest, wrong, large)) == (413, "too-large")
    assert refusal(terminal, call(terminal, "HEAD", bytes(32), {}))[0] == 404
    # An offset that the terminal did not sign is not taken: it could be anybody's.
    unsigned = call(terminal, "PATCH", digest, {TUS_HEADER: "1.0.0"}, piece)
    assert refusal(terminal, unsigned) == (401, "bad-signature")


def test_an_attachment_of_no_stored_entry_is_refused(platform: Platform, terminal: Any) -> None:
    metadata = {"digest": "ab" * 32, "entry_id": str(new_entry_id()), "media_type": "image/jpeg"}
    headers = {TUS_HEADER: "1.0.0", LENGTH_HEADER: "10", METADATA_HEADER: pack_metadata(metadata)}
    path = f"/v1/terminals/{terminal.client.terminal_id}/attachments"
    wanted = Call(method="POST", path=path, headers=headers)
    assert refusal(terminal, wanted) == (404, "unknown-entry")
    too_large = {**headers, LENGTH_HEADER: str(100 * 1024 * 1024)}
    assert refusal(terminal, replace(wanted, headers=too_large)) == (413, "too-large")
    nonsense = {**headers, METADATA_HEADER: "digest AAAA"}
    assert refusal(terminal, replace(wanted, headers=nonsense)) == (422, "wrong-shape")


def test_two_workers_append_at_one_offset(platform: Platform, terminal: Any) -> None:
    attachment = begun(terminal)
    store, terminal_id = AttachmentStore(platform.store), terminal.client.terminal_id
    piece = terminal.journal.attachments.read(attachment.digest, 0, 1000)
    assert store.append(terminal_id, attachment.digest, 0, piece).received_bytes == 1000
    with pytest.raises(UploadRefused, match="wrong-offset"):
        store.append(terminal_id, attachment.digest, 0, piece)
    with pytest.raises(UploadRefused, match="beyond-its-length"):
        store.append(terminal_id, attachment.digest, 1000, bytes(attachment.size_bytes))
    found: Upload | None = store.find(terminal_id, attachment.digest)
    assert found is not None
    assert found.received_bytes == 1000


def test_a_token_counts_for_its_own_attachment_only(platform: Platform, terminal: Any) -> None:
    from sync.signing import SignatureFault
    from sync.upload_wire import sign_stored

    key = platform.keys.signing
    said: dict[str, Any] = {
        "terminal_id": "t1",
        "entry_id": "e1",
        "digest": b"d" * 32,
        "size_bytes": 5,
        "epoch": "e1",
    }
    token = sign_stored(**said, stored_at="2026-11-22T02:00:00.000Z", key=key)
    check_stored(token, **said, key=key.public_key())
    others: tuple[dict[str, Any], ...] = (
        {"terminal_id": "t2"},
        {"entry_id": "e2"},
        {"digest": b"x" * 32},
        {"size_bytes": 6},
        {"epoch": "e2"},
        {"epoch": None},
    )
    for other in others:
        with pytest.raises(SignatureFault):
            check_stored(token, **{**said, **other}, key=key.public_key())
    with pytest.raises(SignatureFault):
        check_stored("nonsense", **said, key=key.public_key())


def test_a_token_from_before_epochs_were_named_waits_for_another(platform: Platform) -> None:
    """An older platform signed no epoch: its word is its own, and proves nothing of the memory that it has now."""
    content = {"terminal": "t1", "entry_id": "e1", "attachment": "64" * 32, "size_bytes": 5, "stored_at": "x"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")
    signature = platform.keys.signing.sign(b"linban attachment 1\0" + text)
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (text, signature))
    said: dict[str, Any] = {"terminal_id": "t1", "entry_id": "e1", "digest": b"d" * 32, "size_bytes": 5}
    key = platform.keys.signing.public_key()
    for epoch in ("e1", None):
        with pytest.raises(AnotherEpoch):
            check_stored(token, **said, epoch=epoch, key=key)


@pytest.mark.fault(65)
def test_the_platform_was_put_back_while_a_photograph_was_on_its_way(
    platform: Platform, terminal: Any
) -> None:
    """Its word is of an epoch that this terminal has not heard of: nothing counts before the heartbeat that tells."""
    hand_in(terminal, PHOTO, b"another")
    assert terminal.drain() is None
    platform.store.begin_epoch("restored")
    sender = AttachmentUpload(terminal.client, terminal.clock, lambda: True)
    key = platform.keys.signing.public_key()
    for _ in range(7):
        assert sender.run(terminal.journal, key) == 0
    assert len(terminal.journal.attachments.pending()) == 2
    assert sender.stuck == 0  # it is nobody's fault
    terminal.journal.attachments.ask_again(platform.store.epoch)
    assert sender.run(terminal.journal, key) == 2


@pytest.mark.fault(65)
def test_a_new_epoch_is_told_between_an_answer_and_its_noting(platform: Platform, terminal: Any) -> None:
    hand_in(terminal, b"short")
    assert terminal.drain() is None
    noting, before = terminal.journal.attachments.delivered, platform.store.epoch

    def heartbeat_first(digest: bytes, token: bytes, epoch: str) -> bool:
        terminal.journal.attachments.ask_again("restored-meanwhile")
        return bool(noting(digest, token, epoch))

    terminal.journal.attachments.delivered = heartbeat_first
    assert upload(terminal) == 0
    assert len(terminal.journal.attachments.pending()) == 1
    terminal.journal.attachments.delivered = noting
    terminal.journal.attachments.ask_again(before)
    assert upload(terminal) == 1


@pytest.mark.fault(66)
def test_a_case_that_the_platform_set_apart_later_does_not_hide_what_was_handed_in_with_it(
    platform: Platform, terminal: Any
) -> None:
    """Its attachments are stuck, which is told, and go up soon after a person let the case through."""
    hand_in(terminal, PHOTO)
    assert terminal.drain() is None
    with platform.store.transaction() as run:
        run.execute("update entry set result = 'quarantined'")
    clock = ManualClock()
    sender = AttachmentUpload(terminal.client, clock, lambda: True)
    key = platform.keys.signing.public_key()
    counts = []
    for _ in range(6):
        assert sender.run(terminal.journal, key) == 0
        counts.append(sender.stuck)
    assert counts == [0, 0, 0, 0, 1, 1]
    with platform.store.transaction() as run:
        run.execute("update entry set result = 'stored'")
    assert sender.run(terminal.journal, key) == 0  # not at every look
    clock.advance(3601)
    assert sender.run(terminal.journal, key) == 1
    assert sender.stuck == 0


def test_what_was_delivered_another_way_is_not_stuck(platform: Platform, terminal: Any) -> None:
    (attachment,) = hand_in(terminal, b"short")
    assert terminal.drain() is None
    with platform.store.transaction() as run:
        run.execute("update entry set result = 'quarantined'")
    sender = AttachmentUpload(terminal.client, ManualClock(), lambda: True)
    key = platform.keys.signing.public_key()
    for _ in range(5):
        sender.run(terminal.journal, key)
    assert sender.stuck == 1
    terminal.journal.attachments.delivered(
        attachment.digest, b"from a stick", terminal.journal.settings.platform_epoch()
    )
    sender.run(terminal.journal, key)
    assert sender.stuck == 0


@pytest.mark.fault(6)
def test_a_terminal_with_too_much_begun_waits_and_says_so(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachment_store, "MAX_UNFINISHED_BYTES", 800_000)
    hand_in(terminal, PHOTO, PHOTO[:200_000], b"short")
    assert terminal.drain() is None
    upload(terminal, may_go_on=one_piece())  # the first is begun, and holds its room
    clock, going_on = ManualClock(), terminal.journal.attachments
    first = going_on.pending()[0]
    sender = AttachmentUpload(terminal.client, clock, lambda: True)
    key = platform.keys.signing.public_key()
    going_on.pending = lambda limit=20, after=0: [
        one for one in type(going_on).pending(going_on, limit, after) if one.digest != first.digest
    ]
    for _ in range(5):
        sender.run(terminal.journal, key)
    assert sender.stuck == 1
    assert len(going_on.pending()) == 1  # the short one had room
    del going_on.pending
    assert sender.run(terminal.journal, key) == 1
    clock.advance(3601)
    assert sender.run(terminal.journal, key) == 1
    assert (sender.stuck, going_on.pending()) == (0, [])


def test_the_abilities_are_told(platform_url: str) -> None:
    told = requests.options(f"{platform_url}/v1/terminals/t1/attachments", timeout=5)
    assert (told.status_code, told.headers["tus-version"]) == (204, "1.0.0")
    assert told.headers["tus-extension"] == "creation,checksum"


def test_the_words_of_an_upload() -> None:
    assert checksum_fits(checksum(b"abc"), b"abc") is True
    assert checksum_fits("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", b"abc") is True
    assert checksum_fits(checksum(b"abc"), b"abd") is False
    assert checksum_fits("sha256 ???", b"abc") is None
    said = {"digest": "00", "media_type": "图/像"}
    assert unpack_metadata(pack_metadata(said)) == said
