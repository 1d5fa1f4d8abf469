"""The name of the platform, asked of a real name server with real faults, by the sync process as it is started.

The process has a mount namespace of its own, so that `/etc/resolv.conf` names a dnsmasq on the far side of a cable.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient
from tests.line.county import County, LineTerminal, county_in, until
from tests.line.namespaces import FAR, FAR_6, NEAR_6, Cable, cable

ROOT = Path(__file__).resolve().parents[2]
NAME = "platform.test"
_NOBODY = "10.77.0.99"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="no dnsmasq is installed"),
]


class NameServer:
    """A dnsmasq on the far side that can be told what to answer."""

    def __init__(self, wire: Cable) -> None:
        self._wire = wire
        self._process: subprocess.Popen[bytes] | None = None
        self._failing: FailingServer | None = None

    def says(self, *options: str) -> None:
        """Answer so from now on."""
        self.close()
        command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts", "--no-resolv"]
        command += ["--user=root", "--pid-file=", f"--listen-address={FAR}", "--bind-interfaces"]
        with self._wire.far.entered():
            self._process = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
        until(self._listens, 10)

    def fails(self) -> None:
        """SERVFAIL: its own upstream fails."""
        self.says("--server=127.0.0.1#5353", "--no-negcache")
        with self._wire.far.entered():
            self._failing = FailingServer()

    def silent(self) -> None:
        """It is there and says nothing."""
        self.says(f"--host-record={NAME},{FAR}")
        self._wire.far.rules("input udp dport 53 drop", "input tcp dport 53 drop")

    def close(self) -> None:
        self._wire.far.rules()
        if self._failing is not None:
            self._failing.close()
            self._failing = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def _listens(self) -> bool:
        return f"{FAR}:53" in self._wire.far.run("ss -Hlun")


class FailingServer:
    """Answers every question with SERVFAIL (RFC 1035 §4.1.1, RCODE 2)."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 5353))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, whose = self._socket.recvfrom(4096)
                if not question:
                    return
                head = question[:2] + struct.pack("!HHHHH", 0x8182, 1, 0, 0, 0)
                self._socket.sendto(head + question[12:].split(b"\0\0\x29")[0], whose)


class SyncProcess:
    """`python -m sync` on the near side, with a resolver of its own."""

    def __init__(self, wire: Cable, county: County, terminal: LineTerminal) -> None:
        settings = terminal.settings
        self._folder = tempfile.TemporaryDirectory(prefix="name")
        folder = Path(self._folder.name)
        (folder / "resolv.conf").write_text(f"nameserver {FAR}\n")
        (folder / "linban.toml").write_text(
            f'[paths]\nstate_dir = "{settings.paths.state_dir}"\nrun_dir = "{folder}"\n'
            f'[platform]\nurl = "http://{NAME}:{county.port}"\nheartbeat_s = 1.0\nretry_cap_s = 0.5\n'
        )
        script = f"mount --bind {folder}/resolv.conf /etc/resolv.conf && exec {sys.executable} -m sync"
        command = ["unshare", "-m", "sh", "-c", f"{script} --config {folder}/linban.toml"]
        with wire.near.entered():
            self._log = (folder / "log").open("wb")
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=self._log
            )
        self._socket = folder / "sync.sock"
        self.client = self._connect()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.call("status")
        return found

    def wake(self) -> None:
        self.client.call("wake")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self.client.close()
        self._log.close()
        self._folder.cleanup()

    def _connect(self) -> IpcClient:
        found: list[IpcClient] = []

        def there() -> bool:
            with contextlib.suppress(IpcError):
                found.append(IpcClient(self._socket))
            return bool(found)

        until(there, 20)
        return found[0]


Start = Callable[[LineTerminal], SyncProcess]


