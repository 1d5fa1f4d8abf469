"""What is handed in with a case reaches the platform whole, once, from whatever byte the line was cut at."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
from typing import Any

import pytest
import requests

from kiosk.clock import ManualClock
from kiosk.errors import LineFault, PlatformError
from sync.attachments import AttachmentUpload
from sync.central.exchange import Platform
from sync.line_simulator import LineMode, LineSimulator
from sync.upload_wire import (
    checksum,
    checksum_fits,
    pack_metadata,
    unpack_metadata,
)
from tests.sync.uploads import PHOTO, hand_in, one_piece, stored, upload, upload_whatever_happens


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
