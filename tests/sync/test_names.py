"""A name service that is slow, dead or wrong delays a terminal, and never for long."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.errors import LineFault, PlatformError
from sync.exchange import Ground
from sync.heartbeat_wire import HeartbeatRequest
from sync.pace import Pace
from sync.platform_client import Limits, PlatformClient
from sync.platform_clock import PlatformClock
from sync.resolver import Address, LookUp, NoAddress, Resolver
from tests.sync.impostor import unsigned

BEAT = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)
LIMITS = Limits(connect_s=1.0, read_s=2.0, whole_s=4.0)
V4, V6 = socket.AF_INET, socket.AF_INET6


class NameService:
    """What the system's resolver would say; `hang` keeps it from saying anything."""

    def __init__(self, *answers: Address) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.fails = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, host: str, port: int) -> list[Address]:
        self.asked += 1
        self.may_answer.wait(20)
        if self.fails:
            raise socket.gaierror(socket.EAI_FAIL, "SERVFAIL")
        return [Address(one.family, (one.where[0], port, *one.where[2:])) for one in self.answers]


LOCAL = Address(V4, ("127.0.0.1", 0))


def client_for(terminal: Any, port: int, look_up: LookUp) -> PlatformClient:
    clock = SystemClock()
    ground = Ground(Resolver(clock, look_up), PlatformClock(clock), Pace(None, clock))
    settings = PlatformSettings(url=f"http://platform.test:{port}")
    client = PlatformClient(settings, terminal.key, clock, LIMITS, ground)
    client.become(terminal.journal.settings.enrolment())
    return client


def beat(client: PlatformClient) -> LineFault | None:
    try:
        client.heartbeat(BEAT, 0)
    except PlatformError as error:
        return error.fault
    return None


@pytest.mark.fault(56)
def test_a_name_service_that_hangs_does_not_hang_the_terminal(line: Any, terminal: Any) -> None:
    names = NameService(LOCAL)
    names.may_answer.clear()
    client = client_for(terminal, line.port, names)
    started = time.monotonic()
    assert beat(client) is LineFault.NO_LINE
    assert time.monotonic() - started < 1.5
    assert beat(client) is LineFault.NO_LINE
    assert names.asked == 1  # one question at a time, however often it is needed
    names.may_answer.set()
    assert beat(client) is None
    client.close()


@pytest.mark.fault(56)
@pytest.mark.parametrize("how", ["hangs", "fails", "forgets"])
def test_a_dead_name_service_and_an_address_that_was_good(line: Any, terminal: Any, how: str) -> None:
    names = NameService(LOCAL)
    client = client_for(terminal, line.port, names)
    assert beat(client) is None
    client.close()  # the kept connection with it
    match how:
        case "hangs":
            names.may_answer.clear()
        case "fails":
            names.fails = True
        case _:
            names.answers = []
    assert beat(client) is None
    assert names.asked == 2
    names.may_answer.set()
    client.close()


@pytest.mark.fault(56)
def test_a_false_address_is_not_remembered(line: Any, terminal: Any, impostor: Any) -> None:
    """A portal's name service sends everybody to the portal; later it is dead."""
    impostor.behave = lambda connection, request: connection.sendall(
        unsigned(b"<html>", 200, {"content-type": "text/html"})
    )
    names = NameService(Address(V4, ("127.0.0.1", 0)))
    to_portal = client_for(terminal, impostor.port, names)
    assert beat(to_portal) is LineFault.PORTAL
    to_portal.close()
    names.fails = True
    assert beat(to_portal) is LineFault.NO_LINE
    assert len(impostor.requests) == 1
    to_portal.close()


@pytest.mark.fault(68)
def test_an_address_family_that_leads_nowhere(line: Any, terminal: Any) -> None:
    """IPv6 is announced and is a black hole: the first try pays for it, the next ones do not."""
    blackhole = Address(V6, ("100::1", 0, 0, 0))  # RFC 6666: discard-only
    names = NameService(blackhole, blackhole, LOCAL)
    client = client_for(terminal, line.port, names)
    assert beat(client) is None
    client.close()
    started = time.monotonic()
    assert beat(client) is None
    assert time.monotonic() - started < 0.5
    client.close()


