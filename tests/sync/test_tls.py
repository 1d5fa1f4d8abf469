"""A line that cannot prove itself is no line: nothing is sent over it and nothing in the queue changes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from sync.central.exchange import Platform
from sync.exchange import Ground
from sync.heartbeat_wire import HeartbeatRequest
from sync.pace import Pace
from sync.platform_client import Limits, PlatformClient
from sync.platform_clock import PlatformClock
from sync.resolver import Resolver
from tests.sync.impostor import unsigned
from tests.sync.tls_front import DAY, Authority, TlsFront, server_context

QUICK = Limits(connect_s=2.0, read_s=2.0, whole_s=4.0)
BEAT = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)


class WallClock(SystemClock):
    """The system's clock, with a wall clock that is off."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def front_with(platform_url: str) -> Iterator[Callable[[ssl.SSLContext], TlsFront]]:
    made: list[TlsFront] = []

    def make(context: ssl.SSLContext) -> TlsFront:
        made.append(TlsFront(context, int(platform_url.rpartition(":")[2])))
        return made[-1]

    yield make
    for front in made:
        front.close()


@pytest.fixture
def ask(terminal: Any) -> Iterator[Callable[..., None]]:
    """A heartbeat over https by an enrolled terminal; raises what the terminal meets."""
    clients: list[PlatformClient] = []

    def ask(url: str, ca_file: Path | None, clock: WallClock | None = None, heard: bool = False) -> None:
        clock = clock or WallClock()
        ground = Ground(Resolver(clock), PlatformClock(clock), Pace(None, clock))
        if heard:
            ground.platform_clock.heard(datetime.now(UTC), clock.monotonic())
        settings = PlatformSettings(url=url, ca_file=ca_file)
        client = PlatformClient(settings, terminal.key, clock, QUICK, ground)
        clients.append(client)
        enrolment: Enrolment = terminal.journal.settings.enrolment()
        client.become(enrolment)
        client.heartbeat(BEAT, 0)

    yield ask
    for client in clients:
        client.close()


def fault_of(ask: Callable[..., None], *args: Any, **options: Any) -> LineFault:
    with pytest.raises(PlatformError) as caught:
        ask(*args, **options)
    return caught.value.fault


def url(front: TlsFront, host: str = "127.0.0.1") -> str:
    return f"https://{host}:{front.port}"


def test_a_platform_that_proves_itself_is_believed_over_the_newest_tls(
    authority: Authority, front_with: Callable[..., TlsFront], ask: Callable[..., None]
) -> None:
    front = front_with(server_context(authority.certificate()))
    ask(url(front), authority.file)
    assert front.handshakes == ["TLSv1.3"]


def test_tls_1_2_will_do(
    authority: Authority, front_with: Callable[..., TlsFront], ask: Callable[..., None]
) -> None:
    context = server_context(authority.certificate())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    front = front_with(context)
    ask(url(front), authority.file)
    assert front.handshakes == ["TLSv1.2"]


@pytest.mark.fault(57)
def test_older_tls_will_not_do(
    authority: Authority, front_with: Callable[..., TlsFront], ask: Callable[..., None]
) -> None:
    context = server_context(authority.certificate())
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    front = front_with(context)
    assert fault_of(ask, url(front), authority.file) is LineFault.TLS
    assert front.handshakes == []


@pytest.mark.fault(57)
@pytest.mark.parametrize(
    "wrong",
    [
        {"ends": -DAY / 2},
        {"begins": DAY, "ends": 2 * DAY},
        {"host": "192.0.2.1"},
        {"host": "elsewhere.example"},
    ],
    ids=["expired", "not-yet-valid", "another-address", "another-name"],
)
def test_a_certificate_that_is_not_right(
    authority: Authority,
    front_with: Callable[..., TlsFront],
    ask: Callable[..., None],
    platform: Platform,
    terminal: Any,
    wrong: dict[str, Any],
) -> None:
    (receipt,) = terminal.record()
    front = front_with(server_context(authority.certificate(**wrong)))
    assert fault_of(ask, url(front), authority.file) is LineFault.TLS
    assert front.handshakes == []
    assert terminal.journal.outbox.summary().pending == 1
    assert platform.cases.count() == []
    assert terminal.drain() is None  # over the good line
    assert [count.receipt_number for count in platform.cases.count()] == [receipt.number]


