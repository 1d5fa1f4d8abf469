"""One exchange with the platform over HTTP: signed, within its deadlines, read whole and within its cap.

Nothing that comes back is believed here; `sync.platform_client` does that.  What is decided here is what
went wrong when nothing usable came: no line, no time, TLS, a portal's page, a server in trouble.  Redirects
are not followed; proxies of the environment, cookies and .netrc are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3.exceptions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import Clock
from kiosk.config import PlatformSettings
from kiosk.errors import LineFault, PlatformError
from sync.compression import ZSTD, compress
from sync.connection import CuttableAdapter, OpenSockets, deadline
from sync.no_redirects import NoRedirects
from sync.pace import Pace, PacedBody
from sync.platform_clock import PlatformClock
from sync.resolver import Resolver
from sync.signing import SignedRequest, sign_request
from sync.tls import client_context, is_tls_error, tls_fault
from sync.wire import JSON_TYPE, MAX_ANSWER_BYTES, PROBLEM_TYPE

VERSION = "0.1.0"
SLOWEST_BYTES_PER_S = 4000.0
"""What a body may take on top of an exchange's ordinary time: half of a 64 kbit/s line."""
_READ_BYTES = 64 * 1024
_DONE = frozenset({200})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long an exchange may take."""

    connect_s: float = 5.0
    read_s: float = 20.0
    """Longest pause before the answer's first byte, and between two of its bytes."""
    whole_s: float = 30.0
    """The whole of a small exchange, from the first byte to the last."""

    def for_body(self, size_bytes: int, bytes_per_s: float = SLOWEST_BYTES_PER_S) -> float:
        """The total deadline of an exchange that sends so many bytes."""
        return self.whole_s + size_bytes / bytes_per_s

    def pauses(self, size_bytes: int) -> tuple[float, float]:
        """(connect, read) for such an exchange.

        A body that "was written" may stand in the kernel's buffer for long on a slow line, so the wait for
        the answer must allow for the way there.
        """
        return self.connect_s, self.read_s + size_bytes / SLOWEST_BYTES_PER_S


@dataclass(frozen=True, slots=True)
class Ground:
    """What the exchanges of one process share: names, the platform's clock, the pace."""

    resolver: Resolver
    platform_clock: PlatformClock
    pace: Pace

    @classmethod
    def for_one(cls, clock: Clock, bytes_per_s: int | None = None) -> Ground:
        """Of its own."""
        return cls(Resolver(clock), PlatformClock(clock), Pace(bytes_per_s, clock))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beyond the usual ones; all of them are signed."""
    content_type: str = JSON_TYPE
    done: frozenset[int] = _DONE
    """The statuses that are no refusal."""
    whole_s: float | None = None
    """A total deadline of its own."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer that was read whole and within its cap; nothing of it is believed yet."""

    status: int
    headers: dict[str, str]
    body: bytes
    asked_s: float
    """When the question left, by our monotonic clock."""


