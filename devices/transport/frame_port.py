"""The end of a simulated camera that frames come out of (see `simulated_source` for the other)."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from pathlib import Path

from devices.transport.far_end import FarEnd


class _Reader:
    """Whoever is connected, and a thread that writes to them.

    A frame is larger than a socket's buffer: written on the simulator's thread, a terminal that asks and
    then does not read would hold up the hands too.
    """

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="simulator-frames", daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Queue bytes."""
        self._outgoing.put(data)

    def close(self) -> None:
        """Hang up, in the middle of a frame if need be."""
        self._outgoing.put(None)
        with contextlib.suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.line.close()

    def _write(self) -> None:
        while (data := self._outgoing.get()) is not None:
            with contextlib.suppress(OSError):
                self.line.sendall(data)


class FramePort(FarEnd):
    """A listening local socket under the link's name; one camera has one reader."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._listener: socket.socket | None = None
        self._reader: _Reader | None = None

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`."""
        waiting = self._reader.line if self._reader else self._listener
        return waiting.fileno() if waiting else None

    def plug(self) -> None:
        """See `FarEnd`."""
        if self._listener is not None:
            return
        self.link.parent.mkdir(parents=True, exist_ok=True)
        self.link.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.link))
        self._listener.listen(1)
        # Whoever was announced may be gone by the time they are let in.
        self._listener.setblocking(False)

    def unplug(self) -> None:
        """See `FarEnd`."""
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self.link.unlink(missing_ok=True)

    def read(self) -> bytes:
        """See `FarEnd`. A reader that comes is let in, one that goes is let go."""
        if self._reader is None and self._listener is not None:
            with contextlib.suppress(OSError):
                self._reader = _Reader(self._listener.accept()[0])
            return b""
        data = b""
        if self._reader is not None:
            try:
                data = self._reader.line.recv(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return b""
            except OSError:
                pass  # gone, as an empty answer says too
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""
        if self._reader is not None:
            self._reader.send(data)

    def _hang_up(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
