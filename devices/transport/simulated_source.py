"""Frames of a simulated camera, asked for one by one over a local socket (port `sim:/path/to.sock`).

Ask: one byte, `N`.  Answer: `FRAM`, then number, width, height and channels as little-endian 32-bit
numbers, then the pixels.  The answer comes when the camera's next frame is due.
"""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import numpy as np

from devices.transport.frame_source import FrameSource, Pixels, SourceFault
from kiosk.clock import Clock, SystemClock

ASK = b"N"
HEAD = struct.Struct("<4sIIII")
MAGIC = b"FRAM"
MAX_PIXELS = 64 << 20
_SLICE_S = 0.1


class SimulatedSource(FrameSource):
    """The reading end."""

    def __init__(self, path: str, clock: Clock | None = None) -> None:
        self._path, self._clock = Path(path), clock or SystemClock()
        self._socket: socket.socket | None = None
        self._asked = False
        self._buffer = bytearray()

    @property
    def model(self) -> str:
        """See `FrameSource`."""
        return "simulated camera"

    def open(self) -> SourceFault | None:
        """See `FrameSource`."""
        self.close()
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(_SLICE_S)
            line.connect(str(self._path))
        except PermissionError:
            line.close()
            return SourceFault.REFUSED
        except OSError:
            line.close()
            return SourceFault.NO_NODE
        self._socket = line
        return None

    def close(self) -> None:
        """See `FrameSource`."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._asked = False
        self._buffer.clear()

    def next_frame(self, deadline: float, cancel: threading.Event) -> Pixels | None:
        """See `FrameSource`."""
        while self._socket is not None and not cancel.is_set():
            try:
                if not self._asked:
                    self._socket.sendall(ASK)
                    self._asked = True
                if (frame := self._take()) is not None:
                    return frame
                left_s = deadline - self._clock.monotonic()
                if left_s <= 0:
                    return None
                self._socket.settimeout(min(left_s, _SLICE_S))
                data = self._socket.recv(1 << 20)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                self.close()
                return None
            self._buffer += data
        return None

    def check(self) -> SourceFault | None:
        """See `FrameSource`."""
        if self._socket is not None:
            try:
                self._socket.setblocking(False)
                if self._socket.recv(1, socket.MSG_PEEK):
                    return None
            except BlockingIOError:
                return None
            except OSError:
                pass
            self.close()
        return SourceFault.NO_NODE

    def _take(self) -> Pixels | None:
        """A whole frame out of the buffer. Raises `OSError` on bytes that are none."""
        if len(self._buffer) < HEAD.size:
            return None
        magic, _, width, height, channels = HEAD.unpack_from(self._buffer)
        size = width * height * channels
        if magic != MAGIC or channels not in (1, 3) or not 0 < size <= MAX_PIXELS:
            raise OSError("not a frame")
        if len(self._buffer) < HEAD.size + size:
            return None
        shape = (height, width) if channels == 1 else (height, width, channels)
        frame = np.frombuffer(bytes(self._buffer[HEAD.size : HEAD.size + size]), np.uint8).reshape(shape)
        del self._buffer[: HEAD.size + size]
        self._asked = False
        return frame
