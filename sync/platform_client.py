"""The central platform as the terminal sees it: one method a call, and one exception, `PlatformError`.

An answer counts only when it is the platform's: right type, right shape, within its size, signed over
this very request.  Anything else (a portal's page, a proxy's apology, a truncated or endless body) is
`LineFault.NOT_THE_PLATFORM` and changes nothing.  Redirects are not followed, proxies of the environment
and cookies are not used.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import msgspec
import requests
import urllib3.exceptions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.entry import RecordedEntry
from kiosk.errors import LineFault, PlatformError
from sync.compression import ZSTD, compress, decompress
from sync.connection import CuttableAdapter, OpenSockets, deadline
from sync.signing import (
    SignatureFault,
    SignedAnswer,
    SignedRequest,
    key_thumbprint,
    sign_request,
    verify_answer,
)
from sync.wire import (
    JSON_TYPE,
    MAX_ANSWER_BYTES,
    PROBLEM_TYPE,
    EnrolAnswer,
    EnrolRequest,
    EntriesAnswer,
    EntriesRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    InboxAnswer,
    Problem,
    QueryAnswer,
    QueryRequest,
    decode,
    encode,
    to_wire,
)

VERSION = "0.1.0"
_READ_BYTES = 64 * 1024
MessageT = TypeVar("MessageT", bound=msgspec.Struct)


class Refused(PlatformError):
    """The platform itself, provably, refused: a person or another request is needed, not a repetition."""

    def __init__(self, fault: LineFault, status: int, word: str, detail: str) -> None:
        self.status, self.word = status, word
        super().__init__(fault, f"{status} {word} {detail}".strip())


SLOWEST_BYTES_PER_S = 4000.0
"""What a body may take on top of an exchange's ordinary time: half of a 64 kbit/s line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long an exchange may take."""

    connect_s: float = 5.0
    read_s: float = 20.0
    """Longest pause before the answer's first byte, and between two of its bytes."""
    whole_s: float = 30.0
    """The whole of a small exchange, from the first byte to the last."""

    def for_body(self, size_bytes: int) -> float:
        """The total deadline of an exchange that sends so many bytes."""
        return self.whole_s + size_bytes / SLOWEST_BYTES_PER_S

    def pauses(self, size_bytes: int) -> tuple[float, float]:
        """(connect, read) for such an exchange.

        A body that "was written" may stand in the kernel's buffer for long on a slow line, so the wait for
        the answer must allow for the way there.
        """
        return self.connect_s, self.read_s + size_bytes / SLOWEST_BYTES_PER_S


@dataclass(frozen=True, slots=True)
class _RawAnswer:
    """An answer that was read whole and within its cap; nothing of it is believed yet."""

    status: int
    headers: dict[str, str]
    body: bytes


