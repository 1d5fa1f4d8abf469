"""The device's end of a line: where a simulator speaks, and the plug that it can pull."""

from __future__ import annotations

from abc import ABC, abstractmethod


class FarEnd(ABC):
    """One line, seen from the device. Belongs to the simulator's thread, under its lock."""

    @property
    @abstractmethod
    def descriptor(self) -> int | None:
        """What to wait on for something from the terminal; None while unplugged. May change after `read`."""

    @property
    def plugged(self) -> bool:
        """Whether the plug is in."""
        return self.descriptor is not None

    @property
    def speed_baud(self) -> int | None:
        """The speed that the terminal has set on its end; None on a line that has none."""
        return None

    @abstractmethod
    def plug(self) -> None:
        """Put the plug in; does nothing while it is."""

    @abstractmethod
    def unplug(self) -> None:
        """Pull the plug; bytes under way are lost."""

    @abstractmethod
    def read(self) -> bytes:
        """What has arrived; b"" when it was no data (a new connection, an end)."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send; what a terminal that does not read has no room for is lost, as on a real line."""
