"""The simulator's end of a card slot behind a local socket (see `simulated_slot`)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from devices.transport.far_end import FarEnd


class SlotSocket(FarEnd):
    """A listener at `path`. One connection at a time, and whoever has it holds the slot; the others wait."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.on_hang_up: Callable[[], None] = _nothing
        """Called when a connection has ended."""
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`: the connection if there is one, else the listener."""
        waiting = self._connection or self._listener
        return None if waiting is None else waiting.fileno()

    def plug(self) -> None:
        """See `FarEnd`."""
        if self._listener is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(8)
        self._listener.setblocking(False)

    def unplug(self) -> None:
        """See `FarEnd`."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self.path.unlink(missing_ok=True)
            listener.close()
        self.hang_up()

    def read(self) -> bytes:
        """See `FarEnd`."""
        if self._connection is None:
            if self._listener is not None:
                with contextlib.suppress(OSError):
                    self._connection = self._listener.accept()[0]
                    self._connection.setblocking(False)
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
            self.on_hang_up()


def _nothing() -> None:
    """Nobody asked to be told."""
