"""Asks the supply every few seconds and tells what changed, to everybody and in no session's name."""

from __future__ import annotations

from typing import Any

from devices.duty import Desk, Duty, Method
from kiosk.ipc import Params
from kiosk.ports import PowerReading, PowerSupply

READ_EVERY_S = 2.0


class PowerDuty(Duty[PowerSupply]):
    """Remembers what was told last."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._told: PowerReading | None = None
        self._due = 0.0
        self._loss_untold = False

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {"power.reading": self._reading}

    def _reading(self, _params: Params) -> dict[str, Any]:
        """What was told last, for a peer that came after it; None before the first answer."""
        return {"reading": self._told}

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`: every few seconds while somebody answers, and once more when nobody does any longer."""
        if not is_open:
            return self._loss_untold
        self._loss_untold = self._told is not None
        return self.desk.clock.monotonic() >= self._due

    def step(self, driver: PowerSupply) -> float:
        """See `Duty`: ask once."""
        self._due = self.desk.clock.monotonic() + READ_EVERY_S
        self._loss_untold = False
        reading = driver.read()
        if reading != self._told:
            self._told = reading
            self.desk.notify("power.changed", {"reading": reading})
        return -1.0

    def cancel(self) -> None:
        """See `Duty`: nothing here lasts."""
