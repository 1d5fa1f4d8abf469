"""The platform's own secrets: made at the first start, kept in files that only their owner may read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.errors import LinbanError
from sync.secret_file import load_or_create

_SEALING_FILE = "sealing.key"
_SIGNING_FILE = "signing.key"
_CONSOLE_FILE = "console.key"
_TOKEN_FILE = "operator.token"  # noqa: S105 — a file's name


class UnusableKeys(LinbanError):
    """They cannot be had, nor made; the message is a sentence that says why."""


@dataclass(frozen=True)
class PlatformKeys:
    """What cases are opened with, what answers are signed with, and what an operator shows."""

    sealing: X25519PrivateKey
    signing: Ed25519PrivateKey
    operator_token: str
    console: bytes
    """Operators' second factors are kept under it, so that a copy of the database alone signs nobody in."""


def load_or_create_keys(data_dir: Path) -> PlatformKeys:
    """The keys in `data_dir`; missing ones are made. Existing files are never written to. Raises `UnusableKeys`."""
    try:
        return _load_or_create_keys(data_dir)
    except OSError as error:
        raise UnusableKeys(f"{error.filename or data_dir}: {error.strerror}") from error
    except ValueError as error:
        raise UnusableKeys(f"{data_dir}: a file there is not the key that it should be") from error


def _load_or_create_keys(data_dir: Path) -> PlatformKeys:
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    sealing = load_or_create(
        data_dir / _SEALING_FILE, lambda: X25519PrivateKey.generate().private_bytes_raw()
    )
    signing = load_or_create(
        data_dir / _SIGNING_FILE, lambda: Ed25519PrivateKey.generate().private_bytes_raw()
    )
    token = load_or_create(data_dir / _TOKEN_FILE, lambda: secrets.token_urlsafe(32).encode("ascii"))
    console = load_or_create(data_dir / _CONSOLE_FILE, lambda: secrets.token_bytes(32))
    return PlatformKeys(
        sealing=X25519PrivateKey.from_private_bytes(sealing),
        signing=Ed25519PrivateKey.from_private_bytes(signing),
        operator_token=token.decode("ascii").strip(),
        console=console,
    )


def operator_token(data_dir: Path) -> str:
    """The token that operators' calls carry, for commands that run beside the platform."""
    return (data_dir / _TOKEN_FILE).read_text(encoding="ascii").strip()
