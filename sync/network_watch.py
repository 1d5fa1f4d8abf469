"""Tells when the kernel says that the network changed: a cable plugged in, an address given, a route set.

rtnetlink (rtnetlink(7)): the kernel sends a datagram to whoever has joined a group, so nothing is polled.  Where
such a socket is not to be had (a sandbox, another kernel) the terminal does without and finds out with its next try.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from kiosk.clock import Clock

log = logging.getLogger(__name__)

_RTMGRP_LINK = 0x1
_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV4_ROUTE = 0x40
_RTMGRP_IPV6_IFADDR = 0x100
_RTMGRP_IPV6_ROUTE = 0x400
_GROUPS = _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV4_ROUTE | _RTMGRP_IPV6_IFADDR | _RTMGRP_IPV6_ROUTE
_CHANGES = frozenset({16, 17, 20, 21, 24, 25})
"""RTM_NEWLINK, DELLINK, NEWADDR, DELADDR, NEWROUTE, DELROUTE."""
_GONE = frozenset({21, 25})
"""RTM_DELADDR, DELROUTE."""
_HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, sender."""
_SETTLES_S = 0.3
"""A change comes as a shower of messages: one word for all of them."""
_REST_S = 2.0
"""A flapping line is told at most so often."""


class NetworkWatch:
    """Calls `on_change` from a thread of its own, and `on_gone` before it when an address or a route went away.

    `start`, then `close`.
    """

    def __init__(
        self, on_change: Callable[[], None], clock: Clock, on_gone: Callable[[], None] = lambda: None
    ) -> None:
        self._on_change, self._on_gone = on_change, on_gone
        self._clock = clock
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake_end = -1

    @property
    def works(self) -> bool:
        """Whether the kernel tells us anything."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to listen; without the socket it stays quiet."""
        try:
            kernel = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
            )
            try:
                kernel.bind((0, _GROUPS))
            except OSError:
                kernel.close()
                raise
        except OSError as error:
            log.info("changes of the network are not told here: %s", error.strerror)
            return
        near_end, self._wake_end = os.pipe()
        self._thread = threading.Thread(
            target=self._listen, args=(kernel, near_end), name="network-watch", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread is not None:
            with contextlib.suppress(OSError):
                os.write(self._wake_end, b"x")
            self._thread.join(timeout=1.0)
            os.close(self._wake_end)
            self._thread = None

    def _listen(self, kernel: socket.socket, near_end: int) -> None:
        poll = select.poll()
        poll.register(kernel, select.POLLIN)
        poll.register(near_end, select.POLLIN)
        try:
            while not self._closing.is_set():
                poll.poll()
                if self._closing.is_set():
                    return
                first = self._heard(kernel)
                if first is None or is_change(first):
                    self._clock.wait(self._closing, _SETTLES_S)
                    if self._drain(kernel) or first is None or is_loss(first):
                        self._on_gone()
                    self._on_change()
                    self._clock.wait(self._closing, _REST_S)
        except OSError as error:
            log.warning("changes of the network are not told any more: %s", error.strerror)
        finally:
            kernel.close()
            os.close(near_end)

    def _heard(self, kernel: socket.socket) -> bytes | None:
        """What the kernel says; None when it said so much that some was lost, which may be anything."""
        try:
            return kernel.recv(65536)
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                return None
            raise

    def _drain(self, kernel: socket.socket) -> bool:
        """The rest of the shower; whether it tells of a loss, or was more than the buffer held."""
        loss = False
        try:
            while True:
                loss |= is_loss(kernel.recv(65536, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return loss
        except OSError:
            return True


def is_change(datagram: bytes) -> bool:
    """Whether any message in a datagram tells of a link, an address or a route."""
    return any(kind in _CHANGES for kind in _kinds(datagram))


def is_loss(datagram: bytes) -> bool:
    """Whether any message in a datagram tells of an address or a route that is there no more."""
    return any(kind in _GONE for kind in _kinds(datagram))


def _kinds(datagram: bytes) -> Iterator[int]:
    place = 0
    while place + _HEADER.size <= len(datagram):
        length, kind, _flags, _sequence, _sender = _HEADER.unpack_from(datagram, place)
        yield kind
        if length < _HEADER.size:
            return
        place += (length + 3) & ~3
