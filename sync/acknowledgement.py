"""The platform's word on one entry: a statement of its own, signed, that outlives the answer it came in.

The terminal writes the statement from what *it* sent (its own entry, its own digest) and checks the
platform's signature over that, so a signature can only ever count for the very bytes in the outbox.  The
token that the journal keeps is self-contained: canonical JSON, a dot, the signature, both base64url.
"""

from __future__ import annotations

import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.domain.entry import RecordedEntry
from sync.signing import SignatureFault
from sync.wire import EntryResult

_DOMAIN = b"linban acknowledgement 1\0"
"""Keeps a signature over a statement from being taken for a signature over anything else."""


def statement(
    *, terminal_id: str, entry_id: str, sequence: int, digest: bytes, result: str, stored_at: str, epoch: str
) -> bytes:
    """The canonical JSON that the platform signs for one entry."""
    content = {
        "terminal": terminal_id,
        "entry_id": entry_id,
        "sequence": sequence,
        "digest": digest.hex(),
        "result": result,
        "stored_at": stored_at,
        "epoch": epoch,
    }
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")


def sign_statement(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """The platform's signature, 64 bytes."""
    return key.sign(_DOMAIN + content)


def verified_token(
    entry: RecordedEntry, result: EntryResult, terminal_id: str, epoch: str, key: Ed25519PublicKey
) -> str:
    """The token to keep with `entry`; raises `SignatureFault` when the platform did not sign it."""
    content = statement(
        terminal_id=terminal_id,
        entry_id=str(entry.header.entry_id),
        sequence=entry.sequence,
        digest=entry.digest,
        result=result.result.value,
        stored_at=result.stored_at,
        epoch=epoch,
    )
    try:
        key.verify(result.signature, _DOMAIN + content)
    except InvalidSignature:
        raise SignatureFault("the acknowledgement is not the platform's") from None
    return f"{_base64url(content)}.{_base64url(result.signature)}"


def read_token(token: str, key: Ed25519PublicKey) -> dict[str, object]:
    """The statement inside a kept token, checked again; raises `SignatureFault`."""
    try:
        content, signature = (_from_base64url(part) for part in token.split(".", 1))
        key.verify(signature, _DOMAIN + content)
        found = json.loads(content)
    except (ValueError, InvalidSignature):
        raise SignatureFault("not an acknowledgement of this platform") from None
    if not isinstance(found, dict):
        raise SignatureFault("not an acknowledgement")
    return found


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
