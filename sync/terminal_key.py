"""The terminal's own Ed25519 key: made here, never leaves, in a file that only its owner may read."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.secret_file import load_or_create


def load_or_create_terminal_key(file: Path) -> Ed25519PrivateKey:
    """The key in `file` (32 bytes raw, RFC 8032); made at the first start."""
    return Ed25519PrivateKey.from_private_bytes(
        load_or_create(file, lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    )