@pytest.fixture(scope="module")
def wire() -> Iterator[Cable]:
    with cable() as made:
        made.far.run(f"ip -6 addr add {FAR_6}/64 dev v1 nodad")
        made.near.run(f"ip -6 addr add {NEAR_6}/64 dev v0 nodad")
        yield made


@pytest.fixture(scope="module")
def county(wire: Cable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with county_in(tmp_path_factory.mktemp("names"), SystemClock(), wire.listener()) as made:
        yield made


@pytest.fixture
def names(wire: Cable) -> Iterator[NameServer]:
    made = NameServer(wire)
    yield made
    made.close()


@pytest.fixture
def terminal(wire: Cable, county: County) -> LineTerminal:
    """One that was enrolled by address; its sync process is started by the test."""
    made = county.terminal(f"http://{FAR}:{county.port}")
    with wire.near.entered():
        made.start()
    made.stop()
    return made


@pytest.fixture
def start(wire: Cable, county: County) -> Iterator[Start]:
    made: list[SyncProcess] = []

    def start(terminal: LineTerminal) -> SyncProcess:
        made.append(SyncProcess(wire, county, terminal))
        return made[-1]

    yield start
    for one in made:
        one.close()


def deliver(terminal: LineTerminal, sync: SyncProcess, within_s: float = 30.0) -> float:
    """Five residents come; how long until all is delivered."""
    for _ in range(5):
        terminal.record()
    sync.wake()
    took_s = terminal.until_drained(within_s)
    terminal.check()
    return took_s


def fall_ill(names: NameServer, how: str) -> None:
    """One of the four ways in which a name server fails."""
    if how == "servfail":
        names.fails()
    elif how == "nxdomain":
        names.says(f"--address=/{NAME}/")
    elif how == "wrong address":
        names.says(f"--host-record={NAME},{_NOBODY}")
    else:
        names.silent()


@pytest.mark.fault(56)
@pytest.mark.parametrize("how", ["servfail", "nxdomain", "silence", "wrong address"])
def test_a_name_server_that_is_ill_from_the_start_and_recovers(
    names: NameServer, terminal: LineTerminal, start: Start, how: str
) -> None:
    fall_ill(names, how)
    sync = start(terminal)
    until(lambda: sync.status()["state"] == "offline", 20, sync.status)
    for _ in range(5):
        terminal.record()
    terminal.check_nothing_claimed()
    names.says(f"--host-record={NAME},{FAR}")
    print(f"{how}: delivered {deliver(terminal, sync):.1f} s after the name server was well again")


@pytest.mark.fault(56)
@pytest.mark.parametrize("how", ["servfail", "nxdomain", "silence", "wrong address"])
def test_a_name_server_that_falls_ill_later_stops_nothing(
    names: NameServer, wire: Cable, terminal: LineTerminal, start: Start, how: str
) -> None:
    names.says(f"--host-record={NAME},{FAR}")
    sync = start(terminal)
    deliver(terminal, sync)
    fall_ill(names, how)
    wire.near.rules(f"output ip daddr {FAR} meta l4proto tcp reject with tcp reset")
    until(lambda: sync.status()["state"] == "offline", 20, sync.status)
    wire.near.rules()
    took_s = deliver(terminal, sync)
    print(f"{how}: the address that was good last served, {took_s:.1f} s")


@pytest.mark.fault(56, 68)
def test_an_ipv6_address_that_leads_nowhere(
    names: NameServer, wire: Cable, terminal: LineTerminal, start: Start
) -> None:
    """AAAA names a way on which everything is swallowed, and comes first; A is right."""
    names.says(f"--host-record={NAME},{FAR},{FAR_6}")
    wire.far.rules("input ip6 nexthdr tcp drop")
    sync = start(terminal)
    took_s = deliver(terminal, sync)
    print(f"dead AAAA beside a good A: {took_s:.1f} s from the start")
    assert took_s > 0.5, "the dead one was tried first"
    assert deliver(terminal, sync) < 5.0, "the address that was good is tried first from now on"
