"""One HTTP exchange on the platform's side: read with a cap, know the terminal, answer signed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from kiosk.clock import Clock
from sync.central.case_store import CaseStore
from sync.central.entry_store import EntryStore
from sync.central.keys import PlatformKeys
from sync.central.store import Store, Terminal
from sync.compression import ZSTD, TooMuch, compress, decompress
from sync.signing import (
    CLOCK_HEADER,
    SEQUENCE_HEADER,
    UNSIGNED_ENCODING,
    SignatureFault,
    SignedAnswer,
    SignedRequest,
    UnsignedEncoding,
    key_thumbprint,
    sign_answer,
    verify_request,
)
from sync.wire import (
    JSON_TYPE,
    MAX_DECODED_REQUEST_BYTES,
    MAX_REQUEST_BYTES,
    PROBLEM_TYPE,
    Problem,
    decode,
    encode,
)

_SEQUENCE_DIGITS = 16
_PROBLEM_PREFIX = "urn:linban:problem:"
MessageT = TypeVar("MessageT", bound=Struct)


@dataclass(frozen=True)
class Platform:
    """Everything an exchange needs."""

    store: Store
    entries: EntryStore
    cases: CaseStore
    keys: PlatformKeys
    clock: Clock
    region_code: str


class Refusal(Exception):
    """A request that is answered with a problem (RFC 9457). `word` is for programs, `detail` for people."""

    def __init__(self, status: int, word: str, detail: str = "", retry_after_s: int | None = None) -> None:
        self.status, self.word, self.detail, self.retry_after_s = status, word, detail, retry_after_s
        super().__init__(f"{status} {word}: {detail}")


@dataclass(frozen=True)
class Caller:
    """The terminal that signed a request, the request's nonce, and what it said of itself."""

    terminal: Terminal
    nonce: str
    sequence: int
    clock: datetime | None


async def read_body(request: Request, limit_bytes: int = MAX_REQUEST_BYTES) -> bytes:
    """The body as it came, at most `limit_bytes`: the rest is not even read."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit_bytes:
                raise Refusal(413, "too-large", f"at most {limit_bytes} bytes")
    except ClientDisconnect as error:
        raise Refusal(400, "cut-short") from error  # nobody is left to read it, and it is no bug of ours
    return bytes(body)


def read_message(request: Request, body: bytes, kind: type[MessageT]) -> MessageT:
    """The message in a body; refuses a wrong type, a bomb, and anything that is not exactly `kind`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise Refusal(415, "not-json", f"send {JSON_TYPE}")
    try:
        content = decompress(body, request.headers.get("content-encoding"), MAX_DECODED_REQUEST_BYTES)
        return decode(content, kind)
    except TooMuch as error:
        raise Refusal(413, "too-large", str(error)) from error
    except ValueError as error:
        raise Refusal(422, "wrong-shape", str(error)) from error


def identify(
    platform: Platform, request: Request, body: bytes, terminal_id: str, covered: tuple[str, ...] = ()
) -> Caller:
    """The terminal that sent this; refuses with 401 when the signature is not that terminal's.

    `covered` names headers beyond the usual ones that the signature must cover.  What says how to read the body is
    covered, or not there: refused with 400 otherwise.
    """
    terminal = platform.store.terminal(terminal_id)
    if terminal is None:
        raise Refusal(401, "unknown-terminal")
    key = Ed25519PublicKey.from_public_bytes(terminal.public_key)
    try:
        nonce = verify_request(as_signed(request), body, key, terminal_id, covered)
        sequence = _sequence(request.headers[SEQUENCE_HEADER])
    except UnsignedEncoding as error:
        raise Refusal(400, UNSIGNED_ENCODING, str(error)) from error
    except (SignatureFault, KeyError, ValueError) as error:
        raise Refusal(401, "bad-signature", str(error)) from error
    return Caller(terminal, nonce, sequence, _moment(request.headers.get(CLOCK_HEADER)))


def check_possession(request: Request, body: bytes, public_key: bytes) -> None:
    """Whoever enrols a key must hold its private half: the request is signed with it."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    try:
        verify_request(as_signed(request), body, key, key_thumbprint(public_key))
    except UnsignedEncoding as error:
        raise Refusal(400, UNSIGNED_ENCODING, str(error)) from error
    except SignatureFault as error:
        raise Refusal(401, "bad-signature", str(error)) from error


def require_operator(platform: Platform, request: Request) -> None:
    """Refuse with 401 unless the operator's token is shown."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    shown = token.strip().encode("utf-8")
    if scheme.lower() != "bearer" or not secrets.compare_digest(
        shown, platform.keys.operator_token.encode("ascii")
    ):
        raise Refusal(401, "operators-only")


def answer(platform: Platform, request: Request, message: Struct, status: int = 200) -> Response:
    """The signed answer to a request."""
    return _respond(platform, request, status, JSON_TYPE, encode(message))


def answer_bare(
    platform: Platform,
    request: Request,
    status: int,
    headers: dict[str, str],
    body: bytes = b"",
    content_type: str = JSON_TYPE,
    covered: tuple[str, ...] = (),
) -> Response:
    """A signed answer that is not a message; the signature covers the headers named in `covered` too."""
    return _respond(platform, request, status, content_type, body, headers, covered)


def problem(platform: Platform, request: Request, refusal: Refusal) -> Response:
    """The signed refusal of a request."""
    body = Problem(
        type=_PROBLEM_PREFIX + refusal.word,
        title=refusal.word.replace("-", " "),
        status=refusal.status,
        detail=refusal.detail[:2000],
    )
    response = _respond(platform, request, refusal.status, PROBLEM_TYPE, encode(body))
    if refusal.retry_after_s is not None:
        response.headers["retry-after"] = str(refusal.retry_after_s)
    return response


def as_signed(request: Request) -> SignedRequest:
    """The request as the terminal signed it: the path as sent, the host as it named it."""
    path = request.scope.get("raw_path", b"").decode("latin-1") or "/"
    query = request.scope.get("query_string", b"").decode("latin-1")
    host = request.headers.get("host", "")
    url = f"{request.scope.get('scheme', 'http')}://{host}{path}" + (f"?{query}" if query else "")
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        # As RFC 9421 §2.1 reads them: of two only the last would be looked at, and the first be believed.
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return SignedRequest(request.method, url, headers)


def _respond(
    platform: Platform,
    request: Request,
    status: int,
    content_type: str,
    body: bytes,
    more: dict[str, str] | None = None,
    covered: tuple[str, ...] = (),
) -> Response:
    headers = {"content-type": content_type, "cache-control": "no-store", **(more or {})}
    if request.method == "HEAD":
        body = b""  # what does not travel cannot be signed
    if ZSTD in request.headers.get("accept-encoding", ""):
        body, encoding = compress(body)
        if encoding is not None:
            headers["content-encoding"] = encoding
    if "signature" in request.headers:
        try:
            signed = SignedAnswer(status, headers, as_signed(request))
            sign_answer(signed, body, platform.keys.signing, platform.clock.now(), covered)
        except SignatureFault:
            # The request's own signature is not one, so there is nothing to bind an answer to.
            pass
    return Response(content=body, status_code=status, headers=headers)


def _sequence(text: str) -> int:
    """A place in a chain; raises `ValueError` for what is none, which would not fit into a column either."""
    if not (text.isascii() and text.isdigit() and len(text) <= _SEQUENCE_DIGITS):
        raise ValueError("a sequence that is none")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    """What the terminal's clock says; None for what is no moment: without its zone a time says nothing."""
    try:
        said = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return said if said is not None and said.tzinfo is not None else None
