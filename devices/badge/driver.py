"""Notices staff badges in a PC/SC reader; may share it with social-security cards.

The card is held only for the one question it is asked.  A card that is no badge (it answers no number) is
looked at once and then left to others.
"""

from __future__ import annotations

import threading
from typing import Final

from devices.badge.protocol import read_uid
from devices.transport.card_slot import GONE, CardSlot, SlotFault, SlotLost, SlotState
from devices.transport.slot_device import HELLO_S, SlotDevice
from kiosk.clock import Clock
from kiosk.ports import BadgeRead, BadgeReader

_ASK_S: Final = 1.0
"""A badge answers within milliseconds; somebody else may be reading another card first."""


class PcscBadgeReader(SlotDevice, BadgeReader):
    """A place that badges are held to."""

    def __init__(self, slot: CardSlot, clock: Clock | None = None) -> None:
        super().__init__(slot, clock)
        self._shown: int | None = None
        """The placing of the card that was looked at."""

    def forget(self) -> None:
        """See `SlotDevice`."""
        self._shown = None

    def read(self, timeout_s: float, cancel: threading.Event) -> BadgeRead | None:
        """See `BadgeReader`."""
        deadline = self._clock.monotonic() + timeout_s
        try:
            state = self._slot.state(self._clock.monotonic() + HELLO_S)
            while not cancel.is_set():
                if state.present and state.placing != self._shown:
                    uid = self._ask(state, cancel)
                    if uid is not None:
                        return BadgeRead(token=uid.hex().upper())
                if self._clock.monotonic() >= deadline:
                    break
                state = self._slot.wait(state, deadline, cancel)
        except SlotLost as lost:
            if lost.fault in GONE:
                self._slot.close()
        return None

    def _ask(self, state: SlotState, cancel: threading.Event) -> bytes | None:
        """The number of the card that lies there; None when it has none, or was taken away too soon."""
        try:
            with self._slot.hold(self._clock.monotonic() + _ASK_S, cancel, stay_powered=True) as card:
                uid = read_uid(card.transmit)
        except SlotLost as lost:
            if lost.fault in GONE or lost.fault is SlotFault.CANCELED:
                raise
            if lost.fault is SlotFault.MUTE:
                self._shown = state.placing
            # Otherwise in use, or pulled: it is asked again if it is still there at the next change.
            return None
        self._shown = state.placing
        return uid
