"""One signature for a batch: it counts for just these entries, and each keeps a proof of its own."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.case import PlatformState
from kiosk.domain.entry import RecordedEntry
from sync.acknowledgement import read_token, sign_batch, statement, verified_tokens
from sync.signing import SignatureFault
from sync.wire import EntryResult, Result
from tests.invented_entries import chain

KEY = Ed25519PrivateKey.generate()
STORED_AT = "2026-11-22T02:00:00.000Z"


def results_for(entries: list[RecordedEntry], result: Result = Result.STORED) -> list[EntryResult]:
    return [
        EntryResult(
            id=entry.header.entry_id, result=result, state=PlatformState.RECEIVED, stored_at=STORED_AT
        )
        for entry in entries
    ]


def signed(entries: list[RecordedEntry], result: str = "stored", terminal_id: str = "t1") -> bytes:
    statements = [
        statement(
            terminal_id=terminal_id,
            entry_id=str(entry.header.entry_id),
            sequence=entry.sequence,
            digest=entry.digest,
            result=result,
            stored_at=STORED_AT,
            epoch="e1",
        )
        for entry in entries
    ]
    return sign_batch(statements, terminal_id, "e1", KEY)


def tokens_of(entries: list[RecordedEntry]) -> list[bytes]:
    return verified_tokens(entries, results_for(entries), "t1", "e1", signed(entries), KEY.public_key())


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 8, 9, 64, 100])
def test_each_entry_of_a_batch_has_a_proof_of_its_own(count: int) -> None:
    entries = chain(count)
    for entry, token in zip(entries, tokens_of(entries), strict=True):
        said = read_token(token, KEY.public_key())
        assert said == {
            "terminal": "t1",
            "entry_id": str(entry.header.entry_id),
            "sequence": entry.sequence,
            "digest": entry.digest.hex(),
            "result": "stored",
            "stored_at": STORED_AT,
            "epoch": "e1",
        }


def test_a_proof_needs_no_more_room_than_before(count: int = 500) -> None:
    entries = chain(count)
    assert max(len(token) for token in tokens_of(entries)) < 560


@pytest.mark.fault(52)
def test_a_signature_counts_for_just_these_entries_in_this_order() -> None:
    entries = chain(4)
    signature = signed(entries)
    for others in (entries[:3], entries[1:], [*entries, entries[0]], list(reversed(entries)), chain(4)):
        with pytest.raises(SignatureFault):
            verified_tokens(others, results_for(others), "t1", "e1", signature, KEY.public_key())


@pytest.mark.parametrize(("terminal_id", "epoch"), [("t2", "e1"), ("t1", "e2")])
def test_a_signature_for_another_terminal_or_epoch_counts_for_nothing(terminal_id: str, epoch: str) -> None:
    entries = chain(2)
    with pytest.raises(SignatureFault):
        verified_tokens(entries, results_for(entries), terminal_id, epoch, signed(entries), KEY.public_key())


def test_a_refusal_is_not_turned_into_an_acknowledgement() -> None:
    entries = chain(3)
    signature = signed(entries, "quarantined")
    with pytest.raises(SignatureFault):
        verified_tokens(entries, results_for(entries), "t1", "e1", signature, KEY.public_key())


@pytest.mark.fault(63)
def test_a_digest_other_than_the_one_in_the_outbox_is_not_acknowledged() -> None:
    entries = chain(3)
    altered = [entries[0], replace(entries[1], digest=bytes(32)), entries[2]]
    with pytest.raises(SignatureFault):
        verified_tokens(entries, results_for(entries), "t1", "e1", signed(altered), KEY.public_key())


def test_nothing_is_not_acknowledged() -> None:
    with pytest.raises(SignatureFault):
        verified_tokens([], [], "t1", "e1", bytes(64), KEY.public_key())


def test_a_proof_read_with_another_platforms_key() -> None:
    (token,) = tokens_of(chain(1))
    with pytest.raises(SignatureFault):
        read_token(token, Ed25519PrivateKey.generate().public_key())


def test_every_field_of_a_proof_is_covered() -> None:
    token = tokens_of(chain(6))[3]
    fields: list[Any] = msgspec.msgpack.decode(token[1:])
    for place, value in enumerate(fields):
        other = {
            str: lambda value: value + "x",
            int: lambda value: value + 1,
            bytes: lambda value: bytes((value[0] ^ 1,)) + value[1:],
        }[type(value)](value)
        altered = [*fields[:place], other, *fields[place + 1 :]]
        with pytest.raises(SignatureFault):
            read_token(b"\2" + msgspec.msgpack.encode(altered), KEY.public_key())


def test_a_path_that_is_longer_than_the_tree_is_high() -> None:
    fields: list[Any] = msgspec.msgpack.decode(tokens_of(chain(6))[3][1:])
    fields[9] += bytes(32)
    with pytest.raises(SignatureFault):
        read_token(b"\2" + msgspec.msgpack.encode(fields), KEY.public_key())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_proof_or_a_fault(token: bytes) -> None:
    for each in (token, b"\2" + token):
        with pytest.raises(SignatureFault):
            read_token(each, KEY.public_key())


def test_an_acknowledgement_of_the_older_form_is_still_a_proof() -> None:
    content = json.dumps({"sequence": 1, "terminal": "t1"}, sort_keys=True, separators=(",", ":")).encode()
    signature = KEY.sign(b"linban acknowledgement 1\0" + content)
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (content, signature)]
    assert read_token(".".join(parts), KEY.public_key())["sequence"] == 1
    with pytest.raises(SignatureFault):
        read_token(f"{parts[0]}.{parts[1][:-3]}AAA", KEY.public_key())


def test_the_same_statement_is_the_same_bytes() -> None:
    facts: dict[str, Any] = {
        "terminal_id": "t1", "entry_id": "x", "sequence": 1, "digest": bytes(32),
        "result": "stored", "stored_at": "x", "epoch": "e",
    }  # fmt: skip
    assert statement(**facts) == statement(**dict(reversed(facts.items())))
    assert statement(**facts) == (
        b'{"digest":"' + b"00" * 32 + b'","entry_id":"x","epoch":"e","result":"stored","sequence":1,'
        b'"stored_at":"x","terminal":"t1"}'
    )
