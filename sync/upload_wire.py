"""The words of a resumable upload for both ends: tus 1.0 (tus.io, core protocol, creation and checksum extensions).

An attachment's address is its digest, so creating it twice finds it and nothing is ever uploaded under two names.
Beyond tus, the headers that say how far the other side has got are covered by the message's signature, and the
platform signs a statement of its own, which outlives the answer, when it holds the whole.  It names the platform's
epoch: a platform that was put back from a backup may have lost what it signed for before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.signing import SignatureFault

TUS_VERSION = "1.0.0"
TUS_HEADER = "tus-resumable"
OFFSET_HEADER = "upload-offset"
LENGTH_HEADER = "upload-length"
METADATA_HEADER = "upload-metadata"
CHECKSUM_HEADER = "upload-checksum"
TOKEN_HEADER = "linban-acknowledgement"  # noqa: S105 — a header's name
PIECE_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460
"""tus, checksum extension."""

MAX_PIECE_BYTES = 256 * 1024
_DOMAIN = b"linban attachment 1\0"
_ALGORITHMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}
"""sha1 because the extension demands it of every server; our terminals use the other."""


class AnotherEpoch(SignatureFault):
    """The platform's word indeed, but not of the memory that it has now, or that this terminal was told of."""


def checksum(piece: bytes) -> str:
    """The Upload-Checksum of a piece."""
    return "sha256 " + base64.b64encode(hashlib.sha256(piece).digest()).decode("ascii")


def checksum_fits(header: str, piece: bytes) -> bool | None:
    """Whether a piece is the one that was sent; None for an algorithm that is not known here, or nonsense."""
    name, _, value = header.partition(" ")
    algorithm = _ALGORITHMS.get(name.strip().lower())
    if algorithm is None:
        return None
    try:
        expected = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return algorithm(piece).digest() == expected


def pack_metadata(values: dict[str, str]) -> str:
    """Upload-Metadata: pairs of a key and a base64 value."""
    pairs = (
        f"{key} {base64.b64encode(value.encode('utf-8')).decode('ascii')}" for key, value in values.items()
    )
    return ",".join(pairs)


def unpack_metadata(header: str) -> dict[str, str]:
    """The pairs in Upload-Metadata; raises ValueError."""
    values: dict[str, str] = {}
    for pair in header.split(",") if header else []:
        key, _, value = pair.strip().partition(" ")
        values[key] = base64.b64decode(value, validate=True).decode("utf-8")
    return values


def sign_stored(
    *,
    terminal_id: str,
    entry_id: str,
    digest: bytes,
    size_bytes: int,
    stored_at: str,
    epoch: str,
    key: Ed25519PrivateKey,
) -> str:
    """The platform's word that it holds the whole: canonical JSON, a dot, the signature, both base64url."""
    content = _statement(terminal_id, entry_id, digest, size_bytes, stored_at, epoch)
    return f"{_base64url(content)}.{_base64url(key.sign(_DOMAIN + content))}"


def check_stored(
    token: str,
    *,
    terminal_id: str,
    entry_id: str,
    digest: bytes,
    size_bytes: int,
    epoch: str | None,
    key: Ed25519PublicKey,
) -> None:
    """Raises `SignatureFault` unless the platform signed that it holds exactly this attachment, in this epoch.

    `epoch` is the one that the platform told last, None before it told any.
    """
    try:
        content, signature = (_from_base64url(part) for part in token.split(".", 1))
        key.verify(signature, _DOMAIN + content)
        said = json.loads(content)
        stored_at, signed_epoch = str(said["stored_at"]), said.get("epoch")
    except (ValueError, KeyError, TypeError, InvalidSignature):
        raise SignatureFault("not an acknowledgement of this platform") from None
    if content != _statement(terminal_id, entry_id, digest, size_bytes, stored_at, signed_epoch):
        raise SignatureFault("an acknowledgement of something else")
    if signed_epoch is None or signed_epoch != epoch:
        raise AnotherEpoch("an acknowledgement of another epoch")


def _statement(
    terminal_id: str, entry_id: str, digest: bytes, size_bytes: int, stored_at: str, epoch: str | None
) -> bytes:
    content: dict[str, str | int] = {
        "terminal": terminal_id,
        "entry_id": entry_id,
        "attachment": digest.hex(),
        "size_bytes": size_bytes,
        "stored_at": stored_at,
    }
    if epoch is not None:  # None: signed before the statement named it
        content["epoch"] = epoch
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
