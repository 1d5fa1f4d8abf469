"""The platform's word on a batch: one signature, and for each entry a token of its own that outlives it.

What the platform says of one entry is a statement, canonical JSON.  The statements of a batch are the leaves
of a hash tree as in RFC 6962 §2.1, and the platform signs its root, with the terminal, the epoch and the
number of leaves.  The terminal writes every statement from what *it* sent (its own entry, its own digest) and
checks the signature over the root of that, so a signature can only ever count for the very bytes in the
outbox.

The token that the journal keeps holds the statement, the path from its leaf to the root, and the signature:
whoever has the platform's public key can check it without the rest of the batch (`read_token`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.domain.entry import RecordedEntry
from sync.signing import SignatureFault
from sync.wire import MAX_BATCH, EntryResult

_DOMAIN = b"linban batch acknowledgement 1\0"
"""Keeps a signature over a root from being taken for a signature over anything else."""
_SINGLE_DOMAIN = b"linban acknowledgement 1\0"
"""Of tokens from when each statement was signed by itself; they still count."""
_LEAF = b"\0linban acknowledgement 2\0"
_NODE = b"\1"
_HASH_BYTES = 32
_VERSION = b"\2"
"""First byte of a token; the older ones begin with a letter."""
_encode = msgspec.json.Encoder(order="sorted").encode


class _Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a token holds, behind its first byte, as MessagePack."""

    terminal_id: str
    entry_id: bytes
    sequence: int
    digest: bytes
    result: str
    stored_at: str
    epoch: str
    place: int
    size: int
    """How many leaves the tree has."""
    path: bytes
    """The hashes beside the way to the root, from the leaf upwards."""
    signature: bytes


_pack_token = msgspec.msgpack.Encoder().encode
_unpack_token = msgspec.msgpack.Decoder(_Token).decode


def statement(
    *, terminal_id: str, entry_id: str, sequence: int, digest: bytes, result: str, stored_at: str, epoch: str
) -> bytes:
    """The canonical JSON of what the platform says of one entry."""
    return _encode(
        {
            "terminal": terminal_id,
            "entry_id": entry_id,
            "sequence": sequence,
            "digest": digest.hex(),
            "result": result,
            "stored_at": stored_at,
            "epoch": epoch,
        }
    )


def sign_batch(statements: Sequence[bytes], terminal_id: str, epoch: str, key: Ed25519PrivateKey) -> bytes:
    """The platform's signature over all of them, 64 bytes."""
    (root,) = _levels(statements)[-1]
    return key.sign(_root_statement(root, len(statements), terminal_id, epoch))


def verified_tokens(
    entries: Sequence[RecordedEntry],
    results: Sequence[EntryResult],
    terminal_id: str,
    epoch: str,
    signature: bytes,
    key: Ed25519PublicKey,
) -> list[bytes]:
    """The token to keep with each entry; raises `SignatureFault` when the platform did not sign just this."""
    statements = [
        statement(
            terminal_id=terminal_id,
            entry_id=str(entry.header.entry_id),
            sequence=entry.sequence,
            digest=entry.digest,
            result=result.result.value,
            stored_at=result.stored_at,
            epoch=epoch,
        )
        for entry, result in zip(entries, results, strict=True)
    ]
    if not statements:
        raise SignatureFault("an acknowledgement of nothing")
    levels = _levels(statements)
    try:
        key.verify(signature, _root_statement(levels[-1][0], len(statements), terminal_id, epoch))
    except InvalidSignature:
        raise SignatureFault("the acknowledgement is not the platform's") from None
    return [
        _VERSION
        + _pack_token(
            _Token(
                terminal_id,
                entry.header.entry_id.bytes,
                entry.sequence,
                entry.digest,
                result.result.value,
                result.stored_at,
                epoch,
                place,
                len(statements),
                _path(levels, place),
                signature,
            )
        )
        for place, (entry, result) in enumerate(zip(entries, results, strict=True))
    ]


def read_token(token: str | bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The statement inside a kept token, checked again; raises `SignatureFault`."""
    raw = token.encode("utf-8", "replace") if isinstance(token, str) else bytes(token)
    content = _content(raw, key) if raw.startswith(_VERSION) else _single_content(raw, key)
    found = json.loads(content)
    if not isinstance(found, dict):
        raise SignatureFault("not an acknowledgement")
    return found


def _content(raw: bytes, key: Ed25519PublicKey) -> bytes:
    try:
        token = _unpack_token(raw[1:])
        content = statement(
            terminal_id=token.terminal_id,
            entry_id=str(UUID(bytes=token.entry_id)),
            sequence=token.sequence,
            digest=token.digest,
            result=token.result,
            stored_at=token.stored_at,
            epoch=token.epoch,
        )
        root = _climbed(_leaf(content), token.place, token.size, token.path)
        key.verify(token.signature, _root_statement(root, token.size, token.terminal_id, token.epoch))
    except (msgspec.MsgspecError, ValueError, InvalidSignature):
        raise SignatureFault("not an acknowledgement of this platform") from None
    return content


def _single_content(raw: bytes, key: Ed25519PublicKey) -> bytes:
    try:
        content, signature = (_from_base64url(part) for part in raw.split(b".", 1))
        key.verify(signature, _SINGLE_DOMAIN + content)
        json.loads(content)
    except (ValueError, InvalidSignature):
        raise SignatureFault("not an acknowledgement of this platform") from None
    return content


def _root_statement(root: bytes, size: int, terminal_id: str, epoch: str) -> bytes:
    content = {"root": root.hex(), "entries": size, "terminal": terminal_id, "epoch": epoch}
    return _DOMAIN + _encode(content)


def _leaf(content: bytes) -> bytes:
    return hashlib.sha256(_LEAF + content).digest()


def _levels(statements: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from its leaves to its root; a node without a neighbour moves up as it is."""
    levels = [[_leaf(content) for content in statements]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [
            hashlib.sha256(_NODE + below[place] + below[place + 1]).digest()
            for place in range(0, len(below) - 1, 2)
        ]
        levels.append(above + below[len(above) * 2 :])
    return levels


def _path(levels: Sequence[Sequence[bytes]], place: int) -> bytes:
    beside = []
    for level in levels[:-1]:
        neighbour = place ^ 1
        if neighbour < len(level):
            beside.append(level[neighbour])
        place //= 2
    return b"".join(beside)


def _climbed(leaf: bytes, place: int, size: int, path: bytes) -> bytes:
    """The root that `path` leads to; raises `ValueError` for a path that is none in a tree of that size."""
    if not 0 <= place < size <= MAX_BATCH or len(path) % _HASH_BYTES:
        raise ValueError("not a place in a tree")
    node, start = leaf, 0
    while size > 1:
        if place ^ 1 < size:
            beside = path[start : start + _HASH_BYTES]
            start += _HASH_BYTES
            pair = beside + node if place % 2 else node + beside
            node = hashlib.sha256(_NODE + pair).digest()
        place, size = place // 2, (size + 1) // 2
    if start != len(path):
        raise ValueError("a path of another length")
    return node


def _from_base64url(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