class PlatformClient:
    """Calls the platform. Used by one thread; `cut` may be called from any."""

    def __init__(
        self, settings: PlatformSettings, key: Ed25519PrivateKey, clock: Clock, limits: Limits | None = None
    ) -> None:
        self._url = settings.url.rstrip("/")
        self._key = key
        self._clock = clock
        self._limits = limits or Limits()
        self._terminal_id = ""
        self._platform_key: Ed25519PublicKey | None = None
        self._sockets = OpenSockets()
        self._called_off = False
        self._session = _session(settings, self._sockets)
        self.bytes_in_flight = 0
        """The body of the exchange that is going on; others on the same line must be patient meanwhile."""

    def become(self, enrolment: Enrolment) -> None:
        """Speak as this terminal and believe only this platform from now on."""
        self._terminal_id = enrolment.terminal_id
        self._platform_key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)

    def call_off(self) -> None:
        """End the exchange that is going on and refuse new ones; from any thread."""
        self._called_off = True
        self._sockets.cut()

    def begin_again(self) -> None:
        """Cut the exchange that is going on; it is begun once more on a new connection. From any thread."""
        self._sockets.cut()

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()

    def enrol(self, code: str) -> tuple[Enrolment, str]:
        """Use a one-time code; returns who this terminal is, and the platform's epoch.

        The platform's key is in the answer, so its signature proves only that the answer is whole; who
        gave it rests on TLS. That is why enrolment is done once, by a person who knows the address.
        """
        public_key = self._key.public_key().public_bytes_raw()
        message = EnrolRequest(code=code.strip(), public_key=public_key, version=VERSION)
        request, raw = self._exchange("POST", "/v1/enrol", encode(message), key_thumbprint(public_key), 0)
        answer = self._believed(request, raw, EnrolAnswer, enrolling=True)
        enrolment = Enrolment(
            terminal_id=answer.terminal_id,
            terminal_number=answer.terminal_number,
            region_code=answer.region_code,
            sealing_key=answer.sealing_key,
            signing_key=answer.signing_key,
        )
        return enrolment, answer.epoch

    def send_entries(self, entries: Sequence[RecordedEntry], sequence: int) -> EntriesAnswer:
        """Send a batch; one result an entry. `sequence` is the newest entry of the journal."""
        body = encode(EntriesRequest(entries=[to_wire(entry) for entry in entries]))
        return self._call("POST", f"/v1/terminals/{self._terminal_id}/entries", body, EntriesAnswer, sequence)

    def heartbeat(
        self, message: HeartbeatRequest, sequence: int, whole_s: float | None = None
    ) -> HeartbeatAnswer:
        """Say how the terminal is."""
        path = f"/v1/terminals/{self._terminal_id}/heartbeat"
        return self._call("POST", path, encode(message), HeartbeatAnswer, sequence, whole_s)

    def inbox(self, after: int, sequence: int) -> InboxAnswer:
        """What the platform has to say after message `after`."""
        path = f"/v1/terminals/{self._terminal_id}/inbox?after={after}"
        return self._call("GET", path, b"", InboxAnswer, sequence)

    def query(self, service: str, params: dict[str, str], sequence: int, whole_s: float) -> dict[str, Any]:
        """A live look-up on behalf of the session."""
        body = encode(QueryRequest(params=params))
        return self._call("POST", f"/v1/queries/{service}", body, QueryAnswer, sequence, whole_s).answer

    def _call(
        self,
        method: str,
        path: str,
        body: bytes,
        kind: type[MessageT],
        sequence: int,
        whole_s: float | None = None,
    ) -> MessageT:
        if self._platform_key is None:
            raise PlatformError(LineFault.NOT_CONFIGURED, "not enrolled")
        request, raw = self._exchange(method, path, body, self._terminal_id, sequence, whole_s)
        return self._believed(request, raw, kind)

    def _exchange(
        self, method: str, path: str, body: bytes, key_id: str, sequence: int, whole_s: float | None = None
    ) -> tuple[SignedRequest, _RawAnswer]:
        """One exchange; once more when a kept connection turns out to have been closed meanwhile."""
        if not self._url:
            raise PlatformError(LineFault.NOT_CONFIGURED, "no address")
        opened = self._sockets.opened
        try:
            return self._exchange_once(method, path, body, key_id, sequence, whole_s)
        except PlatformError as error:
            if error.fault is not LineFault.NO_LINE or self._sockets.opened != opened or self._called_off:
                raise
        # Every call may be repeated: entries are known by their identity, the others change nothing twice.
        return self._exchange_once(method, path, body, key_id, sequence, whole_s)

    def _exchange_once(
        self, method: str, path: str, body: bytes, key_id: str, sequence: int, whole_s: float | None
    ) -> tuple[SignedRequest, _RawAnswer]:
        self._sockets.allow()
        if self._called_off:  # looked at after `allow`, so that a call that is called off now is not missed
            raise PlatformError(LineFault.NO_LINE, "called off")
        travelling, encoding = compress(body)
        try:
            prepared = self._prepare(method, path, travelling, encoding)
        except requests.exceptions.InvalidURL as error:
            raise PlatformError(LineFault.NOT_CONFIGURED, "an address that is none") from error
        signed = SignedRequest(
            method, str(prepared.url), {name: str(value) for name, value in prepared.headers.items()}
        )
        sign_request(signed, travelling, self._key, key_id, sequence, self._clock.now())
        prepared.headers.update(signed.headers)
        limit_s = whole_s if whole_s is not None else self._limits.for_body(len(travelling))
        with deadline(self._sockets, self._clock, limit_s) as time_limit:
            self.bytes_in_flight = len(travelling)
            try:
                answer = self._send(prepared, self._limits.pauses(len(travelling)))
            except PlatformError as error:
                if time_limit.passed:
                    raise PlatformError(LineFault.TIMED_OUT, f"more than {limit_s:.1f} s in all") from error
                raise
            else:
                # Cut among its headers, an answer looks whole.
                if time_limit.passed:
                    raise PlatformError(LineFault.TIMED_OUT, f"more than {limit_s:.1f} s in all")
                return signed, answer
            finally:
                self.bytes_in_flight = 0

    def _prepare(self, method: str, path: str, body: bytes, encoding: str | None) -> requests.PreparedRequest:
        headers = {
            "accept": f"{JSON_TYPE}, {PROBLEM_TYPE}",
            "accept-encoding": ZSTD,
            "content-type": JSON_TYPE,
            "linban-terminal": self._terminal_id,
            "user-agent": f"linban-terminal/{VERSION}",
        }
        if encoding is not None:
            headers["content-encoding"] = encoding
        # As a stream, so that it leaves in blocks of 16 KiB: a socket's time-out is for one whole write,
        # and on a slow line a batch in one write would exceed it while it flows.
        data = io.BytesIO(body) if body else None
        return self._session.prepare_request(
            requests.Request(method, self._url + path, headers=headers, data=data)
        )

    def _send(self, prepared: requests.PreparedRequest, timeouts: tuple[float, float]) -> _RawAnswer:
        try:
            with self._session.send(
                prepared, timeout=timeouts, allow_redirects=False, stream=True
            ) as response:
                _check_status(response.status_code, response.headers.get("retry-after"))
                headers = {name.lower(): value for name, value in response.headers.items()}
                return _RawAnswer(
                    response.status_code, headers, _read(response, headers.get("content-length"))
                )
        except PlatformError:
            raise
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise PlatformError(LineFault.TIMED_OUT, type(error).__name__) from error
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            raise PlatformError(LineFault.TLS, str(error)[:200]) from error
        except (
            requests.exceptions.InvalidHeader,
            urllib3.exceptions.DecodeError,
            requests.exceptions.InvalidURL,
        ) as error:
            raise PlatformError(LineFault.NOT_THE_PLATFORM, type(error).__name__) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise PlatformError(LineFault.NO_LINE, type(error).__name__) from error

    def _believed(
        self, request: SignedRequest, raw: _RawAnswer, kind: type[MessageT], enrolling: bool = False
    ) -> MessageT:
        """The message in an answer that is proven to be the platform's; raises what it refuses with."""
        content_type = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in (JSON_TYPE, PROBLEM_TYPE):
            raise _foreign(raw, f"content type {content_type[:60]!r}")
        try:
            content = decompress(raw.body, raw.headers.get("content-encoding"), MAX_ANSWER_BYTES)
            if enrolling:
                return self._believed_enrolment(request, raw, content, kind)
            assert self._platform_key is not None
            verify_answer(SignedAnswer(raw.status, raw.headers, request), raw.body, self._platform_key)
            if raw.status != 200:
                raise _refusal(raw.status, decode(content, Problem))
            return decode(content, kind)
        except (SignatureFault, ValueError) as error:
            raise _foreign(raw, str(error)) from error

    def _believed_enrolment(
        self, request: SignedRequest, raw: _RawAnswer, content: bytes, kind: type[MessageT]
    ) -> MessageT:
        """As `_believed`, before the platform's key is known: a refusal costs nothing, so it is believed."""
        if raw.status != 200:
            raise _refusal(raw.status, decode(content, Problem), fault=LineFault.REFUSED)
        key = Ed25519PublicKey.from_public_bytes(decode(content, EnrolAnswer).signing_key)
        verify_answer(SignedAnswer(raw.status, raw.headers, request), raw.body, key)
        return decode(content, kind)


