"""Whatever answers in the platform's place changes nothing."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.settings import SettingKey
from kiosk.journal.slip_key import slip_key_to_tell, slip_key_told
from sync.inbox_download import CASE_STATE
from sync.line import LineState
from sync.platform_client import PlatformClient, Refused
from sync.signing import SignedRequest
from tests.sync.county import keeper_of
from tests.sync.impostor import GOOD, JSON, QUICK, beat, fault_of, unsigned


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
    body: bytes,
    status: int,
    headers: dict[str, str],
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(unsigned(body, status, headers))
    assert fault_of(fooled_client) is LineFault.PORTAL
    assert len(impostor.requests) == 1


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_answers_come_before_the_answer(
    impostor: Any, fooled_client: PlatformClient, status: int
) -> None:
    interim = f"HTTP/1.1 {status} Wait\r\nlink: </x>; rel=preload\r\n\r\n".encode("ascii") * 3
    impostor.behave = lambda connection, request: connection.sendall(interim + impostor.signed(request, GOOD))
    assert beat(fooled_client).epoch == "e1"
    assert beat(fooled_client).epoch == "e1", "on the same connection"


def test_another_protocol_is_no_answer(impostor: Any, fooled_client: PlatformClient) -> None:
    impostor.behave = lambda connection, request: connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"
    )
    assert fault_of(fooled_client) is LineFault.NOT_THE_PLATFORM


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
    body: bytes,
    status: int,
    headers: dict[str, str],
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(unsigned(body, status, headers))
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


@pytest.mark.fault(59)
@pytest.mark.parametrize(
    ("status", "fault"), [(500, LineFault.SERVER_TROUBLE), (502, LineFault.SERVER_TROUBLE)]
)
def test_a_server_in_trouble(
    impostor: Any, fooled_client: PlatformClient, status: int, fault: LineFault
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(unsigned(b"oops", status, {}))
    assert fault_of(fooled_client) is fault


@pytest.mark.fault(60)
@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [(429, "7", 7.0), (503, "99999999999", 99999999999.0), (429, "soon", None)],
)
def test_a_server_that_asks_to_wait(
    impostor: Any,
    fooled_client: PlatformClient,
    status: int,
    said: str,
    expected: float | None,
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(
        unsigned(b"", status, {"retry-after": said})
    )
    with pytest.raises(PlatformError) as caught:
        beat(fooled_client)
    assert (caught.value.fault, caught.value.retry_after_s) == (LineFault.TOO_MANY, expected)


@pytest.mark.fault(60)
@pytest.mark.parametrize(
    ("until", "date", "expected"),
    [
        ("Thu, 01 Jan 1970 00:02:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", 120.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 02 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:00 -0000", 59.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", "", None),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("-7", "Thu, 01 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_a_date_to_wait_for_counts_from_the_answers_own(
    impostor: Any, fooled_client: PlatformClient, until: str, date: str, expected: float | None
) -> None:
    impostor.behave = lambda connection, request: connection.sendall(
        unsigned(b"", 503, {"retry-after": until, "date": date})
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


def _message(at: str) -> dict[str, Any]:
    case = {"entry_id": "01930000-0000-7000-8000-000000000001", "receipt_number": "1" * 16}
    return {"number": 5, "kind": CASE_STATE, "state": "accepted", "at": at, **case}


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
    fooled_terminal: Any,
    messages: list[dict[str, Any]],
    more: bool,
    kept: int,
) -> None:
    assert slip_key_to_tell(fooled_terminal.journal.settings)
    fooled_terminal.journal.settings.put(SettingKey.PLATFORM_EPOCH, b"e1")
    slip_key_told(fooled_terminal.journal.settings, "t1")
    heartbeat = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 9}).encode()
    inbox = json.dumps({"messages": messages, "more": more}).encode()
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, inbox if "inbox" in request.url else heartbeat)
    )
    keeper = keeper_of(fooled_terminal)

    def end() -> None:
        fooled_terminal.stopping.set()
        keeper.wake()

    timer = threading.Timer(0.5, end)
    timer.start()
    keeper.run(fooled_terminal.journal)
    timer.join()
    assert len(fooled_terminal.journal.inbox.for_receipt("1" * 16)) == kept
    assert fooled_terminal.line.status().state is LineState.ONLINE
    assert len([one for one in impostor.requests if "inbox" in one.url]) == 1
