"""Run alone in a network namespace of its own: the cable is pulled from under a connection, without a word.

Prints how long the loss took to be noticed, `idle` (nothing said) and `asking` (bytes under way).
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable

from devices.transport.byte_port import BytePort, PortLost
from devices.transport.tcp_port import TcpPort
from kiosk.clock import SystemClock

CLOCK = SystemClock()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def noticed(use: Callable[[BytePort], None]) -> float:
    """Seconds from the cut to `PortLost`, at most 30."""
    ip("link", "set", "lo", "up")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = TcpPort("127.0.0.1", listener.getsockname()[1], CLOCK)
        port.open()
        peer, _ = listener.accept()
        with peer:
            ip("link", "set", "lo", "down")
            cut_at = time.monotonic()
            try:
                while time.monotonic() < cut_at + 30:
                    use(port)
            except PortLost:
                pass
            taken = time.monotonic() - cut_at
    return taken


def listen(port: BytePort) -> None:
    port.read_some(CLOCK.monotonic() + 0.2)


def ask(port: BytePort) -> None:
    port.write_some(b"\x10\x04\x01", CLOCK.monotonic() + 0.2)
    port.read_some(CLOCK.monotonic() + 0.5)


print(json.dumps({"idle": noticed(listen), "asking": noticed(ask)}))
