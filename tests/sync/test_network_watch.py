"""The kernel tells when the network changes; without it a terminal goes on as before."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from sync.network_watch import NetworkWatch, is_change, is_loss

ROOT = Path(__file__).resolve().parents[2]
_IN_A_NAMESPACE = """
import subprocess, threading, time
from kiosk.clock import SystemClock
from sync.network_watch import NetworkWatch
told = []
once = threading.Event()
watch = NetworkWatch(lambda: (told.append(time.monotonic()), once.set()), SystemClock())
watch.start()
assert watch.works
began = time.process_time()
assert not once.wait(1.0), "told of nothing"
assert time.process_time() - began < 0.05, "a busy loop"
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
assert once.wait(3.0), "a link that came up"
once.clear()
for number in range(20):
    subprocess.run(["ip", "addr", "add", f"192.0.2.{number + 1}/32", "dev", "lo"], check=True)
assert once.wait(5.0), "an address"
watch.close()
assert not watch.works
print(len(told))
"""

_FAR_END = """
import socket, subprocess, sys
print("here", flush=True)
sys.stdin.readline()
subprocess.run(["ip", "addr", "add", "192.0.2.2/24", "dev", "far"], check=True)
subprocess.run(["ip", "link", "set", "far", "up"], check=True)
listener = socket.create_server(("192.0.2.2", 8600))
print("listening", flush=True)
kept, _ = listener.accept()
print("called", flush=True)
sys.stdin.readline()
"""
_CALL_THAT_HANGS = """
import subprocess, sys, threading, time
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.errors import PlatformError
from sync.network_watch import NetworkWatch
from sync.platform_client import PlatformClient
def ip(*words):
    subprocess.run(["ip", *words], check=True)
far = subprocess.Popen(["unshare", "-n", sys.executable, "-c", sys.argv[1]], text=True,
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert far.stdout.readline() == "here\\n"
ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(far.pid))
ip("addr", "add", "192.0.2.1/24", "dev", "near")
ip("link", "set", "near", "up")
print("go", file=far.stdin, flush=True)
assert far.stdout.readline() == "listening\\n"
settings = PlatformSettings(url="http://192.0.2.2:8600")
client = PlatformClient(settings, Ed25519PrivateKey.generate(), SystemClock())
looked = threading.Event()
watch = NetworkWatch(lambda: looked.set(), SystemClock(), client.leave_lost_address)
watch.start()
found, ended = [], threading.Event()
def call():
    try:
        client.enrol("1")
    except PlatformError as error:
        found.append(error.fault.value)
    ended.set()
threading.Thread(target=call, daemon=True).start()
assert far.stdout.readline() == "called\\n"
looked.clear()
ip("addr", "add", "198.51.100.1/24", "dev", "near")
assert looked.wait(5.0)
looked.clear()
ip("addr", "del", "198.51.100.1/24", "dev", "near")
assert looked.wait(5.0)
assert not ended.wait(0.5), "cut for an address that it does not use"
ip("addr", "add", "192.0.2.7/25", "dev", "near")
ip("addr", "del", "192.0.2.1/24", "dev", "near")
assert ended.wait(5.0), "hangs on an address that is gone"
watch.close()
print("end", file=far.stdin, flush=True)
far.communicate(timeout=10)
print(*found)
"""
_NAMESPACES = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="needs a network namespace of its own",
)


@pytest.mark.fault(41)
@_NAMESPACES
def test_the_address_of_a_call_goes_away_while_it_waits() -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", _CALL_THAT_HANGS, _FAR_END],
        capture_output=True,
        text=True,
        timeout=40,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["no_line"]


@pytest.mark.fault(40, 41)
@_NAMESPACES
def test_a_link_and_addresses_that_change() -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", _IN_A_NAMESPACE],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 4  # a shower of twenty changes is told a few times at most


def test_where_no_such_socket_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr("sync.network_watch.socket.socket", refuse)
    watch = NetworkWatch(lambda: None, SystemClock())
    watch.start()
    assert not watch.works
    watch.close()


def test_it_ends_at_once() -> None:
    watch = NetworkWatch(lambda: None, SystemClock())
    watch.start()
    started = time.monotonic()
    watch.close()
    assert time.monotonic() - started < 0.5
    assert "network-watch" not in {thread.name for thread in threading.enumerate()}


def test_which_messages_are_changes() -> None:
    def message(kind: int, body: bytes = b"", length: int | None = None) -> bytes:
        whole = 16 + len(body)
        return struct.pack("=IHHII", whole if length is None else length, kind, 0, 0, 0) + body

    assert is_change(message(16))
    assert is_loss(message(16) + message(21)) and is_loss(message(25))
    assert not is_loss(message(16) + message(17) + message(20) + message(24))
    assert is_change(message(3, b"12345") + bytes(3) + message(24))
    assert not is_change(message(28))  # a neighbour, who comes and goes all day
    assert not is_change(message(28, length=0) + message(16))
    assert not is_change(b"short")
