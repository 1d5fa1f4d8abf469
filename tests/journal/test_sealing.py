"""Sealing: only the platform opens a case, only under its own header, and never more than fits."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from kiosk.bench.invented_cases import MEASURING, invented_cases
from kiosk.catalogue.loader import load_catalogue
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.attachment import AttachmentSeal
from kiosk.domain.case import new_entry_id
from kiosk.domain.entry import EntryHeader, EntryKind
from kiosk.errors import SealingError, SealingFault
from kiosk.journal import case_dictionary, sealing
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

DIGEST_OF_1 = "0e0364afc389425f35ff2499a747f58fec6c8ce13b523f3b82740297fae38016"


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
    assert first[:3] == second[:3] == b"\x02\x01\x01"
    assert first[3:35] != second[3:35]


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


def test_a_case_sealed_before_there_were_dictionaries_still_opens(make_case: MakeCase) -> None:
    body = sealing.encode_case(make_case())
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    packed = zstandard.ZstdCompressor(write_content_size=True).compress(body)
    sealed = b"\x01\x01" + suite.encrypt(packed, PRIVATE.public_key(), info=HEADER.binding())
    assert sealing.open_sealed(sealed, HEADER, SECRET) == body


def test_a_dictionary_that_is_not_here_is_said() -> None:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    head = b"\x02\x01\xc8"
    sealed = head + suite.encrypt(b"body", PRIVATE.public_key(), info=head + HEADER.binding())
    assert _fault(sealed) is SealingFault.UNKNOWN_SUITE


@pytest.mark.parametrize(
    "body",
    [b'"1.0.0"', b'"1.0.0""1.0.0"', b"\1", b"\3\2\1", b'"pension-certification"' * 90, b"\\u0001"],
)
def test_what_the_header_says_already_comes_back_where_it_stood(body: bytes) -> None:
    assert sealing.open_sealed(sealing.seal(body, HEADER, PUBLIC), HEADER, SECRET) == body


def test_a_small_frame_that_would_unfold_by_its_header_is_refused() -> None:
    body = b"\1" * (2 * sealing.MAX_PLAINTEXT_BYTES // 38 + 1)
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    head = bytes((2, 1, case_dictionary.NEWEST))
    packed = case_dictionary.compress(body)
    sealed = head + suite.encrypt(packed, PRIVATE.public_key(), info=head + HEADER.binding())
    assert _fault(sealed) is SealingFault.FOREIGN


def test_an_attachment_opens_under_its_own_seal_only() -> None:
    seal = AttachmentSeal(terminal_number="370508", media_type="image/jpeg")
    sealed = sealing.seal(b"picture", seal, PUBLIC)
    assert sealing.open_sealed(sealed, seal, SECRET) == b"picture"
    with pytest.raises(SealingError):
        sealing.open_sealed(sealed, replace(seal, media_type="image/png"), SECRET)


def test_the_dictionary_is_what_its_script_makes_of_the_packs_of_its_time() -> None:
    """Its number stands for these bytes for ever: bodies are sealed with it."""
    content = case_dictionary.file_of(1).read_bytes()
    assert hashlib.sha256(content).hexdigest() == DIGEST_OF_1


def test_a_case_takes_two_fifths_of_its_json() -> None:
    packs = list(load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs.values())
    plain = sealed = 0
    for case in itertools.islice(invented_cases(packs, MEASURING, 3), 200):
        header = replace(
            HEADER, entry_id=case.entry_id, service_code=case.service_code, pack_version=case.pack_version
        )
        body = sealing.encode_case(case)
        plain += len(body)
        sealed += len(sealing.seal(body, header, PUBLIC))
    assert sealed < 0.36 * plain


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
