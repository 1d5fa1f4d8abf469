"""What every driver of a card slot has in common: opening it, looking at it, letting go of it."""

from __future__ import annotations

import re
from typing import Final

from devices.transport.card_slot import CardSlot, SlotFault, SlotLost, SlotState
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus, MediaState
from kiosk.ports import DevicePort

HELLO_S: Final = 0.9
"""What `open` and `status` may take."""


class SlotDevice(DevicePort):
    """A device whose transport is a card slot."""

    def __init__(self, slot: CardSlot, clock: Clock | None = None) -> None:
        self._slot = slot
        self._clock = clock or SystemClock()
        self._capabilities = DeviceCapabilities()

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        self.forget()
        try:
            deadline = self._clock.monotonic() + HELLO_S
            self._slot.open(deadline)
            # pcsc-lite ends a reader's name with two numbers of its own making.
            self._capabilities = DeviceCapabilities(model=re.sub(r"( [0-9A-F]{2}){2}$", "", self._slot.name))
        except SlotLost as lost:
            return self._closed(lost.fault)
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._slot.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            state = self._slot.state(self._clock.monotonic() + HELLO_S)
        except SlotLost as lost:
            return self._closed(lost.fault)
        return self._closed(SlotFault.IN_USE) if state.held_by_others else _status_of(state)

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return self._capabilities

    def forget(self) -> None:
        """Whatever card lies there is looked at anew."""

    def _closed(self, fault: SlotFault) -> DeviceStatus:
        self._slot.close()
        if fault is SlotFault.NO_READER:
            return DeviceStatus(state=DeviceState.NO_DEVICE)
        if fault is SlotFault.IN_USE:
            return DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.PORT_IN_USE)
        return DeviceStatus(state=DeviceState.OFFLINE)


def _status_of(state: SlotState) -> DeviceStatus:
    media = MediaState.PRESENT if state.present else MediaState.NOT_PRESENT
    return DeviceStatus(state=DeviceState.ONLINE, media=media)
