"""TPM 2.0 commands and answers as bytes: just those that keep one short secret sealed to one chip.

Sources: TCG Trusted Platform Module Library, Family 2.0, revision 1.59: Part 2 (structures, constants),
Part 3 (CreatePrimary, Create, Load, Unseal, FlushContext).  Every number is big-endian (Part 1, clause 11).

The chip seals (a keyed-hash object without a scheme is data, Part 1, clause 27.3) and does not sign: hardly any
TPM 2.0 knows Ed25519, but every one keeps 32 bytes that only it can open again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_COMMAND_BYTES = 4096
HEADER_BYTES = 10
MAX_SECRET_BYTES = 128
"""MAX_SYM_DATA (Part 2, annex B): what one sealed object holds."""

_NO_SESSIONS = 0x8001
_SESSIONS = 0x8002
_CREATE_PRIMARY = 0x0131
_CREATE = 0x0153
_LOAD = 0x0157
_UNSEAL = 0x015E
_FLUSH_CONTEXT = 0x0165
_OWNER = 0x40000001
_PASSWORD_SESSION = 0x40000009

_ALG_AES = 0x0006
_ALG_KEYEDHASH = 0x0008
_ALG_SHA256 = 0x000B
_ALG_NULL = 0x0010
_ALG_ECC = 0x0023
_ALG_CFB = 0x0043
_CURVE_P256 = 0x0003
_STORAGE_ATTRIBUTES = 0x00030472
"""fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, decrypt (Part 2, 8.3)."""
_SEALED_ATTRIBUTES = 0x00000452
"""fixedTPM, fixedParent, userWithAuth, noDA: it cannot leave this chip, and asking never locks it."""

_PARENT_TEMPLATE = (
    struct.pack(">HHIH", _ALG_ECC, _ALG_SHA256, _STORAGE_ATTRIBUTES, 0)
    + struct.pack(">HHH", _ALG_AES, 128, _ALG_CFB)
    + struct.pack(">HHH", _ALG_NULL, _CURVE_P256, _ALG_NULL)
    + struct.pack(">HH", 0, 0)
)
"""The same template gives the same key until the owner's seed changes, so the parent need not be stored."""
_SEALED_TEMPLATE = struct.pack(">HHIHHH", _ALG_KEYEDHASH, _ALG_SHA256, _SEALED_ATTRIBUTES, 0, _ALG_NULL, 0)

_FORMAT_ONE = 0x80
_FORMAT_ONE_ERROR = 0x3F
_NOT_OF_THIS_CHIP = frozenset({0x1F, 0x0B, 0x10, 0x15})
"""INTEGRITY above all; HANDLE, TYPE, SIZE and their kin are what a foreign or torn object looks like."""


class TpmRefusal(Exception):
    """The chip refused a command; `code` is its response code."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"TPM response code 0x{code:03x}")

    @property
    def foreign(self) -> bool:
        """Whether the object is not one of this chip (any more): another chip, or cleared since."""
        return bool(self.code & _FORMAT_ONE) and self.code & _FORMAT_ONE_ERROR in _NOT_OF_THIS_CHIP


class TpmGarbage(Exception):
    """An answer that is not one."""


@dataclass(frozen=True, slots=True)
class SealedObject:
    """The two halves of a sealed object as the chip gave them, without their lengths."""

    public: bytes
    private: bytes


def create_primary() -> bytes:
    """The command that makes the parent of everything sealed here."""
    return _command(
        _CREATE_PRIMARY, _OWNER, _sensitive(b"") + _sized(_PARENT_TEMPLATE) + _sized(b"") + bytes(4)
    )


def create_sealed(parent: int, secret: bytes) -> bytes:
    """The command that seals `secret` under the loaded parent."""
    if not 0 < len(secret) <= MAX_SECRET_BYTES:
        raise ValueError(f"1 to {MAX_SECRET_BYTES} bytes can be sealed, not {len(secret)}")
    return _command(_CREATE, parent, _sensitive(secret) + _sized(_SEALED_TEMPLATE) + _sized(b"") + bytes(4))


def load(parent: int, sealed: SealedObject) -> bytes:
    """The command that brings a sealed object back into the chip."""
    return _command(_LOAD, parent, _sized(sealed.private) + _sized(sealed.public))


def unseal(handle: int) -> bytes:
    """The command that asks for the secret."""
    return _command(_UNSEAL, handle, b"")


def flush(handle: int) -> bytes:
    """The command that frees a slot of the chip, which has three."""
    return struct.pack(">HIII", _NO_SESSIONS, HEADER_BYTES + 4, _FLUSH_CONTEXT, handle)


def answer_size(header: bytes) -> int:
    """How long the answer is that begins with these ten bytes. Raises `TpmGarbage`."""
    tag, size = struct.unpack_from(">HI", header)
    if tag not in (_NO_SESSIONS, _SESSIONS, 0x00C4) or not HEADER_BYTES <= size <= MAX_COMMAND_BYTES:
        raise TpmGarbage("not a TPM's answer")
    return int(size)


def check(answer: bytes) -> None:
    """Raise `TpmRefusal` unless the answer says success, `TpmGarbage` when it is not whole."""
    if len(answer) < HEADER_BYTES or answer_size(answer) != len(answer):
        raise TpmGarbage("an answer of another length than it says")
    code = int.from_bytes(answer[6:10], "big")
    if code:
        raise TpmRefusal(code)


def handle_of(answer: bytes) -> int:
    """The handle that CreatePrimary or Load gave."""
    return int.from_bytes(_at(answer, HEADER_BYTES, 4), "big")


def sealed_of(answer: bytes) -> SealedObject:
    """What Create gave: private half, public half (Part 3, 12.1)."""
    private, offset = _field(answer, HEADER_BYTES + 4)
    public, _ = _field(answer, offset)
    return SealedObject(public=public, private=private)


def secret_of(answer: bytes) -> bytes:
    """What Unseal gave."""
    return _field(answer, HEADER_BYTES + 4)[0]


def _command(code: int, handle: int, parameters: bytes) -> bytes:
    """A command on one handle, authorised with the empty password (Part 1, 19.4)."""
    session = struct.pack(">IHBH", _PASSWORD_SESSION, 0, 0, 0)
    body = struct.pack(">II", handle, len(session)) + session + parameters
    return struct.pack(">HII", _SESSIONS, HEADER_BYTES + len(body), code) + body


def _sensitive(secret: bytes) -> bytes:
    return _sized(_sized(b"") + _sized(secret))


def _sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _field(answer: bytes, offset: int) -> tuple[bytes, int]:
    """A sized buffer and where it ends."""
    size = int.from_bytes(_at(answer, offset, 2), "big")
    return _at(answer, offset + 2, size), offset + 2 + size


def _at(answer: bytes, offset: int, size: int) -> bytes:
    found = answer[offset : offset + size]
    if len(found) != size:
        raise TpmGarbage("an answer that ends too early")
    return found
