"""A slot for chip cards, as a driver sees it: what lies in it, and one card held for oneself.

Two kinds stand behind it: readers that the machine's PC/SC service looks after (`pcsc.py`), and a simulated
one behind a local socket (`simulated_slot.py`).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from kiosk.errors import LinbanError


class SlotFault(StrEnum):
    """Why a slot, or the card in it, cannot be used."""

    NO_SERVICE = "no_service"
    """The PC/SC service does not run, went away, or was started anew: everything it gave out is void."""
    NO_READER = "no_reader"
    """No such reader is attached (any more)."""
    REFUSED = "refused"
    """The service does not let this user in; the library also says so of one that died under a question."""
    IN_USE = "in_use"
    """Somebody else holds the card."""
    NO_CARD = "no_card"
    """The slot is empty; or the card was pulled."""
    MUTE = "mute"
    """Something lies in the slot whose chip does not answer: the wrong way round, or no chip at all."""
    RESET = "reset"
    """Somebody reset the card under our hands."""
    FAILED = "failed"
    """This exchange came to nothing; what the card did of it is unknown."""
    TIMED_OUT = "timed_out"
    CANCELED = "canceled"


class SlotLost(LinbanError):
    """The slot or its card cannot be used; `fault` says why."""

    def __init__(self, fault: SlotFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


GONE: Final = frozenset({SlotFault.NO_SERVICE, SlotFault.NO_READER, SlotFault.REFUSED, SlotFault.TIMED_OUT})
"""Faults of the reader rather than of a card: close it, and open it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """What lies in a slot at one moment."""

    present: bool
    placing: int
    """Counts cards in and out: the same number is the same card, lying there since."""
    mute: bool = False
    held_by_others: bool = False
    """Another program holds the card for itself alone."""
    mark: int = 0
    """What the service called this state; for `CardSlot.wait` only."""


class HeldCard(ABC):
    """One card, powered up and held for this driver alone until the `with` block ends."""

    @abstractmethod
    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU; whatever came back, not looked at. Raises `SlotLost`."""

    @abstractmethod
    def release(self) -> None:
        """Let go of the card; never raises."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class CardSlot(ABC):
    """One reader's slot. Not thread-safe: it belongs to the thread of its device.

    Every call ends at its `deadline` (monotonic), within a moment, whatever the reader does.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The reader's own name; empty while closed."""

    @abstractmethod
    def open(self, deadline: float) -> None:
        """Find the reader. Raises `SlotLost`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; may be called at any time."""

    @abstractmethod
    def state(self, deadline: float) -> SlotState:
        """What lies in the slot now. Raises `SlotLost`."""

    @abstractmethod
    def wait(self, known: SlotState, deadline: float, cancel: threading.Event) -> SlotState:
        """Wait until the slot differs from `known`; its state then, or at the deadline. Raises `SlotLost`."""

    @abstractmethod
    def hold(self, deadline: float, cancel: threading.Event, *, stay_powered: bool = False) -> HeldCard:
        """Power the card up and hold it for oneself alone; waits for others to finish. Raises `SlotLost`.

        The deadline and `cancel` hold for all that is done with the card, too.  `stay_powered` leaves the
        power to the service afterwards: some contactless readers find a card anew whose power was cut.
        """
