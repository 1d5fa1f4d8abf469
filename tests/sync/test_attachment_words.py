"""The platform's word that it holds an attachment: whose it is, and of which epoch."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sync.attachments import AttachmentUpload
from sync.central.exchange import Platform
from sync.upload_wire import (
    AnotherEpoch,
    check_stored,
)
from tests.sync.uploads import PHOTO, hand_in, upload


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
