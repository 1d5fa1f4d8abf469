"""One exchange with servers that are no printer, or a bad one: always an answer in time, always true."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable

import pytest

from devices.sheet_printer.connection import IppConnection, NoAnswer
from devices.sheet_printer.ipp import Operation, Response, Tag
from devices.sheet_printer.line import LinkFault
from kiosk.clock import SystemClock
from tests.devices.print_world import BadServer, a_printer, http, needs_printer, never

CLOCK = SystemClock()
Behaviour = Callable[[socket.socket, bytes], None]


def answer_to(request: bytes, status: int = 0) -> bytes:
    state = b"\x23\x00\x0dprinter-state\x00\x04\x00\x00\x00\x03"
    return b"\x02\x00" + status.to_bytes(2, "big") + request[4:8] + b"\x04" + state + b"\x03"


def ask(uri: str, timeout_s: float = 1.0, cancel: threading.Event | None = None) -> Response | NoAnswer:
    connection = IppConnection(uri, CLOCK)
    deadline = CLOCK.monotonic() + timeout_s
    try:
        return connection.ask(Operation.GET_PRINTER_ATTRIBUTES, deadline, cancel or never())
    finally:
        connection.close()


def sends(data: bytes) -> Behaviour:
    return lambda line, _request: line.sendall(data)


def closes(line: socket.socket, _request: bytes) -> None:
    line.shutdown(socket.SHUT_RDWR)


def resets(line: socket.socket, _request: bytes) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def half(line: socket.socket, request: bytes) -> None:
    line.sendall(http(answer_to(request))[:-20])
    line.shutdown(socket.SHUT_RDWR)


def endless(line: socket.socket, _request: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n\r\n")
    for _ in range(64):
        line.sendall(bytes(65536))


def endless_chunks(line: socket.socket, _request: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(64):
        line.sendall(b"8000\r\n" + bytes(0x8000) + b"\r\n")


def a_chunk_of_less_than_nothing(line: socket.socket, _request: bytes) -> None:
    line.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
    )
    for _ in range(1024):
        line.sendall(bytes(65536))


def endless_headers(line: socket.socket, _request: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        line.sendall(b"X-%d: 1\r\n" % number)


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (sends(http(b"<html>It works!</html>", kind="text/html")), LinkFault.NOT_IPP),
        (sends(http(b"<html>?</html>", status="404 Not Found", kind="text/html")), LinkFault.NOT_IPP),
        (sends(http(b"", status="500 Internal Server Error")), LinkFault.NOT_IPP),
        (sends(http(b"", status="401 Unauthorized")), LinkFault.REFUSED),
        (sends(http(b"", status="403 Forbidden")), LinkFault.REFUSED),
        (sends(http(b"\x02\x00\x00")), LinkFault.NOT_IPP),
        (sends(http(bytes(200))), LinkFault.NOT_IPP),
        (sends(http(bytes.fromhex("0200000077777777 03"))), LinkFault.NOT_IPP),
        (sends(b"220 mail.example ESMTP\r\n"), LinkFault.NOT_IPP),
        (sends(b"\x00" * 70_000 + b"\n"), LinkFault.NOT_IPP),
        (endless, LinkFault.NOT_IPP),
        (endless_chunks, LinkFault.NOT_IPP),
        (a_chunk_of_less_than_nothing, LinkFault.NOT_IPP),
        (endless_headers, LinkFault.NOT_IPP),
        (closes, LinkFault.LOST),
        (resets, LinkFault.LOST),
        (half, LinkFault.LOST),
    ],
)
def test_a_server_that_misbehaves(behaviour: Behaviour, fault: LinkFault) -> None:
    with BadServer(behaviour) as server:
        assert ask(server.uri, 5.0) == NoAnswer(fault)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert ask(f"ipp://127.0.0.1:{port}/ipp/print") == NoAnswer(LinkFault.UNREACHABLE)
    assert ask("ipp://no-such-printer.invalid/ipp/print", 5.0) == NoAnswer(LinkFault.UNREACHABLE)


def test_a_machine_without_ipv6_and_a_name_that_has_an_address_there(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    def without_ipv6(family: int = -1, *rest: int, **named: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *rest, **named)

    def both(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        tcp = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        v6, v4 = ("::1", port, 0, 0), ("127.0.0.1", port)
        return [(socket.AF_INET6, *tcp, v6), (socket.AF_INET, *tcp, v4)]

    with BadServer(lambda line, request: line.sendall(http(answer_to(request)))) as server:
        monkeypatch.setattr(socket, "socket", without_ipv6)
        monkeypatch.setattr(socket, "getaddrinfo", both)
        assert isinstance(ask(server.uri, 5.0), Response)


def test_a_server_that_sends_a_byte_at_a_time_is_late_as_a_whole() -> None:
    ended = threading.Event()

    def drips(line: socket.socket, request: bytes) -> None:
        for byte in http(answer_to(request)):
            if ended.wait(0.05):
                return
            line.sendall(bytes((byte,)))

    with BadServer(drips) as server:
        started = time.monotonic()
        assert ask(server.uri, 0.5) == NoAnswer(LinkFault.LATE)
        assert time.monotonic() - started < 0.9
        ended.set()


def test_a_silent_server_is_left_at_once_when_somebody_walks_away() -> None:
    cancel = threading.Event()
    with BadServer(lambda _line, _request: cancel.set()) as server:
        started = time.monotonic()
        assert ask(server.uri, 20.0, cancel) == NoAnswer(LinkFault.CANCELED)
        assert time.monotonic() - started < 1.0


def test_an_answer_in_pieces_and_after_a_hundred_continue() -> None:
    def behaves(line: socket.socket, request: bytes) -> None:
        body = answer_to(request)
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n")
        line.sendall(b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + body[:5] + b"\r\n")
        line.sendall(f"{len(body) - 5:x}\r\n".encode() + body[5:] + b"\r\n0\r\n\r\n")

    with BadServer(behaves) as server:
        answer = ask(server.uri)
        assert isinstance(answer, Response)
        assert answer.first(Tag.PRINTER_GROUP).number("printer-state") == 3


def test_a_kept_connection_that_has_died_is_opened_again_but_no_job_is_sent_twice() -> None:
    asked: list[int] = []

    def hangs_up_after_one(line: socket.socket, request: bytes) -> None:
        asked.append(int.from_bytes(request[2:4], "big"))
        if asked[-1] != Operation.SEND_DOCUMENT:
            line.sendall(http(answer_to(request)))
        line.shutdown(socket.SHUT_RDWR)

    with BadServer(hangs_up_after_one) as server:
        connection = IppConnection(server.uri, CLOCK)
        questions = (
            (Operation.GET_PRINTER_ATTRIBUTES, Response),
            (Operation.GET_PRINTER_ATTRIBUTES, Response),
            (Operation.PRINT_JOB, Response),
            (Operation.SEND_DOCUMENT, NoAnswer),
        )
        for operation, wanted in questions:
            answer = connection.ask(operation, CLOCK.monotonic() + 2, never(), document=b"")
            assert isinstance(answer, wanted)
        # What only asks may be asked again, on a line that died under it.
        assert asked.count(Operation.GET_PRINTER_ATTRIBUTES) >= 2
        assert asked[-2:] == [Operation.PRINT_JOB, Operation.SEND_DOCUMENT]
        assert asked.count(Operation.PRINT_JOB) == asked.count(Operation.SEND_DOCUMENT) == 1
        connection.close()


@needs_printer
def test_a_certificate_of_its_own_is_trusted_only_by_its_fingerprint() -> None:
    with a_printer() as simulator:
        port = simulator.process.port
        certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("localhost", port)))
        import hashlib

        right = hashlib.sha256(certificate).hexdigest()
        secure = simulator.uri.replace("ipp://", "ipps://")
        for pin, fault in (("", LinkFault.NOT_TRUSTED), ("00" * 32, LinkFault.NOT_TRUSTED), (right, None)):
            connection = IppConnection(secure, CLOCK, pin)
            answer = connection.ask(Operation.GET_PRINTER_ATTRIBUTES, CLOCK.monotonic() + 3, never())
            connection.close()
            if fault is None:
                assert isinstance(answer, Response)
            else:
                assert answer == NoAnswer(fault)


@needs_printer
def test_a_printer_that_hangs_is_late_and_no_more() -> None:
    with a_printer() as simulator:
        simulator.process.freeze(True)
        started = time.monotonic()
        assert ask(simulator.uri, 0.6) == NoAnswer(LinkFault.LATE)
        assert time.monotonic() - started < 1.0
        simulator.process.freeze(False)
        assert isinstance(ask(simulator.uri, 3.0), Response)
