"""What lies on the plate, as far as the reader tells: one read for one placing, and when the card went.

Some readers find a card that was read again and again, others say "no card" until it is lifted; both are
met in the field, and no document says which is right.
"""

from __future__ import annotations

from kiosk.clock import Clock
from kiosk.domain.device_event import DeviceEvent


class Plate:
    """The card that was read last, and whether it may still be there."""

    def __init__(self, clock: Clock, stale_after_s: float) -> None:
        self._clock, self._stale_after_s = clock, stale_after_s
        self._events: list[DeviceEvent] = []
        self.start_over()

    def start_over(self) -> None:
        """The reader was opened: nothing is known, not even which kind it is."""
        self._read_at: float | None = None
        self._mark = b""
        self._whose: int | None = None
        self._before: int | None = None
        """Whose card lay there until the mark changed, while it is not known whether that is another card."""
        self._marks_tell = True
        """Until one card was seen with two marks: some readers hand on a number that is drawn anew each time."""
        self._finds_again = False
        """Only a reader that was seen to find a card again can say by "no card" that it was lifted."""
        self._perhaps_hidden = False
        self._to_be_shown = False
        self._can_show = True

    def card_read(self, mark: bytes, person: str) -> None:
        """A card was read whole; `mark` is what it answered to being found, `person` who it names."""
        whose = hash(person)  # salted by the process: enough to know the same card again, and nobody by it
        if self._before == whose:
            self._marks_tell = False
        elif self._before is not None:
            self._gone()
        self._read_at, self._mark, self._whose = self._clock.monotonic(), mark, whose

    def card_found(self, mark: bytes) -> bool:
        """A card answers; True when it was read already and has lain there since."""
        self._perhaps_hidden = False
        if self._read_at is None:
            return False
        now = self._clock.monotonic()
        # Most readers send zeros as the card's mark; another mark is another card, slid in quickly.
        if mark != self._mark and self._marks_tell:
            self._before, self._read_at = self._whose, None
            return False
        self._finds_again = True
        if now - self._read_at > self._stale_after_s:
            self._read_at = None
            return False
        self._read_at = now
        return True

    def no_card(self) -> None:
        """The reader says that there is none."""
        if self._before is not None:
            self._gone()
        if self._read_at is None:
            return
        if self._finds_again:
            self._gone()
        else:
            self._perhaps_hidden, self._read_at = True, None

    def forget(self) -> None:
        """Whatever lies there counts as new."""
        self._to_be_shown = not self._finds_again and (self._perhaps_hidden or self._read_at is not None)
        self._read_at = self._whose = self._before = None

    def ask_to_show(self) -> bool:
        """Whether the reader, which says "no card", should be brought to show one that it may hide; true once."""
        wanted, self._to_be_shown = self._to_be_shown and self._can_show, False
        return wanted

    def cannot_show(self) -> None:
        """It did not take that well: never again."""
        self._can_show = False

    def take_events(self) -> list[DeviceEvent]:
        """What has happened since the last call."""
        happened, self._events = self._events, []
        return happened

    def _gone(self) -> None:
        self._read_at = self._whose = self._before = None
        self._events.append(DeviceEvent.CARD_REMOVED)
