"""What is handed in with a case, uploaded piece by piece or call by call."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.domain.attachment import Attachment
from kiosk.errors import PlatformError
from sync.attachments import AttachmentUpload
from sync.central.attachment_store import AttachmentStore
from sync.central.exchange import Platform
from sync.exchange import Call
from sync.platform_client import Refused
from sync.upload_wire import (
    OFFSET_HEADER,
    PIECE_TYPE,
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


def one_piece() -> Callable[[], bool]:
    left = iter([True, True])
    return lambda: next(left, False)


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
