"""Two network namespaces with a cable between them: the terminal's side and the platform's, both without a name.

A thread may enter a namespace and its children are born there, so the real sync process runs inside one in a test
process that stays outside.  A namespace lasts as long as its descriptor or a process in it; nothing is left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from sync.central.server import listen

ResultT = TypeVar("ResultT")

_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET (namespaces(7))."""
NEAR, FAR = "10.77.0.1", "10.77.0.2"
FAR_6 = "2001:db8:77::2"
NEAR_6 = "2001:db8:77::1"


def _libc_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Namespace:
    """A network of its own."""

    def __init__(self) -> None:
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.descriptor = -1
        self._in_a_thread(self._make)
        # Without the last, a connection would begin with what an earlier test's loss has taught the kernel.
        self.run("ip link set lo up; sysctl -qw net.ipv4.tcp_no_metrics_save=1")

    def close(self) -> None:
        os.close(self.descriptor)
        os.close(self._home)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and the threads and processes that it starts, are inside."""
        _libc_call("setns", self.descriptor, _NEW_NETWORK)
        try:
            yield
        finally:
            _libc_call("setns", self._home, _NEW_NETWORK)

    def run(self, script: str, check: bool = True) -> str:
        """A shell script inside; what it said."""
        with self.entered():
            done = subprocess.run(
                ["sh", "-ec", script], capture_output=True, text=True, timeout=20, check=False
            )
        assert done.returncode == 0 or not check, f"{script}: {done.stderr}"
        return done.stdout

    def rules(self, *rules: str) -> None:
        """These nftables rules and no others; `input` and `output` are the chains."""
        text = "flush ruleset\ntable inet line {\n"
        for chain in ("input", "output"):
            mine = [one.removeprefix(chain) for one in rules if one.startswith(chain)]
            hook = f"type filter hook {chain} priority 0; policy accept;"
            text += f"chain {chain} {{\n{hook}\n" + "\n".join(mine) + "\n}\n"
        text += "}\n"
        with self.entered():
            done = subprocess.run(
                ["nft", "-f", "-"], input=text, capture_output=True, text=True, timeout=20, check=False
            )
        assert done.returncode == 0, f"{text}{done.stderr}"

    def _make(self) -> None:
        _libc_call("unshare", _NEW_NETWORK)
        self.descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def _in_a_thread(self, work: Callable[[], None]) -> None:
        failed: list[OSError] = []

        def run() -> None:
            try:
                work()
            except OSError as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]


class Cable:
    """The two sides. `near` has `v0`, `far` has `v1`."""

    def __init__(self) -> None:
        self.near, self.far = Namespace(), Namespace()
        there = f"/proc/{os.getpid()}/fd/{self.far.descriptor}"
        self.near.run(f"ip link add v0 type veth peer name v1 netns {there}")
        self.far.run(f"ip addr add {FAR}/24 dev v1; ip link set v1 up")
        self.near.run(f"ip addr add {NEAR}/24 dev v0; ip link set v0 up")
        for side, device in ((self.near, "v0"), (self.far, "v1")):
            side.run(f"ip link set {device} gso_max_segs 1")  # a packet in the rules is a packet on the wire

    def listener(self, port: int = 0) -> socket.socket:
        """A socket of the far side, to serve from anywhere."""
        with self.far.entered():
            return listen(FAR, port)

    def lose(self, percent: int) -> None:
        """So many packets of each direction vanish."""
        for side in (self.near, self.far):
            side.rules(f"input iif != lo numgen random mod 100 < {percent} drop")

    def slow_down(self, kbit_s: int) -> None:
        """The width of the line, both ways."""
        for side, device in ((self.near, "v0"), (self.far, "v1")):
            side.run(f"tc qdisc replace dev {device} root tbf rate {kbit_s}kbit burst 4kb latency 500ms")

    def mend(self) -> None:
        """A good line again."""
        for side in (self.near, self.far):
            side.rules()
        self.near.run("ip link set v0 up")

    def close(self) -> None:
        self.near.close()
        self.far.close()


def why_not() -> str | None:
    """Why namespaces cannot be had here; None when they can."""
    missing = [tool for tool in ("ip", "nft", "tc") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        return f"needs root and {' '.join(missing) or 'nothing more'} for networks of its own"
    try:
        Namespace().close()
    except OSError as error:
        return f"no network namespace: {error.strerror}"
    return None


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Two namespaces for as long as the body runs; skips where there are none."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    made = Cable()
    try:
        yield made
    finally:
        made.close()
