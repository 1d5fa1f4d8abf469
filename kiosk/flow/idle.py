"""When nobody touches the screen: first a warning with a countdown, then the session is wiped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.clock import Clock


class IdleState(StrEnum):
    """What silence means right now."""

    ATTENDED = "attended"
    WARNING = "warning"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class IdleReading:
    """The state and, in the warning, the whole seconds that are left."""

    state: IdleState
    seconds_left: int = 0

    @property
    def expired(self) -> bool:
        """The session is to be wiped."""
        return self.state is IdleState.EXPIRED


class IdleTimer:
    """Monotonic, so that a jumping wall clock or a suspended terminal cannot keep a session open."""

    def __init__(self, clock: Clock, warning_s: float, wipe_s: float) -> None:
        self._clock, self._warning_s, self._wipe_s = clock, warning_s, wipe_s
        self._stretch = 1.0
        self._paused_at: float | None = None
        self._touched_at = clock.monotonic()

    def touch(self) -> None:
        """Somebody is there."""
        self._touched_at = self._clock.monotonic()
        if self._paused_at is not None:
            self._paused_at = self._touched_at

    def stretch(self, factor: float) -> None:
        """Give more time (elder mode: 2)."""
        self._stretch = factor

    def pause(self) -> None:
        """The terminal itself is at work (recording, printing, asking): silence is not absence."""
        if self._paused_at is None:
            self._paused_at = self._clock.monotonic()

    def resume(self) -> None:
        """The terminal has finished; the time it took does not count."""
        if self._paused_at is not None:
            self._touched_at += self._clock.monotonic() - self._paused_at
            self._paused_at = None

    def read(self) -> IdleReading:
        """How it stands now."""
        end = self._paused_at if self._paused_at is not None else self._clock.monotonic()
        silence = end - self._touched_at
        warning, wipe = self._warning_s * self._stretch, self._wipe_s * self._stretch
        if silence < warning:
            return IdleReading(IdleState.ATTENDED)
        if silence < warning + wipe:
            return IdleReading(IdleState.WARNING, max(1, round(warning + wipe - silence)))
        return IdleReading(IdleState.EXPIRED)
