"""Sealing: after the commit not even this terminal can read a case again.

A sealed case is

    version (1 byte) · suite (1 byte) · HPKE encapsulated key and ciphertext (RFC 9180, base mode)

over the zstd-compressed canonical JSON of the case, bound to the entry's header (HPKE `info`), so a body
cannot be moved to another entry.  Another suite (SM2/SM3/SM4) takes its own suite byte in `_SUITES`.
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

from kiosk.domain.case import Case
from kiosk.domain.entry import EntryHeader
from kiosk.errors import SealingError, SealingFault

SUITE_X25519 = 1
"""DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""

MAX_PLAINTEXT_BYTES = 1024 * 1024
"""A body that says it unpacks to more than this is refused before it is unpacked."""

_VERSION = 1
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


def seal(plaintext: bytes, header: EntryHeader, public_key: bytes, suite: int = SUITE_X25519) -> bytes:
    """Seal `plaintext` to the platform's raw public key (X25519: 32 bytes), bound to `header`."""
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise ValueError(f"a case of {len(plaintext)} bytes is larger than {MAX_PLAINTEXT_BYTES}")
    compressed = _compressor().compress(plaintext)
    return bytes((_VERSION, suite)) + _suite(suite).seal(compressed, public_key, header.binding())


def open_sealed(sealed: bytes, header: EntryHeader, private_key: bytes) -> bytes:
    """The plaintext again, with the platform's raw private key. Raises `SealingError`."""
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise SealingError(SealingFault.UNKNOWN_SUITE)
    return _decompress(_suite(sealed[1]).open(sealed[2:], private_key, header.binding()))


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


def _decompress(compressed: bytes) -> bytes:
    try:
        size = zstandard.get_frame_parameters(compressed).content_size
        if size > MAX_PLAINTEXT_BYTES:  # an unknown size is the largest number there is
            raise SealingError(SealingFault.FOREIGN)
        return zstandard.ZstdDecompressor().decompress(compressed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise SealingError(SealingFault.FOREIGN) from error


_hpke_x25519 = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@lru_cache(maxsize=4)
def _public(raw: bytes) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(raw)


def _seal_x25519(plaintext: bytes, public_key: bytes, info: bytes) -> bytes:
    try:
        return _hpke_x25519.encrypt(plaintext, _public(public_key), info=info)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SealingError(SealingFault.BAD_KEY) from error


def _open_x25519(ciphertext: bytes, private_key: bytes, info: bytes) -> bytes:
    try:
        key = X25519PrivateKey.from_private_bytes(private_key)
    except ValueError as error:
        raise SealingError(SealingFault.BAD_KEY) from error
    try:
        return _hpke_x25519.decrypt(ciphertext, key, info=info)
    except (InvalidTag, ValueError) as error:
        raise SealingError(SealingFault.FOREIGN) from error


_SUITES = {SUITE_X25519: _SuiteFunctions(_seal_x25519, _open_x25519)}
