"""Uploads that the platform refuses: they do not fit, belong to no entry, or come from two hands at once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.domain.case import new_entry_id
from sync.attachments import AttachmentUpload
from sync.central import attachment_store
from sync.central.attachment_store import AttachmentStore, Upload, UploadRefused
from sync.central.exchange import Platform
from sync.exchange import Call
from sync.platform_client import Refused
from sync.upload_wire import (
    CHECKSUM_HEADER,
    LENGTH_HEADER,
    METADATA_HEADER,
    OFFSET_HEADER,
    TUS_HEADER,
    checksum,
    pack_metadata,
)
from tests.sync.uploads import PHOTO, begun, call, hand_in, one_piece, refusal, upload


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


@pytest.mark.parametrize("status", [404, 410])
def test_an_upload_that_the_platform_gave_up_is_begun_anew(
    platform: Platform, terminal: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    begun(terminal)
    with platform.store.transaction() as run:
        run.execute("delete from attachment")
    ask = terminal.client.ask

    def gone(call: Call, *rest: Any, **more: Any) -> Any:
        try:
            return ask(call, *rest, **more)
        except Refused as refused:
            if (call.method, refused.status) != ("HEAD", 404):
                raise
            raise Refused(refused.fault, status, "gone", "") from refused

    monkeypatch.setattr(terminal.client, "ask", gone)
    assert upload(terminal) == 1
    assert terminal.journal.attachments.pending() == []


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
