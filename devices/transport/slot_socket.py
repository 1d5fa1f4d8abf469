"""The simulator's end of a card slot behind a local socket (see `simulated_slot`)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from devices.transport.listening_end import ListeningEnd


class SlotSocket(ListeningEnd):
    """A listener at `path`. One connection at a time, and whoever has it holds the slot; the others wait."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.on_hang_up: Callable[[], None] = _nothing
        """Called when a connection has ended."""

    def unplug(self) -> None:
        """See `FarEnd`."""
        if self._listener is not None:
            self.path.unlink(missing_ok=True)
        super().unplug()

    def _listen(self) -> socket.socket:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen(8)
        return listener

    def _gone(self) -> None:
        self.on_hang_up()


def _nothing() -> None:
    """Nobody asked to be told."""
