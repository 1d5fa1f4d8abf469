"""Reads social-security cards in a PC/SC reader.

The card is held exclusively while it is read, and only then: badges may be read in the same slot.  Faults of
the reader or the service end the read at once and close the slot; the device thread opens it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from devices.social_card.protocol import read_identity
from devices.transport.card_slot import GONE, CardSlot, SlotFault, SlotLost, SlotState
from devices.transport.slot_device import HELLO_S, SlotDevice
from kiosk.clock import Clock
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, IdCardReader, NoCard

_NOTICE_S: Final = 0.7
"""How late the service notices that a card was pulled (it looks every 0.4 s)."""
_TRIES: Final = 2

_SAID_ONCE: Final = frozenset({CardFault.NOT_AN_ID_CARD, CardFault.UNSUPPORTED_DOCUMENT})
"""What another look at the same card will not change."""
_FAULTS: Final = {
    SlotFault.NO_CARD: CardFault.MOVED,
    SlotFault.RESET: CardFault.MOVED,
    SlotFault.MUTE: CardFault.MOVED,
    SlotFault.FAILED: CardFault.MOVED,
}
"""Until it is known whether the card still lies there. All others: the reader does not answer."""


class SocialCardReader(SlotDevice, IdCardReader):
    """A slot that social-security cards are put into."""

    def __init__(self, slot: CardSlot, short_file_ids: bool = False, clock: Clock | None = None) -> None:
        super().__init__(slot, clock)
        self._short_file_ids = short_file_ids
        self._done: int | None = None
        """The placing of the card that needs no more looking at."""

    def forget(self) -> None:
        """See `SlotDevice`."""
        self._done = None

    def read(self, timeout_s: float, cancel: threading.Event, on_found: Callable[[], None]) -> CardOutcome:
        """See `IdCardReader`."""
        deadline = self._clock.monotonic() + timeout_s
        if cancel.is_set():
            return NoCard()
        try:
            state = self._slot.state(min(deadline, self._clock.monotonic() + HELLO_S))
            if not state.present:
                self.forget()
                return NoCard()
            if state.placing == self._done or state.held_by_others:
                return NoCard()
            return self._read_present(state, deadline, cancel, on_found)
        except SlotLost as lost:
            if lost.fault in GONE:
                self._slot.close()
                return CardNotRead(fault=CardFault.NO_ANSWER)
            return NoCard()

    def _read_present(
        self, state: SlotState, deadline: float, cancel: threading.Event, on_found: Callable[[], None]
    ) -> CardOutcome:
        """Read the card that lies there; raises `SlotLost` only when that says nothing about the card."""
        fault = CardFault.MOVED
        announce = _Once(on_found)
        for _ in range(_TRIES):
            outcome = self._try(deadline, cancel, announce)
            if isinstance(outcome, IdentityDocument):
                self._done = state.placing
                return CardRead(document=outcome)
            if isinstance(outcome, NoCard):
                return outcome
            fault = outcome
            if fault is CardFault.MOVED:
                if self._was_pulled(state, deadline, cancel):
                    # Gone before it said anything: it was as good as never there.
                    return CardNotRead(fault=fault) if announce.done else NoCard()
                fault = CardFault.UNREADABLE
            if fault in _SAID_ONCE:
                self._done = state.placing
            if fault is not CardFault.UNREADABLE or self._clock.monotonic() >= deadline:
                break
        return CardNotRead(fault=fault)

    def _try(
        self, deadline: float, cancel: threading.Event, on_found: Callable[[], None]
    ) -> IdentityDocument | CardFault | NoCard:
        """The whole sequence once."""
        held = False
        try:
            with self._slot.hold(deadline, cancel) as card:
                held = True
                on_found()
                return read_identity(card.transmit, self._short_file_ids)
        except SlotLost as lost:
            if lost.fault is SlotFault.CANCELED:
                return NoCard()
            if not held and lost.fault in (SlotFault.IN_USE, SlotFault.NO_CARD):
                return NoCard()
            if lost.fault in GONE:
                self._slot.close()
            return _FAULTS.get(lost.fault, CardFault.NO_ANSWER)

    def _was_pulled(self, state: SlotState, deadline: float, cancel: threading.Event) -> bool:
        """Whether the card has left, as soon as the service knows. Raises `SlotLost`."""
        until = min(deadline, self._clock.monotonic() + _NOTICE_S)
        while True:
            now = self._slot.state(until + HELLO_S)
            if not now.present or now.placing != state.placing:
                return True
            if self._clock.monotonic() >= until:
                return False
            self._slot.wait(now, until, cancel)


class _Once:
    """Calls `action` the first time only: a card is announced once, however often it is tried."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self.done = False

    def __call__(self) -> None:
        if not self.done:
            self.done = True
            self._action()