def test_a_call_that_is_called_off_does_not_wait_for_a_name(terminal: Any) -> None:
    names = NameService(LOCAL)
    names.may_answer.clear()
    clock = SystemClock()
    ground = Ground(Resolver(clock, names), PlatformClock(clock), Pace(None, clock))
    limits = Limits(connect_s=10.0, read_s=10.0, whole_s=20.0)
    client = PlatformClient(
        PlatformSettings(url="http://platform.test:9"), Ed25519PrivateKey.generate(), clock, limits, ground
    )
    client.become(terminal.journal.settings.enrolment())
    faults: list[LineFault | None] = []
    asking = threading.Thread(target=lambda: faults.append(beat(client)))
    asking.start()
    started = time.monotonic()
    for _ in range(500):
        if names.asked:
            break
        threading.Event().wait(0.005)
    client.call_off()
    asking.join(timeout=5)
    assert faults == [LineFault.NO_LINE]
    assert time.monotonic() - started < 2.0
    names.may_answer.set()
    client.close()


def test_a_connection_that_is_not_answered_is_ended_by_the_deadline(terminal: Any) -> None:
    """Nobody answers the first packet: the whole deadline counts, not the one for connecting."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    full = [socket.socket() for _ in range(4)]
    for one in full:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
    clock = SystemClock()
    limits = Limits(connect_s=15.0, read_s=15.0, whole_s=0.6)
    client = PlatformClient(PlatformSettings(url=f"http://127.0.0.1:{port}"), terminal.key, clock, limits)
    client.become(terminal.journal.settings.enrolment())
    started = time.monotonic()
    assert beat(client) is LineFault.TIMED_OUT
    assert time.monotonic() - started < 2.0
    client.close()
    for one in (*full, listener):
        one.close()


def test_families_take_turns_and_what_was_good_comes_first() -> None:
    first6, second6, only4 = (
        Address(V6, ("2001:db8::1", 443, 0, 0)),
        Address(V6, ("2001:db8::2", 443, 0, 0)),
        Address(V4, ("192.0.2.1", 443)),
    )
    resolver = Resolver(SystemClock(), lambda host, port: [first6, second6, only4])
    assert resolver.addresses("a.test", 443, 2.0, threading.Event()) == [first6, only4, second6]
    resolver.proved_good("a.test", 443, only4)
    assert resolver.addresses("a.test", 443, 2.0, threading.Event()) == [only4, first6, second6]
    literal = resolver.addresses("192.0.2.7", 443, 2.0, threading.Event())
    assert literal == [Address(V4, ("192.0.2.7", 443))]
    with pytest.raises(NoAddress):
        Resolver(SystemClock(), lambda host, port: []).addresses("b.test", 443, 2.0, threading.Event())


_WITH_A_SILENT_NAME_SERVER = """
import socket, subprocess, sys, threading, time
from kiosk.clock import SystemClock
from sync.resolver import Address, NoAddress, Resolver
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
resolver = Resolver(SystemClock())
began = time.monotonic()
try:
    resolver.addresses("platform.test", 443, 0.8, threading.Event())
except NoAddress:
    pass
else:
    raise AssertionError("an address from nowhere")
assert 0.7 < time.monotonic() - began < 1.5, "the deadline"
server.settimeout(5)
assert b"platform" in server.recv(512), "the real resolver was asked"
good = Address(socket.AF_INET, ("192.0.2.1", 443))
resolver.proved_good("platform.test", 443, good)
began = time.monotonic()
assert resolver.addresses("platform.test", 443, 5.0, threading.Event()) == [good]
assert time.monotonic() - began < 1.0
"""


@pytest.mark.fault(56)
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="needs a network and a mount namespace of its own",
)
def test_a_name_server_that_never_answers(tmp_path: Path) -> None:
    """The system's own resolver, before a server that takes questions and keeps them."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:20 attempts:3\n")
    done = subprocess.run(
        [
            "unshare",
            "-n",
            "-m",
            sys.executable,
            "-c",
            _WITH_A_SILENT_NAME_SERVER,
            str(tmp_path / "resolv.conf"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0, done.stderr
