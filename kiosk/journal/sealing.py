"""Sealing: after the commit not even this terminal can read a case again.

A sealed case is

    2 · suite · dictionary (a byte each) · HPKE encapsulated key and ciphertext (RFC 9180, base mode)

over the canonical JSON of the case, without what its header says already and zstd-compressed with that
dictionary (`kiosk.journal.case_dictionary`).  It is bound to these three bytes and to the entry's header
(HPKE `info`), so a body cannot be moved to another entry.  What is no case, or is a long one, has the form

    1 · suite · HPKE encapsulated key and ciphertext

over the zstd-compressed plaintext.  Another suite (SM2/SM3/SM4) takes its own suite byte in `_SUITES`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.domain.attachment import MAX_ATTACHMENT_BYTES, AttachmentSeal
from kiosk.domain.case import Case
from kiosk.domain.entry import EntryHeader
from kiosk.errors import SealingError, SealingFault
from kiosk.journal import case_dictionary

SUITE_X25519 = 1
"""DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""

MAX_PLAINTEXT_BYTES = 1024 * 1024
"""A body that says it unpacks to more than this is refused before it is unpacked."""

_PLAIN = 1
_BY_DICTIONARY = 2
_LONG_BYTES = 16 * 1024
"""From here on a text teaches the compressor more than the dictionary does."""
_of_this_thread = threading.local()
_encoder = msgspec.json.Encoder(order="sorted")


class _Body(msgspec.Struct, frozen=True):
    """The envelope inside the seal, so that its shape can change later."""

    v: int
    case: Case


_decoder = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class _SuiteFunctions:
    """What a suite must be able to do: (plaintext, public key, info) and (ciphertext, private key, info)."""

    seal: Callable[[bytes, bytes, bytes], bytes]
    open: Callable[[bytes, bytes, bytes], bytes]


def encode_case(case: Case) -> bytes:
    """The canonical JSON of a case: equal cases give equal bytes."""
    return _encoder.encode(_Body(v=1, case=case))


def decode_case(plaintext: bytes) -> Case:
    """The case in what `open_sealed` returned. Raises `SealingError(FOREIGN)` when it is none."""
    try:
        body = _decoder.decode(plaintext)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SealingError(SealingFault.FOREIGN) from error
    if body.v != 1:
        raise SealingError(SealingFault.UNKNOWN_SUITE)
    return body.case


def seal(
    plaintext: bytes, header: EntryHeader | AttachmentSeal, public_key: bytes, suite: int = SUITE_X25519
) -> bytes:
    """Seal `plaintext` to the platform's raw public key (X25519: 32 bytes), bound to `header`."""
    if len(plaintext) > _limit(header):
        raise ValueError(f"a body of {len(plaintext)} bytes is larger than {_limit(header)}")
    short = None
    if isinstance(header, EntryHeader) and len(plaintext) < _LONG_BYTES:
        short = case_dictionary.without_header(plaintext, header)
    if short is None:
        head, info, compressed = bytes((_PLAIN, suite)), header.binding(), _compressor().compress(plaintext)
    else:
        head = bytes((_BY_DICTIONARY, suite, case_dictionary.NEWEST))
        info, compressed = head + header.binding(), case_dictionary.compress(short)
    return head + _suite(suite).seal(compressed, public_key, info)


def open_sealed(sealed: bytes, header: EntryHeader | AttachmentSeal, private_key: bytes) -> bytes:
    """The plaintext again, with the platform's raw private key. Raises `SealingError`."""
    limit = _limit(header)
    if len(sealed) >= 2 and sealed[0] == _PLAIN:
        return _decompress(_suite(sealed[1]).open(sealed[2:], private_key, header.binding()), limit)
    if len(sealed) < 3 or sealed[0] != _BY_DICTIONARY or not isinstance(header, EntryHeader):
        raise SealingError(SealingFault.UNKNOWN_SUITE)
    head = sealed[:3]
    compressed = _suite(head[1]).open(sealed[3:], private_key, head + header.binding())
    short = case_dictionary.decompress(compressed, head[2], limit)
    return case_dictionary.with_header(short, header, limit)


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's compressor: to make one costs four times as much as to use it."""
    compressor = getattr(_of_this_thread, "compressor", None)
    if compressor is None:
        compressor = _of_this_thread.compressor = zstandard.ZstdCompressor(level=3, write_content_size=True)
    return compressor


def _suite(number: int) -> _SuiteFunctions:
    functions = _SUITES.get(number)
    if functions is None:
        raise SealingError(SealingFault.UNKNOWN_SUITE)
    return functions


def _limit(header: EntryHeader | AttachmentSeal) -> int:
    return MAX_ATTACHMENT_BYTES if isinstance(header, AttachmentSeal) else MAX_PLAINTEXT_BYTES


def _decompress(compressed: bytes, limit_bytes: int) -> bytes:
    try:
        size = zstandard.get_frame_parameters(compressed).content_size
        if size > limit_bytes:  # an unknown size is the largest number there is
            raise SealingError(SealingFault.FOREIGN)
        return zstandard.ZstdDecompressor().decompress(compressed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise SealingError(SealingFault.FOREIGN) from error


_hpke_x25519 = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@lru_cache(maxsize=4)
def _public(raw: bytes) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=4)
def _private(raw: bytes) -> X25519PrivateKey:
    """Kept, because to make one computes its public half: a third of what opening a case costs."""
    return X25519PrivateKey.from_private_bytes(raw)


def _seal_x25519(plaintext: bytes, public_key: bytes, info: bytes) -> bytes:
    try:
        return _hpke_x25519.encrypt(plaintext, _public(public_key), info=info)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SealingError(SealingFault.BAD_KEY) from error


def _open_x25519(ciphertext: bytes, private_key: bytes, info: bytes) -> bytes:
    try:
        key = _private(private_key)
    except ValueError as error:
        raise SealingError(SealingFault.BAD_KEY) from error
    try:
        return _hpke_x25519.decrypt(ciphertext, key, info=info)
    except (InvalidTag, ValueError) as error:
        raise SealingError(SealingFault.FOREIGN) from error


_SUITES = {SUITE_X25519: _SuiteFunctions(_seal_x25519, _open_x25519)}