def _session(settings: PlatformSettings, sockets: OpenSockets) -> requests.Session:
    session = requests.Session()
    # Else a forgotten http_proxy or .netrc would decide where cases go.
    session.trust_env = False
    session.verify = str(settings.ca_file) if settings.ca_file else True
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", CuttableAdapter(sockets))
    session.mount("https://", CuttableAdapter(sockets))
    return session


def _check_status(status: int, retry_after: str | None) -> None:
    """Faults that claim nothing are believed of anybody: the worst they can do is to make us wait."""
    if status == 429 or (status == 503 and retry_after):
        raise PlatformError(LineFault.TOO_MANY, str(status), retry_after_s=_seconds(retry_after))
    if status >= 500:
        raise PlatformError(LineFault.SERVER_TROUBLE, str(status))
    if status != 200 and not 400 <= status < 500:
        raise PlatformError(LineFault.NOT_THE_PLATFORM, f"answered {status}")


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds. A date is ignored: our own clock may be wrong by years."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None


def _read(response: requests.Response, announced: str | None) -> bytes:
    """The body as it came over the wire, not unpacked, or a fault as soon as it is too long."""
    if announced and announced.isdigit() and int(announced) > MAX_ANSWER_BYTES:
        raise PlatformError(LineFault.NOT_THE_PLATFORM, f"announces {announced} bytes")
    body = bytearray()
    while chunk := response.raw.read1(_READ_BYTES, decode_content=False):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise PlatformError(LineFault.NOT_THE_PLATFORM, "an answer without end")
    if announced and announced.isdigit() and len(body) < int(announced):
        raise PlatformError(LineFault.NO_LINE, "cut in the middle of the answer")
    return bytes(body)


def _foreign(raw: _RawAnswer, why: str) -> PlatformError:
    if raw.status == 413:
        # A gateway on the way may say so; it moves the size of a batch, never an entry.
        return PlatformError(LineFault.TOO_LARGE, "413, not signed")
    return PlatformError(LineFault.NOT_THE_PLATFORM, why[:200])


def _refusal(status: int, problem: Problem, fault: LineFault | None = None) -> PlatformError:
    if fault is None:
        by_status = {401: LineFault.NOT_AUTHORISED, 403: LineFault.NOT_AUTHORISED, 413: LineFault.TOO_LARGE}
        fault = by_status.get(status, LineFault.REFUSED)
    return Refused(fault, status, problem.word, problem.detail)