class Exchange:
    """Sends calls. Used by one thread; `call_off` and `begin_again` may be called from any."""

    def __init__(
        self,
        settings: PlatformSettings,
        key: Ed25519PrivateKey,
        clock: Clock,
        limits: Limits,
        ground: Ground,
    ) -> None:
        self._url = settings.url.rstrip("/")
        self._key = key
        self._clock = clock
        self._limits = limits
        self._ground = ground
        self._sockets = OpenSockets()
        self._called_off = False
        self._session = _session(settings, self._sockets, ground.resolver)
        self.bytes_in_flight = 0
        """The body of the exchange that is going on; others on the same line must be patient meanwhile."""

    def call_off(self) -> None:
        """End the exchange that is going on and refuse new ones; from any thread."""
        self._called_off = True
        self._sockets.cut()

    def begin_again(self) -> None:
        """Cut the exchange that is going on; it is begun once more on a new connection. From any thread."""
        self._sockets.cut()

    def leave_lost_address(self) -> None:
        """`begin_again` if its connection hangs on an address that this machine lost. From any thread."""
        if self._sockets.left_behind:
            self._sockets.cut()

    def close(self) -> None:
        """Drop the connections."""
        if self._session is not None:
            self._session.close()

    def was_the_platform(self) -> None:
        """The last answer proved to be the platform's: its address is worth remembering."""
        if self._sockets.last is not None:
            self._ground.resolver.proved_good(*self._sockets.last)

    def send(
        self, call: Call, key_id: str, terminal_id: str, sequence: int
    ) -> tuple[SignedRequest, RawAnswer]:
        """One exchange; once more when a kept connection turns out to have been closed meanwhile."""
        if not self._url or self._session is None:
            raise PlatformError(LineFault.NOT_CONFIGURED, "no address, or no such file of authorities")
        opened = self._sockets.opened
        try:
            return self._send_once(self._session, call, key_id, terminal_id, sequence)
        except PlatformError as error:
            if error.fault is not LineFault.NO_LINE or self._sockets.opened != opened or self._called_off:
                raise
        # Every call may be repeated: entries are known by their identity, the others change nothing twice.
        return self._send_once(self._session, call, key_id, terminal_id, sequence)

    def _send_once(
        self, session: requests.Session, call: Call, key_id: str, terminal_id: str, sequence: int
    ) -> tuple[SignedRequest, RawAnswer]:
        self._sockets.allow()
        if self._called_off:  # looked at after `allow`, so that a call that is called off now is not missed
            raise PlatformError(LineFault.NO_LINE, "called off")
        body, encoding = compress(call.body) if call.content_type == JSON_TYPE else (call.body, None)
        try:
            prepared = self._prepare(session, call, terminal_id, body, encoding)
        except requests.exceptions.InvalidURL as error:
            raise PlatformError(LineFault.NOT_CONFIGURED, "an address that is none") from error
        signed = SignedRequest(
            call.method, str(prepared.url), {name: str(value) for name, value in prepared.headers.items()}
        )
        now = self._clock.now()
        # What says how the body is to be read is signed with it: a proxy that drops the encoding it does not
        # know would else make a whole case look malformed, and the platform would refuse the case for good.
        encoded = () if encoding is None else ("content-encoding",)
        also = (*sorted(call.headers), "content-type", *encoded)
        sign_request(signed, body, self._key, key_id, sequence, now, also)
        prepared.headers.update(signed.headers)
        limit_s = call.whole_s if call.whole_s is not None else self._limit_s(len(body))
        too_late = f"more than {limit_s:.1f} s in all"
        with deadline(self._sockets, self._clock, limit_s) as time_limit:
            self.bytes_in_flight = len(body)
            try:
                answer = self._transfer(session, prepared, self._limits.pauses(len(body)), call.done)
            except PlatformError as error:
                if time_limit.passed:
                    raise PlatformError(LineFault.TIMED_OUT, too_late) from error
                raise
            else:
                # Cut among its headers, an answer looks whole.
                if time_limit.passed:
                    raise PlatformError(LineFault.TIMED_OUT, too_late)
                return signed, answer
            finally:
                self.bytes_in_flight = 0

    def _limit_s(self, size_bytes: int) -> float:
        pace = self._ground.pace.bytes_per_s
        # Another sender may share the pace, so half of it is what one can count on.
        return self._limits.for_body(
            size_bytes, min(SLOWEST_BYTES_PER_S, (pace or SLOWEST_BYTES_PER_S * 2) / 2)
        )

    def _prepare(
        self, session: requests.Session, call: Call, terminal_id: str, body: bytes, encoding: str | None
    ) -> requests.PreparedRequest:
        headers = {
            "accept": f"{JSON_TYPE}, {PROBLEM_TYPE}",
            "accept-encoding": ZSTD,
            "content-type": call.content_type,
            "linban-terminal": terminal_id,
            "user-agent": f"linban-terminal/{VERSION}",
            **call.headers,
        }
        if encoding is not None:
            headers["content-encoding"] = encoding
        # As a stream, so that it leaves in blocks of 16 KiB: a socket's time-out is for one whole write,
        # and on a slow line a batch in one write would exceed it while it flows.
        data = PacedBody(body, self._ground.pace, self._sockets.was_cut) if body else None
        return session.prepare_request(
            requests.Request(call.method, self._url + call.path, headers=headers, data=data)
        )

    def _transfer(
        self,
        session: requests.Session,
        prepared: requests.PreparedRequest,
        timeouts: tuple[float, float],
        done: frozenset[int],
    ) -> RawAnswer:
        asked_s = self._clock.monotonic()
        try:
            with session.send(
                prepared, timeout=timeouts, allow_redirects=False, stream=True, proxies=session.proxies
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                _check_status(response.status_code, headers, done)
                return RawAnswer(
                    response.status_code, headers, _read(response, headers.get("content-length")), asked_s
                )
        except PlatformError:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> PlatformError:
        """What an error of the libraries means. The order counts: a TLS error is also a connection error."""
        if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
            return PlatformError(LineFault.TIMED_OUT, type(error).__name__)
        if is_tls_error(error):
            fault = tls_fault(error, self._ground.platform_clock.wall_clock_looks_wrong)
            return PlatformError(fault, str(error)[:200])
        foreign = (
            requests.exceptions.InvalidHeader,
            urllib3.exceptions.DecodeError,
            requests.exceptions.InvalidURL,
        )
        if isinstance(error, foreign):
            return PlatformError(LineFault.NOT_THE_PLATFORM, type(error).__name__)
        return PlatformError(LineFault.NO_LINE, type(error).__name__)


def _session(settings: PlatformSettings, sockets: OpenSockets, resolver: Resolver) -> requests.Session | None:
    """A session that trusts what the settings say and nothing else; None when they name no usable authority."""
    try:
        context = client_context(settings.ca_file)
    except OSError:
        return None
    session = NoRedirects()
    # Else a forgotten http_proxy or .netrc would decide where cases go.
    session.trust_env = False
    session.proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, CuttableAdapter(sockets, resolver, context))
    return session


