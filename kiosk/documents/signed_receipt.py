"""The word of the terminal on a slip's QR code: enough to make the case known again when the terminal is lost.

A CWT (RFC 8392) in a COSE_Sign1 (RFC 9052) with Ed25519, as base45 (RFC 9285), because its alphabet is that of a
QR code's alphanumeric mode:

    LINBAN:R2: receipt number : base45( 61(18([ {1: -8}, {4: key id}, claims, signature ])) )

claims: 1 issuer (terminal number), 6 issued at, 7 CWT id (entry id, 16 bytes), and three private ones.  The number
stands before them in the clear, so that a terminal looks it up without knowing CBOR, and so does a person.
Nothing in it is personal.

Who signs: not the terminal's own key, which speaks to the platform and stays out of the face's process, but a
key that can do nothing else, made beside the journal and told to the platform by the terminal's own.  So the
face signs by itself, in a millisecond, and paper never waits for another process.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain.receipt import SIGNED_PREFIX, Receipt, receipt_number

KEY_ID_BYTES = 8
_CWT_TAG = b"\xd8\x3d"
_SIGN1_TAG = 18
_ALGORITHM, _KEY_ID = 1, 4
"""Header labels (RFC 9052 §3.1)."""
_EDDSA = -8
_ISSUER, _ISSUED_AT, _CWT_ID = 1, 6, 7
_SEQUENCE, _DIGEST, _SERVICE = -65537, -65538, -65539
"""Below -65536: private use (RFC 8392 §9.1)."""
_MAX_CHARACTERS = 1024
_MOST_ENTRIES = 2**53
_SERVICE_CODE = re.compile(r"[A-Za-z0-9._+\-]{1,64}")
"""As on the wire (`sync.wire.Code`)."""
_KindT = TypeVar("_KindT")


class NotOurWord(Exception):
    """A scanned text that is no signed receipt, or whose signature does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """What a slip says of a case; believed only after `verify`."""

    receipt: Receipt
    terminal_number: str
    key_id: bytes
    token: bytes
    """The COSE message as it was scanned."""

    def verify(self, public_key: bytes) -> None:
        """Raise `NotOurWord` unless the holder of `public_key` (Ed25519, raw) signed exactly this."""
        from cwt import COSE, COSEKey

        if key_id(public_key) != self.key_id:
            raise NotOurWord("another key")
        key = COSEKey.new({1: 1, -1: 6, 3: -8, -2: public_key, 2: self.key_id})
        try:
            COSE.new().decode(self.token, key)
        except Exception as error:  # a stranger's bytes fail in whatever way the decoder likes
            raise NotOurWord("the signature does not hold") from error


def new_slip_key() -> bytes:
    """A new private key, 32 bytes raw."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_half(private_key: bytes) -> bytes:
    """The public key of a private one, both raw."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def key_id(public_key: bytes) -> bytes:
    """How a key is named on a slip."""
    return hashlib.sha256(b"linban slip key 1\0" + public_key).digest()[:KEY_ID_BYTES]


def signed_text(receipt: Receipt, private_key: bytes) -> str:
    """What the QR code of a slip holds. The same receipt always gives the same text."""
    # Two calls instead of the library that verifies: importing that one takes the face a tenth of a second.
    import base45
    import cbor2

    key = Ed25519PrivateKey.from_private_bytes(private_key)
    claims = {
        _ISSUER: receipt.number[:6],
        _ISSUED_AT: int(receipt.received_at.timestamp()),
        _CWT_ID: receipt.entry_id.bytes,
        _SEQUENCE: receipt.sequence,
        _DIGEST: receipt.digest,
        _SERVICE: receipt.service_code,
    }
    protected, payload = cbor2.dumps({_ALGORITHM: _EDDSA}), cbor2.dumps(claims, canonical=True)
    signature = key.sign(cbor2.dumps(["Signature1", protected, b"", payload]))  # RFC 9052 §4.4
    named = {_KEY_ID: key_id(key.public_key().public_bytes_raw())}
    token = _CWT_TAG + cbor2.dumps(cbor2.CBORTag(_SIGN1_TAG, [protected, named, payload, signature]))
    return f"{SIGNED_PREFIX}{receipt.number}:{base45.b45encode(token).decode('ascii')}"


def read_signed(text: str) -> SignedReceipt:
    """What a scanned text says. Raises `NotOurWord` when it is no signed receipt; nothing is verified yet."""
    import base45
    import cbor2

    text = text.strip()
    number, colon, word = text.removeprefix(SIGNED_PREFIX).partition(":")
    if not text.startswith(SIGNED_PREFIX) or not colon or len(text) > _MAX_CHARACTERS:
        raise NotOurWord("not a signed receipt")
    try:
        token = base45.b45decode(word)
        if not token.startswith(_CWT_TAG):
            raise NotOurWord("not a CWT")
        message = cbor2.loads(token[len(_CWT_TAG) :])
        named, content = message.value[1][_KEY_ID], cbor2.loads(message.value[2])
        receipt = Receipt(
            number=number,
            entry_id=UUID(bytes=content[_CWT_ID]),
            sequence=_a(int, content[_SEQUENCE]),
            received_at=datetime.fromtimestamp(content[_ISSUED_AT], UTC),
            service_code=_a(str, content[_SERVICE]),
            digest=_a(bytes, content[_DIGEST]),
        )
        issuer = _a(str, content[_ISSUER])
        follows = receipt_number(issuer, receipt.entry_id) == number
    except NotOurWord:
        raise
    except Exception as error:  # a stranger's bytes fail in whatever way the decoders like
        raise NotOurWord("not a signed receipt") from error
    if not follows or len(receipt.digest) != 32 or not isinstance(named, bytes):
        raise NotOurWord("number and signature speak of different cases")
    if not 1 <= receipt.sequence <= _MOST_ENTRIES or not _SERVICE_CODE.fullmatch(receipt.service_code):
        raise NotOurWord("a place or a service that no entry has")
    return SignedReceipt(
        receipt=receipt,
        terminal_number=issuer,
        key_id=named,
        token=token[len(_CWT_TAG) :],
    )


def _a(kind: type[_KindT], claim: object) -> _KindT:
    """A claim that is of this kind, and not what could be made into one: `bytes` of a number is so much memory."""
    if type(claim) is not kind:
        raise NotOurWord("a claim of another kind")
    return claim
