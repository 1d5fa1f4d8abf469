"""systemd's notification protocol (sd_notify): ready, alive, stopping. Silent where nobody listens.

The supervisor of `kiosk run` listens on the same socket protocol, so a process behaves alike under both.
"""

from __future__ import annotations

import contextlib
import os
import socket


def ready() -> None:
    """Say that the process does its work from now on."""
    _send("READY=1")


def alive() -> None:
    """Feed the watchdog. Call it only from a place that proves every part of the process alive."""
    _send("WATCHDOG=1")


def stopping() -> None:
    """Say that the process ends on purpose."""
    _send("STOPPING=1")


def watchdog_interval_s() -> float | None:
    """How often to call `alive` (half the allowed silence), or None when nobody watches."""
    pid = os.environ.get("WATCHDOG_PID")
    if pid is not None and pid != str(os.getpid()):
        return None
    try:
        return int(os.environ["WATCHDOG_USEC"]) / 1_000_000 / 2
    except (KeyError, ValueError):
        return None


def _send(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
    ):
        sender.setblocking(False)  # a supervisor that does not read must not stop whoever works for it
        sender.connect(address)
        sender.send(state.encode("ascii"))