def _check_status(status: int, headers: Mapping[str, str], done: frozenset[int]) -> None:
    """Faults that claim nothing are believed of anybody: the worst they can do is to make us wait."""
    if status in done:
        if _is_page(headers):
            raise PlatformError(LineFault.PORTAL, f"{status} with a page")
        return
    if 300 <= status < 400 or status == 511:  # RFC 6585 §6: Network Authentication Required
        raise PlatformError(LineFault.PORTAL, f"answered {status}")
    retry_after = headers.get("retry-after")
    if status == 429 or (status == 503 and retry_after):
        raise PlatformError(
            LineFault.TOO_MANY, str(status), retry_after_s=_seconds(retry_after, headers.get("date"))
        )
    if status >= 500:
        raise PlatformError(LineFault.SERVER_TROUBLE, str(status))
    if not 400 <= status < 500:
        raise PlatformError(LineFault.NOT_THE_PLATFORM, f"answered {status}")


def _is_page(headers: Mapping[str, str]) -> bool:
    """The platform never speaks HTML here; whoever does stands in front of it."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return content_type in ("text/html", "application/xhtml+xml")


def _seconds(retry_after: str | None, said_at: str | None) -> float | None:
    """Retry-After in seconds. A date counts from the answer's own: our clock may be wrong by years."""
    if retry_after and retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    until, since = _http_date(retry_after), _http_date(said_at)
    return None if until is None or since is None else max((until - since).total_seconds(), 0.0)


def _http_date(text: str | None) -> datetime | None:
    """The moment in an HTTP date (RFC 9110 §5.6.7); None for what is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _read(response: requests.Response, announced: str | None) -> bytes:
    """The body as it came over the wire, not unpacked, or a fault as soon as it is too long."""
    if response.request.method == "HEAD":
        return b""
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
