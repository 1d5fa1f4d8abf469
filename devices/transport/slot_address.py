"""What a `reader` in the settings names, and the slot behind it.

(empty)          the first reader that the PC/SC service knows
ACME Reader      the first one whose name begins so
sim:SOCKET       a simulated one
"""

from __future__ import annotations

from typing import Final

from devices.transport.card_slot import CardSlot
from devices.transport.pcsc import PcscSlot
from devices.transport.simulated_slot import SimulatedSlot
from kiosk.clock import Clock, SystemClock

_SIMULATED: Final = "sim:"


def slot_called(reader: str, clock: Clock | None = None) -> CardSlot:
    """The slot that a `reader` setting names, not yet opened."""
    clock = clock or SystemClock()
    if reader.startswith(_SIMULATED):
        return SimulatedSlot(reader.removeprefix(_SIMULATED), clock)
    return PcscSlot(reader, clock)
