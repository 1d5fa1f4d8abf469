"""One device class as the registry sees it: its drivers by name, its duty, its contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from kiosk.clock import Clock
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import DevicePort


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKind:
    """One device class. The functions import what they make, so that a library loads only where it is used."""

    device: DeviceClass
    # The class's own settings, driver and duty belong together; that they do is proven by the contract suite.
    drivers: dict[str, Callable[[Any, Clock], DevicePort]]
    """By the name that stands in the settings."""
    duty: Callable[[Desk], Duty[Any]]
    contract: Callable[[], Contract[Any]] | None = None
    """What the class promises, for the conformance kit."""
