"""Question and answer with a SAM reader: one frame out, and the first frame back that can answer it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from devices.id_card.owed_answers import OwedAnswers
from devices.id_card.protocol import (
    TEXT_BYTES,
    Command,
    FrameReader,
    Reply,
    can_answer,
    command_frame,
    parse_reply,
)
from devices.transport.byte_port import BytePort
from kiosk.clock import Clock

_PILED_UP_BYTES: Final = 64 * 1024
_MOST_PATIENCE_S: Final = 1.2
"""How long the slowest reader that still counts as one may think."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each step may take, in seconds (measured in the field; reads at low speeds take longer)."""

    ask_s: float = 0.3
    find_s: float = 0.3
    select_s: float = 0.5
    read_s: float = 3.0
    address_s: float = 1.5
    flow_s: float = 0.3
    """An answer whose bytes keep coming is waited for: only so long a gap, or the end of all time, ends it."""
    damaged_s: float = 0.6
    """Silence after more bytes than any short answer has: the long one has come, and spoilt."""
    gap_s: float = 0.1
    """After this long without a byte in the middle of a frame, look whether the next one has begun."""
    stale_after_s: float = 1.0
    """A card seen longer ago than this counts as a new one: nobody watched the plate meanwhile."""

    @classmethod
    def at_baud(cls, baud: int) -> Timing:
        """Below 38400 baud a read with fingerprint alone is up to 2.4 s on the wire."""
        return cls() if baud >= 38400 else cls(read_s=5.0)


class Conversation:
    """One line to one reader. `open` and `ask` raise `PortLost`."""

    def __init__(self, port: BytePort, clock: Clock, timing: Timing) -> None:
        self._port, self._clock, self._timing = port, clock, timing
        self._frames = FrameReader()
        self.owed = OwedAnswers(clock)
        self.heard = False
        """Whether anything at all came back to the last question."""
        self.unanswered = False
        """Whether an answer to the last question may still be on its way."""
        self._patience_s = 0.0
        """What every question gets at least, once answers came too late."""

    def open(self) -> None:
        """Open the line anew."""
        self.unanswered = False
        self._patience_s = 0.0
        self._port.open()

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._port.close()
        self._frames.clear()

    def ask(self, command: Command, timeout_s: float, limit: float, cancel: threading.Event) -> Reply | None:
        """Send `command` and wait for an answer that can be one to it; None when none came in time.

        In time is `timeout_s`, and while the bytes of an answer keep coming, until `limit`.
        """
        asked_at = self._clock.monotonic()
        deadline = min(asked_at + max(timeout_s, self._patience_s), limit)
        self._drop_input()
        late, self.unanswered = self.unanswered, True
        self.heard = False
        request = command_frame(command)
        if self._port.write_some(request, deadline, cancel) < len(request):
            return None
        owing = self.owed.asked(command)
        heard_bytes, spoilt_at = 0, limit
        while True:
            now = self._clock.monotonic()
            until = min(deadline, now + self._timing.gap_s) if self._frames.pending else deadline
            data = self._port.read_some(min(until, spoilt_at), cancel)
            heard_bytes += len(data)
            self.heard = heard_bytes > 0
            if data and heard_bytes > TEXT_BYTES:
                spoilt_at = self._clock.monotonic() + self._timing.damaged_s
            for body in self._frames.feed(data) if data else self._frames.rescan():
                reply = parse_reply(body)
                if can_answer(command, reply):
                    self.unanswered = False
                    if owing:
                        self.owed.answered()
                    self._learn(self._clock.monotonic() - asked_at, late)
                    return reply
                if not late:
                    late = True
                    self._learn(0.0, late)
                self.owed.came_late(reply, spare_newest=owing)
            now = self._clock.monotonic()
            if data and self._frames.begun:
                deadline = min(max(deadline, now + self._timing.flow_s), limit)
            elif now >= deadline or now >= spoilt_at:
                if owing and heard_bytes > TEXT_BYTES:
                    self.owed.came_spoilt()
                return None

    def _learn(self, took_s: float, late: bool) -> None:
        """A reader whose answers come after the question was given up is asked with more patience.

        Otherwise it would be one question behind for ever.  One that never answers earns none: its silence is
        noticed as soon as before.
        """
        if late:
            self._patience_s = min(2 * max(self._timing.ask_s, self._patience_s), _MOST_PATIENCE_S)
        elif took_s < self._timing.ask_s / 2:
            self._patience_s = 0.0

    def _drop_input(self) -> None:
        """Throw away what came unasked; an answer among it is not owed any more."""
        dropped = 0
        while dropped < _PILED_UP_BYTES and (data := self._port.read_some(0.0)):
            dropped += len(data)
            for body in self._frames.feed(data):
                self.owed.came_late(parse_reply(body))
        self._frames.clear()
        if dropped >= _PILED_UP_BYTES:
            self._port.drop_input()
