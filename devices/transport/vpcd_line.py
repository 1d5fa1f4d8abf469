"""A virtual card's line to vpcd, the virtual reader of vsmartcard: connected is inserted (its doc/api.rst)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from devices.transport.far_end import FarEnd

_CONNECT_S = 0.2


class VpcdLine(FarEnd):
    """A connection to vpcd on `port`, which listens for one card there."""

    def __init__(self, host: str = "127.0.0.1", port: int = 35963) -> None:
        self.host, self.port = host, port
        self.on_hang_up: Callable[[], None] = _nothing
        """Called when vpcd has hung up: the PC/SC service was stopped."""
        self._plugged = False
        self._connection: socket.socket | None = None

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`: there is nothing to wait on while no card is in."""
        return None if self._connection is None else self._connection.fileno()

    @property
    def plugged(self) -> bool:
        """See `FarEnd`."""
        return self._plugged

    def plug(self) -> None:
        """See `FarEnd`."""
        self._plugged = True

    def unplug(self) -> None:
        """See `FarEnd`."""
        self._plugged = False
        self.remove()

    def insert(self) -> bool:
        """Put the card in; False when nobody listens."""
        if not self._plugged or self._connection is not None:
            return self._plugged
        try:
            self._connection = socket.create_connection((self.host, self.port), timeout=_CONNECT_S)
        except OSError:
            return False
        self._connection.setblocking(False)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return True

    def remove(self) -> None:
        """Pull the card out, whatever is under way."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def read(self) -> bytes:
        """See `FarEnd`."""
        if self._connection is None:
            return b""
        try:
            data = self._connection.recv(65536)
            # vpcd sends the length and the payload apart, and its kernel keeps the second back for 40 ms until
            # the first is acknowledged; the kernel forgets this option again after a while.
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.remove()
            self.on_hang_up()
        return data

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(data)


def _nothing() -> None:
    """Nobody asked to be told."""
