"""Sealing: only the platform opens a case, only under its own header, and never more than fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.case import new_entry_id
from kiosk.domain.entry import EntryHeader, EntryKind
from kiosk.errors import SealingError, SealingFault
from kiosk.journal import sealing
from tests.journal.conftest import MakeCase

PRIVATE = X25519PrivateKey.generate()
SECRET = PRIVATE.private_bytes_raw()
PUBLIC = PRIVATE.public_key().public_bytes_raw()
HEADER = EntryHeader(
    terminal_number="370508",
    entry_id=new_entry_id(),
    kind=EntryKind.CASE,
    service_code="pension-certification",
    pack_version="1.0.0",
    receipt_number="3705081244160973",
)


def _fault(sealed: bytes, header: EntryHeader = HEADER, secret: bytes = SECRET) -> SealingFault:
    with pytest.raises(SealingError) as caught:
        sealing.open_sealed(sealed, header, secret)
    return caught.value.fault


@given(st.binary(max_size=3000))
def test_what_was_sealed_opens_to_the_same_bytes(body: bytes) -> None:
    assert sealing.open_sealed(sealing.seal(body, HEADER, PUBLIC), HEADER, SECRET) == body


def test_the_same_case_gives_the_same_bytes_and_comes_back_whole(make_case: MakeCase) -> None:
    case = make_case()
    shuffled = replace(case, answers=dict(reversed(case.answers.items())))
    assert sealing.encode_case(case) == sealing.encode_case(shuffled)
    assert sealing.decode_case(sealing.encode_case(case)) == case


def test_two_seals_of_one_body_have_nothing_in_common() -> None:
    first, second = sealing.seal(b"x" * 100, HEADER, PUBLIC), sealing.seal(b"x" * 100, HEADER, PUBLIC)
    assert first[:2] == second[:2] == b"\x01\x01"
    assert first[2:34] != second[2:34]


def test_a_body_moved_to_another_entry_does_not_open() -> None:
    sealed = sealing.seal(b"body", HEADER, PUBLIC)
    assert _fault(sealed, replace(HEADER, entry_id=new_entry_id())) is SealingFault.FOREIGN
    assert _fault(sealed, replace(HEADER, pack_version="1.0.1")) is SealingFault.FOREIGN


def test_another_platforms_key_does_not_open_it() -> None:
    sealed = sealing.seal(b"body", HEADER, PUBLIC)
    assert _fault(sealed, secret=X25519PrivateKey.generate().private_bytes_raw()) is SealingFault.FOREIGN


def test_every_single_flipped_bit_is_found() -> None:
    sealed = sealing.seal(b"body", HEADER, PUBLIC)
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        expected = SealingFault.UNKNOWN_SUITE if position < 2 else SealingFault.FOREIGN
        assert _fault(bytes(damaged)) is expected


@given(st.binary(max_size=200))
def test_rubbish_is_refused_with_a_reason(rubbish: bytes) -> None:
    assert _fault(rubbish) in (SealingFault.UNKNOWN_SUITE, SealingFault.FOREIGN)
    assert _fault(b"\x01\x01" + rubbish) is SealingFault.FOREIGN


def test_keys_of_the_wrong_length_are_bad_keys() -> None:
    with pytest.raises(SealingError) as caught:
        sealing.seal(b"body", HEADER, b"short")
    assert caught.value.fault is SealingFault.BAD_KEY
    assert _fault(sealing.seal(b"body", HEADER, PUBLIC), secret=b"short") is SealingFault.BAD_KEY
    with pytest.raises(SealingError):
        sealing.seal(b"body", HEADER, bytes(32))  # a point of low order


@pytest.mark.parametrize("told", [True, False])
def test_a_bomb_is_refused_before_it_is_unpacked(told: bool) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=told)
    packer = bomb.compressobj(size=64 * 1024 * 1024 if told else -1)
    packed = packer.compress(bytes(64 * 1024 * 1024)) + packer.flush()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    sealed = b"\x01\x01" + suite.encrypt(packed, PRIVATE.public_key(), info=HEADER.binding())
    assert _fault(sealed) is SealingFault.FOREIGN


def test_a_case_too_large_to_be_opened_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="larger"):
        sealing.seal(bytes(sealing.MAX_PLAINTEXT_BYTES + 1), HEADER, PUBLIC)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"v":1,"case":{}}'])
def test_a_body_that_is_no_case_is_foreign(body: bytes) -> None:
    with pytest.raises(SealingError):
        sealing.decode_case(body)
