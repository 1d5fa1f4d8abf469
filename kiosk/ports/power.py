"""The terminal's own power: an uninterruptible supply that says when the mains are gone."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from kiosk.ports.device import DevicePort


class PowerSource(StrEnum):
    """What the terminal runs on (XFS4IoT PowerManagement)."""

    MAINS = "mains"
    BATTERY = "battery"
    """The mains are gone: what was begun can be finished, nothing new is begun."""
    BATTERY_LOW = "battery_low"
    """Save and shut down."""
    UNKNOWN = "unknown"
    """The supply does not say. After `battery` this counts as `battery_low`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerReading:
    """What the supply said."""

    source: PowerSource
    charge_percent: int | None = None
    runtime_s: int | None = None
    replace_battery: bool = False


class PowerSupply(DevicePort):
    """An uninterruptible power supply."""

    @abstractmethod
    def read(self) -> PowerReading:
        """Ask the supply (at most 1 s); a supply that does not answer is `unknown`."""
