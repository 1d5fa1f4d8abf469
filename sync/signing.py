"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530) and Ed25519, for both ends.

The terminal signs every request with its own key; the platform signs every answer over the *signature of
the request* that it answers, so an answer can neither be forged nor shown again for another request.
http-message-signatures does the canonical forms; what is decided here is what must be covered.

Freshness comes from the nonce and the covered request signature, never from `created`: a terminal whose
battery-backed clock says 1970 must still deliver its cases, so the age checks are switched off.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ED25519

from kiosk.domain.entry import iso_utc

LABEL = "linban"
PLATFORM_KEY_ID = "platform"
SEQUENCE_HEADER = "linban-sequence"
CLOCK_HEADER = "linban-clock"
UNSIGNED_ENCODING = "unsigned-encoding"
"""The word that such a request is refused with; to the terminal it means somebody on the way."""

_REQUEST_TAG = "linban-request-1"
_ANSWER_TAG = "linban-answer-1"
"""Tags keep a signature made for one purpose from counting for another (RFC 9421 §2.3)."""
_REQUEST_COVERS = (
    "@method",
    "@authority",
    "@path",
    "@query",
    "content-digest",
    SEQUENCE_HEADER,
    CLOCK_HEADER,
)
"""Not @target-uri: behind a TLS proxy the platform sees another scheme than the terminal did."""
_READS_THE_BODY = ("content-type", "content-encoding")
"""Headers that say how a body is to be read: one that was added on the way makes a good body look malformed."""
_LONGEST_NONCE = 128
"""Ours have 22 characters; each is kept, and a database indexes no page of text."""
_ANSWER_COVERS = ("@status", "content-type", "content-digest", CLOCK_HEADER, f'"signature";req;key="{LABEL}"')


class SignatureFault(Exception):
    """A message that does not verify. Whoever catches it decides what that means on its side."""


class UnsignedEncoding(SignatureFault):
    """The signature is the terminal's, but a header that says how to read the body is not among what it covers."""


@dataclass
class SignedRequest:
    """A request as it is signed and verified."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class SignedAnswer:
    """An answer as it is signed and verified, with the request that it answers."""

    status_code: int
    headers: dict[str, str]
    request: SignedRequest


class _Verifier(HTTPMessageVerifier):
    """Verifies without looking at the age; see the module's second paragraph."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """Accept any age."""


def sign_request(
    request: SignedRequest,
    body: bytes,
    key: Ed25519PrivateKey,
    key_id: str,
    sequence: int,
    now: datetime,
    also: tuple[str, ...] = (),
) -> None:
    """Add Content-Digest, the terminal's sequence and clock, and the signature to the headers.

    `also` names further headers that must arrive as they were sent.
    """
    request.headers[SEQUENCE_HEADER] = str(sequence)
    request.headers[CLOCK_HEADER] = iso_utc(now)
    _signer(key, key_id).sign(
        request,
        key_id=key_id,
        created=now,
        nonce=secrets.token_urlsafe(16),
        label=LABEL,
        tag=_REQUEST_TAG,
        covered_component_ids=_REQUEST_COVERS + also,
        body=body,
    )


def verify_request(
    request: SignedRequest, body: bytes, key: Ed25519PublicKey, key_id: str, also: tuple[str, ...] = ()
) -> str:
    """Check a request against the key of the terminal that it names; returns its nonce.

    Raises `SignatureFault`; `UnsignedEncoding` when only what says how to read the body may have been added.
    """
    verified = _verify(request, body, key, key_id, _REQUEST_TAG, _REQUEST_COVERS + also)
    present = {name.lower() for name in request.headers}
    for name in _READS_THE_BODY:
        if name in present and f'"{name}"' not in verified.covered_components:
            raise UnsignedEncoding(f"{name} is not signed")
    nonce = verified.nonce
    if not nonce or len(nonce) > _LONGEST_NONCE:
        raise SignatureFault("a request without a nonce, or with one that nobody would remember")
    return nonce


def sign_answer(
    answer: SignedAnswer, body: bytes, key: Ed25519PrivateKey, now: datetime, also: tuple[str, ...] = ()
) -> None:
    """Add Content-Digest, the platform's clock and the signature to the headers.

    Raises `SignatureFault` when the request carries no signature that an answer could be bound to.
    """
    answer.headers[CLOCK_HEADER] = iso_utc(now)
    try:
        _signer(key, PLATFORM_KEY_ID).sign(
            answer,
            key_id=PLATFORM_KEY_ID,
            created=now,
            label=LABEL,
            tag=_ANSWER_TAG,
            covered_component_ids=_ANSWER_COVERS[:-1] + also + _ANSWER_COVERS[-1:],
            body=body,
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise SignatureFault(str(error)) from error


def verify_answer(
    answer: SignedAnswer, body: bytes, key: Ed25519PublicKey, also: tuple[str, ...] = ()
) -> None:
    """Check that the platform gave this answer to exactly this request."""
    _verify(answer, body, key, PLATFORM_KEY_ID, _ANSWER_TAG, _ANSWER_COVERS + also)


def key_thumbprint(public_key: bytes) -> str:
    """The key id of a terminal that has no identity yet."""
    return base64.urlsafe_b64encode(public_key).decode("ascii").rstrip("=")


def _signer(key: Ed25519PrivateKey, key_id: str) -> HTTPMessageSigner:
    resolver = MappingKeyResolver(public_keys={}, private_keys={key_id: key})
    return HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver)


def _verify(
    message: SignedRequest | SignedAnswer,
    body: bytes,
    key: Ed25519PublicKey,
    key_id: str,
    tag: str,
    covers: tuple[str, ...],
) -> VerifyResult:
    resolver = MappingKeyResolver(public_keys={key_id: key}, private_keys={})
    verifier = _Verifier(signature_algorithm=ED25519, key_resolver=resolver)
    try:
        (verified,) = verifier.verify(
            message,
            max_age=None,
            expect_tag=tag,
            expect_label=LABEL,
            require_components=covers,
            body=body,
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise SignatureFault(str(error)) from error
    return verified
