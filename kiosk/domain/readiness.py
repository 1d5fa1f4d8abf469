"""Whether the terminal is ready to open: every device's answer to being looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.domain.device_status import DeviceCapabilities, DeviceClass, DeviceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReadiness:
    """What one device answered when it was looked at."""

    device: DeviceClass
    status: DeviceStatus
    capabilities: DeviceCapabilities
    seconds: float
    """How long it took to answer."""
    answered: bool = True
    """False: its driver was still busy when time was up; `status` is then the last one known."""

    @property
    def ready(self) -> bool:
        """Whether a resident can be sent to it."""
        return self.answered and self.status.usable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessReport:
    """A self-test of everything that is attached; what is not attached is not in it."""

    at: datetime
    devices: tuple[DeviceReadiness, ...]

    @property
    def ready(self) -> bool:
        """Whether every attached device is."""
        return all(device.ready for device in self.devices)
