"""What is known of the line to the platform, in one place, told to whoever wants to know when it changes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from kiosk.clock import Clock
from kiosk.domain.enrolment import Standing
from kiosk.errors import LineFault
from kiosk.journal.outbox import QueueSummary
from sync.platform_clock import PlatformClock

_STILL_ONLINE = frozenset({LineFault.TOO_MANY, LineFault.REFUSED, LineFault.TOO_LARGE})
"""Faults that only somebody who is there can answer with."""


class LineState(StrEnum):
    """Whether the platform can be spoken to."""

    UNKNOWN = "unknown"
    """The process has just started and nobody has answered yet."""
    ONLINE = "online"
    OFFLINE = "offline"
    NOT_ENROLLED = "not_enrolled"


class ExchangeKind(StrEnum):
    """The kinds of exchange whose last success is worth knowing."""

    ENTRIES = "entries"
    INBOX = "inbox"
    HEARTBEAT = "heartbeat"
    ATTACHMENTS = "attachments"


class LineStatus(Struct, frozen=True, kw_only=True):
    """The line in values; what the other processes see."""

    state: LineState
    since_s: float
    """How long it has been so."""
    fault: LineFault | None
    """Why not, or what is wrong although it is online."""
    pending: int
    """Entries on their way, those being sent included."""
    parked: int
    oldest_unsent_s: float | None
    last_success_s: dict[str, float | None]
    """Seconds since the last success of each `ExchangeKind`; None before the first."""
    terminal_number: str | None
    standing: Standing = Standing.OK
    """What the platform thinks of this terminal; anything but OK stops new receipts."""
    clock_offset_s: float | None = None
    """The platform's clock minus ours; None before it was heard."""
    clock_trusted: bool = True
    catalogue_version: int | None = None
    """The signed catalogue in use; None where the packs are unsigned."""


class Line:
    """Collects what the threads of the sync process learn. All methods may be called from any thread."""

    def __init__(self, clock: Clock, platform_clock: PlatformClock | None = None) -> None:
        self._clock = clock
        self._platform_clock = platform_clock or PlatformClock(clock)
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._listeners: list[Callable[[LineStatus], None]] = []
        self._online_listeners: list[Callable[[], None]] = []
        self._state = LineState.UNKNOWN
        self._since = clock.monotonic()
        self._fault: LineFault | None = None
        self._terminal_number: str | None = None
        self._pending = 0
        self._parked = 0
        self._oldest_at: float | None = None
        self._successes: dict[ExchangeKind, float] = {}
        self._told: object = None
        self._standing = Standing.OK
        self._catalogue_version: int | None = None

    def on_change(self, listener: Callable[[LineStatus], None]) -> None:
        """Call `listener` with the status whenever state, fault or queue has changed."""
        self._listeners.append(listener)

    def on_online(self, listener: Callable[[], None]) -> None:
        """Call `listener` each time the line comes up."""
        self._online_listeners.append(listener)

    def succeeded(self, kind: ExchangeKind | None = None) -> None:
        """The platform answered."""
        with self._lock:
            if kind is not None:
                self._successes[kind] = self._clock.monotonic()
            came_up = self._enter(LineState.ONLINE, None)
        self._tell()
        if came_up:
            for listener in self._online_listeners:
                listener()

    def failed(self, fault: LineFault) -> None:
        """The platform could not be asked, or refused."""
        with self._lock:
            if self._state is not LineState.NOT_ENROLLED:
                state = LineState.ONLINE if fault in _STILL_ONLINE else LineState.OFFLINE
                self._enter(state, fault)
        self._tell()

    def not_enrolled(self, fault: LineFault | None = None) -> None:
        """This terminal has no number yet; `fault` is what the last attempt met."""
        with self._lock:
            self._enter(LineState.NOT_ENROLLED, fault)
        self._tell()

    def enrolled(self, terminal_number: str) -> None:
        """This terminal is known to the platform under this number."""
        with self._lock:
            self._terminal_number = terminal_number
            if self._state is LineState.NOT_ENROLLED:
                self._enter(LineState.UNKNOWN, None)
        self._tell()

    def note_queue(self, summary: QueueSummary) -> None:
        """What the outbox holds now."""
        with self._lock:
            self._pending = summary.pending + summary.leased
            self._parked = summary.parked
            age_s = summary.oldest_unsent_s
            self._oldest_at = None if age_s is None else self._clock.monotonic() - age_s
        self._tell()

    def note_standing(self, standing: Standing) -> None:
        """What the platform thinks of this terminal now."""
        with self._lock:
            self._standing = standing
        self._tell()

    def note_catalogue(self, version: int | None) -> None:
        """Which signed catalogue is in use now."""
        with self._lock:
            self._catalogue_version = version
        self._tell()

    @property
    def pending(self) -> int:
        """How many entries wait or are on their way, as last noted."""
        with self._lock:
            return self._pending

    def has_succeeded_since(self, kind: ExchangeKind, moment_s: float) -> bool:
        """Whether such an exchange came to a good end after `moment_s` of the monotonic clock."""
        with self._lock:
            return self._successes.get(kind, -math.inf) > moment_s

    @property
    def offline_for_s(self) -> float:
        """How long the line has been gone; 0 while it is there."""
        with self._lock:
            return 0.0 if self._state is LineState.ONLINE else self._clock.monotonic() - self._since

    @property
    def is_online(self) -> bool:
        """Whether somebody answered last; until then sending is left alone, and the keeper finds out."""
        with self._lock:
            return self._state is LineState.ONLINE

    def status(self) -> LineStatus:
        """Everything, as of now."""
        with self._lock:
            now = self._clock.monotonic()
            return LineStatus(
                state=self._state,
                since_s=round(now - self._since, 1),
                fault=self._fault,
                pending=self._pending,
                parked=self._parked,
                oldest_unsent_s=None
                if self._oldest_at is None
                else round(max(now - self._oldest_at, 0.0), 1),
                last_success_s={
                    kind.value: round(now - self._successes[kind], 1) if kind in self._successes else None
                    for kind in ExchangeKind
                },
                terminal_number=self._terminal_number,
                standing=self._standing,
                clock_offset_s=self._platform_clock.offset_s,
                clock_trusted=self._platform_clock.wall_clock_trusted,
                catalogue_version=self._catalogue_version,
            )

    def _enter(self, state: LineState, fault: LineFault | None) -> bool:
        """Note the state; True when it is another one than before. The lock is held."""
        self._fault = fault
        if state is self._state:
            return False
        self._state = state
        self._since = self._clock.monotonic()
        return True

    def _tell(self) -> None:
        # One at a time, each with the newest status, so that the last one told is the last one true.
        with self._telling:
            status = self.status()
            told = (
                status.state,
                status.fault,
                status.pending,
                status.parked,
                status.terminal_number,
                status.standing,
                status.clock_trusted,
                status.catalogue_version,
            )
            if told == self._told:
                return
            self._told = told
            for listener in self._listeners:
                listener(status)
