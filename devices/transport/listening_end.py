"""The device's end of a line that the terminal connects to: one connection at a time, the next one waits."""

from __future__ import annotations

import contextlib
import socket
from abc import abstractmethod

from devices.transport.far_end import FarEnd


class ListeningEnd(FarEnd):
    """A listener while it is plugged in, and whoever is connected."""

    def __init__(self) -> None:
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None

    @abstractmethod
    def _listen(self) -> socket.socket:
        """A listener at this end's address."""

    def _let_in(self, connection: socket.socket) -> None:
        """A terminal has connected."""

    def _gone(self) -> None:
        """A connection has ended."""

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`: the connection if there is one, else the listener."""
        waiting = self._connection or self._listener
        return None if waiting is None else waiting.fileno()

    def plug(self) -> None:
        """See `FarEnd`."""
        if self._listener is None:
            self._listener = self._listen()
            self._listener.setblocking(False)

    def unplug(self) -> None:
        """See `FarEnd`: the listener and the connection go."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone leaves it listening for as long as another thread's poll holds the file.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.hang_up()

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
            self.hang_up()
        return data

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(data)

    def hang_up(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            self._gone()

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            self._connection, _peer = self._listener.accept()
        except OSError:
            return  # it hung up again before it was taken
        self._connection.setblocking(False)
        self._let_in(self._connection)
