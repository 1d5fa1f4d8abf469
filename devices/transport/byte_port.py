"""What every driver that speaks bytes stands on: one line to one device, whatever the wire is.

A driver takes a `BytePort` and never asks which kind it is; `devices.transport.address.port_at` makes one
from the address in the settings.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from enum import StrEnum

from kiosk.errors import LinbanError


class PortFault(StrEnum):
    """Why a port cannot be used."""

    ABSENT = "absent"
    """No such node, device or listener: never plugged in, or unplugged."""
    IN_USE = "in_use"
    """Another program holds it."""
    REFUSED = "refused"
    """It is there and may not be opened, or takes no such settings."""
    LOST = "lost"
    """It was open, and went away under a call."""


class PortLost(LinbanError):
    """The port cannot be used (any more); it is closed by the time this is raised."""

    def __init__(self, fault: PortFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class Canceled(LinbanError):
    """The caller's `cancel` was set while waiting."""


class BytePort(ABC):
    """One line to one device. Not thread-safe: it belongs to the thread of its device.

    Deadlines are moments of the injected clock's `monotonic`.  Every call but `open` and `close` raises
    `PortLost` on a port that is not open.
    """

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the line is open, as far as anybody noticed."""

    @abstractmethod
    def open(self) -> None:
        """Open the line for this process alone and drop what had piled up. Raises `PortLost`."""

    @abstractmethod
    def close(self) -> None:
        """Release the line; may be called at any time, never raises."""

    @abstractmethod
    def read_some(self, deadline: float, cancel: threading.Event | None = None) -> bytes:
        """Whatever arrives first, as soon as it arrives; b"" when nothing came by `deadline`.

        A deadline that has passed still takes what is already there.  Raises `Canceled` or `PortLost`.
        """

    @abstractmethod
    def write_some(self, data: bytes, deadline: float, cancel: threading.Event | None = None) -> int:
        """Write as much of `data` as the line takes by `deadline`; returns how many bytes left.

        Raises `Canceled` only while not a byte has left, and `PortLost`.
        """

    @abstractmethod
    def drop_input(self) -> None:
        """Throw away what has arrived and was not read. Raises `PortLost`."""

    @abstractmethod
    def check(self) -> None:
        """Raise `PortLost` if the far end is known to have gone; reads nothing and waits for nothing."""
