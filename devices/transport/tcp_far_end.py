"""The listening end of a network line: what a receipt printer's network card is, on loopback.

One connection at a time, as such cards have it: the next one waits until the first is closed.
"""

from __future__ import annotations

import contextlib
import socket

from devices.transport.far_end import FarEnd


class TcpFarEnd(FarEnd):
    """A listener on `host`; port 0 takes a free one, and keeps it over unplugging."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None

    def __str__(self) -> str:
        return f"tcp:{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`: the connection if there is one, else the listener."""
        waiting = self._connection or self._listener
        return None if waiting is None else waiting.fileno()

    def plug(self) -> None:
        """See `FarEnd`."""
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, self.port), family=family, backlog=1)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def unplug(self) -> None:
        """See `FarEnd`: the listener and the connection go."""
        self._hang_up()
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone leaves it listening for as long as another thread's poll holds the file.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def read(self) -> bytes:
        """See `FarEnd`."""
        if self._connection is None:
            self._accept()
            return b""
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(data)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            self._connection, _peer = self._listener.accept()
        except OSError:
            return  # it hung up again before it was taken
        self._connection.setblocking(False)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
