"""Whatever answers in the platform's place changes nothing, and never holds the terminal for long."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PathSettings, PlatformSettings, Settings
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.slip_key import slip_key_to_tell, slip_key_told
from sync.heartbeat import Heartbeat
from sync.heartbeat_wire import HeartbeatAnswer, HeartbeatRequest
from sync.keeper import Keeper
from sync.line import LineState
from sync.platform_client import Limits, PlatformClient, Refused
from sync.platform_clock import PlatformClock
from sync.signing import SignedRequest
from sync.wire import MAX_ANSWER_BYTES

GOOD = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 0}).encode()
BEAT = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)
QUICK = Limits(connect_s=1.0, read_s=1.0, whole_s=2.0)
JSON = {"content-type": "application/json"}


def beat(client: PlatformClient) -> HeartbeatAnswer:
    return client.heartbeat(BEAT, 0)


def fault_of(client: PlatformClient) -> LineFault:
    with pytest.raises(PlatformError) as caught:
        beat(client)
    return caught.value.fault


def test_a_true_answer_is_believed(impostor: Any, fooled_client: PlatformClient) -> None:
    impostor.behave = lambda connection, request: connection.sendall(impostor.signed(request, GOOD))
    assert beat(fooled_client).epoch == "e1"


@pytest.mark.fault(54)
@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        (b"<html>Please sign in</html>", 200, {"content-type": "text/html"}),
        (b"", 302, {"location": "http://127.0.0.1:9/login", "content-type": "text/html"}),
        (b"", 307, {"location": "http://127.0.0.1:9/login"}),
        (b"<html>Sign in</html>", 511, {"content-type": "text/html"}),
    ],
    ids=["page", "redirect", "temporary-redirect", "authentication-required"],
)
def test_the_sign_in_page_of_a_sites_network(
    impostor: Any,
    fooled_client: PlatformClient,
    answer_bytes: Any,
    body: bytes,
    status: int,
    headers: dict[str, str],
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(answer_bytes(body, status, headers))
    assert fault_of(fooled_client) is LineFault.PORTAL
    assert len(impostor.requests) == 1


@pytest.mark.fault(64)
@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        (GOOD, 200, JSON),
        (GOOD, 200, {"content-type": "text/plain"}),
        (b"", 200, JSON),
        (b"{}", 204, JSON),
        (b'{"type":"x","status":401}', 401, {"content-type": "application/problem+json"}),
        (b'{"type":"x","status":422}', 422, {"content-type": "application/problem+json"}),
        (b"<html>not found</html>", 404, {"content-type": "text/html"}),
    ],
    ids=[
        "unsigned",
        "plain-text",
        "empty",
        "204",
        "unsigned-401",
        "unsigned-422",
        "html-404",
    ],
)
def test_what_is_not_signed_is_not_the_platform(
    impostor: Any,
    fooled_client: PlatformClient,
    answer_bytes: Any,
    body: bytes,
    status: int,
    headers: dict[str, str],
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(answer_bytes(body, status, headers))
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM
    assert len(impostor.requests) == 1


@pytest.mark.fault(64)
def test_an_answer_signed_by_another_key(impostor: Any, fooled_client: PlatformClient) -> None:
    stranger = Ed25519PrivateKey.generate()
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, GOOD, key=stranger)
    )
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


@pytest.mark.fault(52)
def test_a_true_answer_shown_again_for_another_request(impostor: Any, fooled_client: PlatformClient) -> None:
    kept: list[bytes] = []

    def replay(connection: socket.socket, request: SignedRequest) -> None:
        kept.append(impostor.signed(request, GOOD))
        connection.sendall(kept[0])

    impostor.behave = replay
    beat(fooled_client)
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


@pytest.mark.fault(64)
def test_a_true_answer_with_another_status(impostor: Any, fooled_client: PlatformClient) -> None:
    def alter(connection: socket.socket, request: SignedRequest) -> None:
        connection.sendall(impostor.signed(request, GOOD).replace(b"HTTP/1.1 200", b"HTTP/1.1 201", 1))

    impostor.behave = alter
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


@pytest.mark.fault(55, 64)
def test_a_true_answer_with_an_altered_body(impostor: Any, fooled_client: PlatformClient) -> None:
    def alter(connection: socket.socket, request: SignedRequest) -> None:
        connection.sendall(impostor.signed(request, GOOD).replace(b'"high_water": 0', b'"high_water": 9', 1))

    impostor.behave = alter
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


@pytest.mark.fault(64)
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"epoch": 1, "high_water": 0, "inbox_head": 0}',
        b'{"epoch": "e1", "high_water": -1}',
        b"\xff\xfe",
    ],
)
def test_a_signed_answer_of_another_shape(impostor: Any, fooled_client: PlatformClient, body: bytes) -> None:
    impostor.behave = lambda connection, request: connection.sendall(impostor.signed(request, body))
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


def test_an_added_field_is_tolerated(impostor: Any, fooled_client: PlatformClient) -> None:
    newer = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 0, "later": True}).encode()
    impostor.behave = lambda connection, request: connection.sendall(impostor.signed(request, newer))
    assert beat(fooled_client).epoch == "e1"


@pytest.mark.fault(48)
def test_a_body_cut_in_the_middle(impostor: Any, fooled_client: PlatformClient, answer_bytes: Any) -> None:
    def cut(connection: socket.socket, request: SignedRequest) -> None:
        connection.sendall(answer_bytes(GOOD[:10], 200, JSON, len(GOOD)))
        connection.shutdown(socket.SHUT_RDWR)

    impostor.behave = cut
    assert fault_of(fooled_client) is LineFault.NO_LINE


@pytest.mark.fault(50)
def test_a_body_announced_too_long_is_not_read(
    impostor: Any, fooled_client: PlatformClient, answer_bytes: Any
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(answer_bytes(b"", 200, JSON, 10**10))
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


@pytest.mark.fault(50)
def test_a_body_without_end(impostor: Any, fooled_client: PlatformClient) -> None:
    def flood(connection: socket.socket, request: SignedRequest) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        while not impostor.ended.is_set():
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    impostor.behave = flood
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


@pytest.mark.fault(50)
def test_a_small_body_that_unfolds_into_a_large_one(impostor: Any, fooled_client: PlatformClient) -> None:
    bomb = zstandard.ZstdCompressor().compress(b"0" * (MAX_ANSWER_BYTES * 64))
    assert len(bomb) < 20_000
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, bomb, encoding="zstd")
    )
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


def drip(impostor: Any, text: bytes) -> Callable[[socket.socket, SignedRequest], None]:
    """Send a byte now and then: never a pause that is too long, never an end."""

    def behave(connection: socket.socket, request: SignedRequest) -> None:
        for byte in text:
            connection.sendall(bytes([byte]))
            if impostor.ended.wait(0.2):
                return

    return behave


@pytest.mark.fault(49)
@pytest.mark.parametrize("where", ["body", "headers"])
def test_a_byte_now_and_then_ends_at_the_whole_deadline(
    impostor: Any, fooled_client: PlatformClient, where: str
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
    impostor.behave = drip(impostor, head[:5] + b"x" * 500 if where == "headers" else head + b"x" * 500)
    started = time.monotonic()
    with pytest.raises(PlatformError) as caught:
        fooled_client.heartbeat(BEAT, 0, whole_s=0.8)
    assert caught.value.fault is LineFault.TIMED_OUT
    assert time.monotonic() - started < 1.5


@pytest.mark.fault(45, 46)
def test_no_answer_at_all(impostor: Any, fooled_client: PlatformClient) -> None:
    assert fault_of(fooled_client) is LineFault.TIMED_OUT


@pytest.mark.fault(40)
def test_nobody_listens() -> None:
    holder = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{holder.getsockname()[1]}"
    holder.close()
    client = PlatformClient(PlatformSettings(url=url), Ed25519PrivateKey.generate(), SystemClock())
    with pytest.raises(PlatformError) as caught:
        client.enrol("123456")
    assert caught.value.fault is LineFault.NO_LINE


@pytest.mark.fault(59)
@pytest.mark.parametrize(
    ("status", "fault"), [(500, LineFault.SERVER_TROUBLE), (502, LineFault.SERVER_TROUBLE)]
)
def test_a_server_in_trouble(
    impostor: Any, fooled_client: PlatformClient, answer_bytes: Any, status: int, fault: LineFault
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(answer_bytes(b"oops", status, {}))
    assert fault_of(fooled_client) is fault


@pytest.mark.fault(60)
@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [(429, "7", 7.0), (503, "99999999999", 99999999999.0), (429, "soon", None)],
)
def test_a_server_that_asks_to_wait(
    impostor: Any,
    fooled_client: PlatformClient,
    answer_bytes: Any,
    status: int,
    said: str,
    expected: float | None,
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(
        answer_bytes(b"", status, {"retry-after": said})
    )
    with pytest.raises(PlatformError) as caught:
        beat(fooled_client)
    assert (caught.value.fault, caught.value.retry_after_s) == (LineFault.TOO_MANY, expected)


def test_a_refusal_that_is_proven(impostor: Any, fooled_client: PlatformClient) -> None:
    problem = b'{"type":"urn:linban:problem:unknown-terminal","status":401}'
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, problem, 401, "application/problem+json")
    )
    with pytest.raises(Refused) as caught:
        beat(fooled_client)
    assert (caught.value.fault, caught.value.word) == (LineFault.NOT_AUTHORISED, "unknown-terminal")


@pytest.mark.fault(46)
def test_a_kept_connection_that_was_closed_meanwhile_is_no_fault(
    impostor: Any, fooled_client: PlatformClient
) -> None:
    def answer_once(connection: socket.socket, request: SignedRequest) -> None:
        if len(impostor.requests) == 2:
            connection.shutdown(socket.SHUT_RDWR)
            return
        connection.sendall(impostor.signed(request, GOOD))

    impostor.behave = answer_once
    beat(fooled_client)
    beat(fooled_client)
    assert len(impostor.requests) == 3


def test_proxies_cookies_and_netrc_are_not_used(
    impostor: Any, fooled_client: PlatformClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    def set_cookie(connection: socket.socket, request: SignedRequest) -> None:
        answer = impostor.signed(request, GOOD)
        connection.sendall(answer.replace(b"\r\n", b"\r\nset-cookie: portal=1; path=/\r\n", 1))

    impostor.behave = set_cookie
    beat(fooled_client)
    beat(fooled_client)
    assert all("cookie" not in request.headers for request in impostor.requests)


def test_an_exchange_that_hangs_can_be_called_off(impostor: Any, fooled_client: PlatformClient) -> None:
    arrived = threading.Event()
    impostor.behave = lambda connection, request: arrived.set()
    faults: list[LineFault] = []

    def hang() -> None:
        with pytest.raises(PlatformError) as caught:
            beat(fooled_client)
        faults.append(caught.value.fault)

    thread = threading.Thread(target=hang)
    thread.start()
    assert arrived.wait(2)
    started = time.monotonic()
    fooled_client.call_off()
    thread.join(timeout=2)
    assert faults == [LineFault.NO_LINE]
    assert time.monotonic() - started < 0.3


@pytest.mark.parametrize(
    "url", ["http://exa mple", "http://:80", "http://[::1", "http://x:99999", "http://*"]
)
def test_an_address_that_is_none_is_a_fault_of_the_settings(url: str) -> None:
    key = Ed25519PrivateKey.generate()
    client = PlatformClient(PlatformSettings(url=url), key, SystemClock(), QUICK)
    with pytest.raises(PlatformError) as caught:
        client.enrol("4821093377")
    assert caught.value.fault is LineFault.NOT_CONFIGURED
    client.close()


@pytest.mark.fault(49)
def test_headers_that_crawl_end_at_the_whole_deadline(impostor: Any, fooled_client: PlatformClient) -> None:
    def crawl(connection: socket.socket, request: SignedRequest) -> None:
        for byte in impostor.signed(request, GOOD):
            connection.sendall(bytes((byte,)))
            if impostor.ended.wait(0.05):
                return

    impostor.behave = crawl
    started = time.monotonic()
    assert fault_of(fooled_client) is LineFault.TIMED_OUT
    assert time.monotonic() - started < QUICK.whole_s + 1.0


def _message(at: str) -> dict[str, Any]:
    case = {"entry_id": "01930000-0000-7000-8000-000000000001", "receipt_number": "1" * 16}
    return {"number": 5, "kind": "case-state", "state": "accepted", "at": at, **case}


@pytest.mark.fault(64)
@pytest.mark.parametrize(
    ("messages", "more", "kept"),
    [
        ([_message("yesterday")], False, 1),
        ([_message("2026-11-22T08:00:00")], False, 1),
        ([_message("0001-01-01T00:00:00+14:00")], False, 1),
        ([], True, 0),
    ],
    ids=["no-time", "no-zone", "before-all-time", "more-of-nothing"],
)
def test_an_inbox_that_makes_no_sense_stops_nothing(
    impostor: Any,
    make_terminal: Callable[..., Any],
    messages: list[dict[str, Any]],
    more: bool,
    kept: int,
) -> None:
    terminal = make_terminal(impostor.url)
    terminal.journal.settings.set_enrolment(impostor.enrolment())
    assert slip_key_to_tell(terminal.journal.settings)
    slip_key_told(terminal.journal.settings, "t1")
    heartbeat = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 9}).encode()
    inbox = json.dumps({"messages": messages, "more": more}).encode()
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, inbox if "inbox" in request.url else heartbeat)
    )
    settings = Settings(
        platform=PlatformSettings(url=impostor.url),
        paths=PathSettings(state_dir=terminal.folder, run_dir=terminal.folder),
    )
    heart = Heartbeat(settings, terminal.clock, PlatformClock(terminal.clock))
    keeper = Keeper(
        terminal.client, terminal.line, terminal.clock, terminal.stopping, settings.platform, heart
    )

    def end() -> None:
        terminal.stopping.set()
        keeper.wake()

    timer = threading.Timer(0.5, end)
    timer.start()
    keeper.run(terminal.journal)
    timer.join()
    assert len(terminal.journal.inbox.for_receipt("1" * 16)) == kept
    assert terminal.line.status().state is LineState.ONLINE
    assert len([one for one in impostor.requests if "inbox" in one.url]) == 1
