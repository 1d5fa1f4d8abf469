"""An answer that is cut short, too long, crawls, never ends or never comes: a bound or a deadline ends it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.errors import LineFault, PlatformError
from sync.platform_client import PlatformClient
from sync.signing import SignedRequest
from sync.wire import MAX_ANSWER_BYTES
from tests.sync.impostor import BEAT, GOOD, JSON, QUICK, beat, fault_of, unsigned


@pytest.mark.fault(48)
def test_a_body_cut_in_the_middle(impostor: Any, fooled_client: PlatformClient) -> None:
    def cut(connection: socket.socket, request: SignedRequest) -> None:
        connection.sendall(unsigned(GOOD[:10], 200, JSON, len(GOOD)))
        connection.shutdown(socket.SHUT_RDWR)

    impostor.behave = cut
    assert fault_of(fooled_client) is LineFault.NO_LINE


@pytest.mark.fault(50)
def test_a_body_announced_too_long_is_not_read(impostor: Any, fooled_client: PlatformClient) -> None:
    impostor.behave = lambda connection, request: connection.sendall(unsigned(b"", 200, JSON, 10**10))
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


@pytest.mark.fault(50, 54)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_whose_page_has_no_end_is_not_read(
    impostor: Any, fooled_client: PlatformClient, status: int
) -> None:
    sent = [0]

    def flood(connection: socket.socket, request: SignedRequest) -> None:
        head = f"HTTP/1.1 {status} Whatever\r\nlocation: http://portal.invalid/login\r\n\r\n"
        connection.sendall(head.encode("ascii"))
        while not impostor.ended.is_set():
            connection.sendall(b"x" * 65536)
            sent[0] += 65536

    impostor.behave = flood
    assert fault_of(fooled_client) is LineFault.PORTAL
    assert sent[0] < 16 * MAX_ANSWER_BYTES


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
