"""The parts that both ends share: shapes, signatures, acknowledgements, compression, pauses."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import Backoff
from sync.batch import EntriesRequest
from sync.compression import TooMuch, compress, decompress
from sync.heartbeat_wire import HeartbeatRequest
from sync.signing import SignatureFault, SignedRequest, UnsignedEncoding, sign_request, verify_request
from sync.wire import decode

KEY = Ed25519PrivateKey.generate()
BAD_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)


def signed() -> SignedRequest:
    request = SignedRequest("POST", "http://127.0.0.1:8600/v1/terminals/t1/entries?a=1", {})
    sign_request(request, b"body", KEY, "t1", 7, BAD_CLOCK)
    return request


@pytest.mark.fault(34)
def test_a_request_of_a_terminal_whose_clock_says_1970_is_accepted() -> None:
    assert verify_request(signed(), b"body", KEY.public_key(), "t1")


@pytest.mark.parametrize(
    "alter",
    [
        lambda request: setattr(request, "method", "PUT"),
        lambda request: setattr(request, "url", request.url.replace("t1", "t2")),
        lambda request: setattr(request, "url", request.url.replace("a=1", "a=2")),
        lambda request: setattr(request, "url", request.url.replace("8600", "8601")),
        lambda request: request.headers.update({"linban-sequence": "8"}),
        lambda request: request.headers.update({"linban-clock": "2026-11-22T00:00:00.000Z"}),
        lambda request: request.headers.pop("Signature"),
        lambda request: request.headers.update({"Signature-Input": "linban=()"}),
        lambda request: request.headers.update({"Content-Digest": "sha-256=:AAAA:"}),
    ],
    ids=["method", "path", "query", "host", "sequence", "clock", "unsigned", "nothing-covered", "digest"],
)
def test_an_altered_request_is_refused(alter: Any) -> None:
    request = signed()
    alter(request)
    with pytest.raises(SignatureFault):
        verify_request(request, b"body", KEY.public_key(), "t1")


@pytest.mark.parametrize("name", ["content-encoding", "Content-Type"])
def test_a_header_that_was_added_and_says_how_to_read_the_body(name: str) -> None:
    request = signed()
    request.headers[name] = "application/json"
    with pytest.raises(UnsignedEncoding):
        verify_request(request, b"body", KEY.public_key(), "t1")
    covered = SignedRequest("POST", "http://127.0.0.1/", {name: "application/json"})
    sign_request(covered, b"body", KEY, "t1", 7, BAD_CLOCK, (name.lower(),))
    assert verify_request(covered, b"body", KEY.public_key(), "t1")


def test_a_request_of_another_terminal_or_with_another_body_is_refused() -> None:
    with pytest.raises(SignatureFault):
        verify_request(signed(), b"body", KEY.public_key(), "t2")
    with pytest.raises(SignatureFault):
        verify_request(signed(), b"other", KEY.public_key(), "t1")


@given(st.binary(max_size=4000))
def test_any_bytes_are_a_message_or_a_value_error(body: bytes) -> None:
    for kind in (EntriesRequest, HeartbeatRequest):
        try:
            decode(body, kind)
        except ValueError:
            pass


def test_an_unknown_field_in_a_request_is_refused() -> None:
    with pytest.raises(ValueError, match="surprise"):
        decode(b'{"version":"1","pending":0,"parked":0,"uptime_s":1,"surprise":1}', HeartbeatRequest)


@given(st.binary(max_size=5000))
def test_compression_gives_back_what_it_took(body: bytes) -> None:
    travelling, encoding = compress(body)
    assert decompress(travelling, encoding, 5000) == body


@given(st.binary(max_size=300), st.sampled_from(["zstd", "gzip", "br", "identity"]))
def test_any_bytes_unfold_within_the_limit_or_not_at_all(body: bytes, encoding: str) -> None:
    try:
        assert len(decompress(body, encoding, 200)) <= 200
    except ValueError:
        pass


@pytest.mark.fault(50)
def test_a_gzip_bomb() -> None:
    import gzip

    with pytest.raises(TooMuch):
        decompress(gzip.compress(bytes(10_000_000)), "gzip", 1000)


def test_pauses_grow_to_the_cap_and_are_drawn_from_the_whole_interval() -> None:
    backoff = Backoff(60.0, random.Random(1))
    widest = [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    pauses = [backoff.next_s() for _ in widest]
    assert all(0.05 <= pause <= limit for pause, limit in zip(pauses, widest, strict=True))
    backoff.reset()
    assert backoff.next_s() <= 0.5


@pytest.mark.fault(60)
@pytest.mark.parametrize(("asked_s", "low", "high"), [(7.0, 7.0, 7.7), (1e12, 60.0, 65.0), (0.0, 0.05, 0.5)])
def test_a_time_that_the_other_side_asks_for_is_honoured_and_clamped(
    asked_s: float, low: float, high: float
) -> None:
    assert low <= Backoff(60.0).next_s(asked_s) <= high


def test_pauses_never_overflow() -> None:
    backoff = Backoff(300.0)
    assert all(0.05 <= backoff.next_s() <= 300.0 for _ in range(2000))


def test_a_nonce_that_nobody_would_remember() -> None:
    with patch("secrets.token_urlsafe", return_value="n" * 129):
        request = signed()
    with pytest.raises(SignatureFault, match="nonce"):
        verify_request(request, b"body", KEY.public_key(), "t1")