@pytest.mark.fault(55, 57)
def test_an_authority_that_is_not_ours(
    authority: Authority, tmp_path: Path, front_with: Callable[..., TlsFront], ask: Callable[..., None]
) -> None:
    """A site's inspecting proxy shows a certificate of its own making."""
    stranger = Authority(tmp_path / "stranger", "somebody else's")
    front = front_with(server_context(stranger.certificate()))
    assert fault_of(ask, url(front), authority.file) is LineFault.TLS
    assert fault_of(ask, url(front), None) is LineFault.TLS  # nor is it one of the system's
    assert front.handshakes == []


@pytest.mark.fault(57)
def test_plain_http_where_tls_should_be(line: Any, authority: Authority, ask: Callable[..., None]) -> None:
    assert fault_of(ask, f"https://127.0.0.1:{line.port}", authority.file) is LineFault.TLS


@pytest.mark.fault(57)
def test_a_redirect_to_plain_http_is_not_followed(
    impostor: Any, authority: Authority, platform_url: str, ask: Callable[..., None]
) -> None:
    location = {"location": f"{platform_url}/v1/terminals"}
    impostor.behave = lambda connection, request: connection.sendall(unsigned(b"", 308, location))
    front = TlsFront(server_context(authority.certificate()), impostor.port)
    try:
        assert fault_of(ask, url(front), authority.file) is LineFault.PORTAL
    finally:
        front.close()


@pytest.mark.fault(58)
def test_a_front_that_wants_a_certificate_of_ours(
    authority: Authority, front_with: Callable[..., TlsFront], ask: Callable[..., None], terminal: Any
) -> None:
    """Ours expired or was never there: cases are taken all the same and wait."""
    context = server_context(authority.certificate())
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    front = front_with(context)
    assert fault_of(ask, url(front), authority.file) in (LineFault.TLS, LineFault.NO_LINE)
    terminal.record(3)
    assert terminal.journal.outbox.summary().pending == 3


@pytest.mark.fault(34, 35)
@pytest.mark.parametrize(
    ("ahead", "heard", "window", "expected"),
    [
        (-20 * 365 * DAY, False, (-DAY, DAY), LineFault.CLOCK),
        (+10 * 365 * DAY, True, (-DAY, DAY), LineFault.CLOCK),
        (timedelta(), True, (-2 * DAY, -DAY), LineFault.TLS),
        (timedelta(), False, (DAY, 2 * DAY), LineFault.TLS),
    ],
    ids=["battery-empty", "ten-years-ahead", "clock-right-and-expired", "clock-right-and-not-yet"],
)
def test_whose_fault_the_dates_are(
    ahead: timedelta, heard: bool, window: tuple[timedelta, timedelta], expected: LineFault
) -> None:
    """OpenSSL reads the kernel's clock, which a test cannot set: its verdict is given, ours is asked for."""
    from sync.tls import tls_fault

    clock = WallClock(ahead)
    platform_clock = PlatformClock(clock)
    if heard:
        platform_clock.heard(datetime.now(UTC), clock.monotonic())
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = 10 if ahead > timedelta() or window[1] < timedelta() else 9
    assert tls_fault(error, platform_clock.wall_clock_looks_wrong) is expected


@pytest.mark.fault(34)
def test_a_clock_that_is_known_to_be_wrong_is_blamed(
    authority: Authority, front_with: Callable[..., TlsFront], ask: Callable[..., None]
) -> None:
    """The kernel's clock is right here and the certificate is old; the terminal's own clock says 2006."""
    front = front_with(server_context(authority.certificate(ends=-DAY / 2)))
    behind = WallClock(-20 * 365 * DAY)
    assert fault_of(ask, url(front), authority.file, clock=behind) is LineFault.CLOCK
    # A wrong name stays a wrong name, whatever the clock says.
    other = front_with(server_context(authority.certificate(host="elsewhere.example", name="other")))
    assert fault_of(ask, url(other), authority.file, clock=behind) is LineFault.TLS


def test_a_file_of_authorities_that_is_not_there(tmp_path: Path) -> None:
    settings = PlatformSettings(url="https://127.0.0.1:9", ca_file=tmp_path / "missing.pem")
    client = PlatformClient(settings, Ed25519PrivateKey.generate(), SystemClock(), QUICK)
    with pytest.raises(PlatformError) as caught:
        client.enrol("0000000000")
    assert caught.value.fault is LineFault.NOT_CONFIGURED
    client.close()


def test_a_handshake_that_never_ends_keeps_the_deadline(
    authority: Authority, ask: Callable[..., None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert fault_of(ask, f"https://127.0.0.1:{port}", authority.file) is LineFault.TIMED_OUT
