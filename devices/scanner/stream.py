"""Everything a scanner on a line sends, as values: answers taken out, codes cut, decoded and counted.

`codes_in` is the whole of it as one pure function of the bytes: nothing it is given makes it raise, and what
it keeps is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.scanner.answers import HOLD_S, Loose, Owed, Packed, Piece, Reply, separator_for
from devices.scanner.protocol import ABANDON_S, SILENCE_S, ScanReader
from kiosk.device_settings import Suffix, Trigger
from kiosk.ports import NotScanned, Scan


@dataclass(slots=True)
class Heard:
    """What some bytes, or a silence, completed."""

    scans: list[Scan | NotScanned] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    owed: bytes = b""
    """To be sent to the scanner at once."""


class ScannerStream:
    """The two halves put together; time is handed in."""

    def __init__(
        self, suffix: Suffix = Suffix.ANY, aim_identifier: bool = False, trigger: Trigger = Trigger.NONE
    ) -> None:
        self._separator = separator_for(trigger)
        self._reader = ScanReader(suffix, aim_identifier)
        self._held_since = 0.0

    def forget(self) -> None:
        """Forget half a code, half an answer, and the window against double reads."""
        self._separator.forget()
        self._reader.forget()

    @property
    def pending(self) -> bool:
        """Whether the end of something is awaited, so that a silence means something."""
        return self._reader.pending or self._separator.holding

    def feed(self, data: bytes, now: float) -> Heard:
        """What `data`, arrived at `now`, completes."""
        self._held_since = now
        return self._hear(self._separator.feed(data), now)

    def quiet(self, now: float) -> Heard:
        """What the silence until `now` completes."""
        heard = Heard()
        if self._separator.holding and now - self._held_since >= HOLD_S:
            heard = self._hear(self._separator.release(), now)
        if not self._separator.holding:
            heard.scans += self._reader.quiet(now)
        return heard

    def _hear(self, pieces: list[Piece], now: float) -> Heard:
        heard = Heard()
        for piece in pieces:
            match piece:
                case Loose(data):
                    heard.scans += self._reader.feed(data, now)
                case Packed(code, symbology):
                    heard.scans += self._reader.whole(code, symbology, now)
                case Owed(data):
                    heard.owed += data
                case Reply():
                    heard.replies.append(piece)
                    if piece.echoed:
                        self._reader.drop_half()
        return heard


def codes_in(
    data: bytes,
    suffix: Suffix = Suffix.ANY,
    aim_identifier: bool = False,
    trigger: Trigger = Trigger.NONE,
    chunk_bytes: int = 64,
) -> list[Scan | NotScanned]:
    """The codes in everything that a scanner sent, without a pause and then with a long one."""
    stream = ScannerStream(suffix, aim_identifier, trigger)
    now, found = 1.0, []
    for start in range(0, len(data), max(chunk_bytes, 1)):
        found += stream.feed(data[start : start + max(chunk_bytes, 1)], now).scans
        now += 0.001
    for pause_s in (SILENCE_S, HOLD_S, ABANDON_S):
        now += pause_s + 0.001
        found += stream.quiet(now).scans
    return found
