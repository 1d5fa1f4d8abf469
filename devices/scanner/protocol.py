"""A scanner's bytes as codes. No port; time is handed in.

A code ends with the suffix that the scanner was set to, or with silence.  What comes out is untrusted
input: capped, decoded, without control characters; the same code within two seconds is one code.
"""

from __future__ import annotations

import re
from collections import deque

from devices.code_text import MAX_CODE_BYTES, Repeats, plain
from devices.scanner.aim import decode, identify
from kiosk.device_settings import Suffix
from kiosk.ports import NotScanned, Scan, ScanFault

SILENCE_S = 0.1
"""Ends a code where no suffix is sent. Slow scanners pause for 30 ms, and a busy machine looks late."""
_DOUBLED_BYTES = 20
"""A code this long that says the same twice was sent twice, and nothing stood in between."""
ABANDON_S = 1.0
"""A suffix that does not come for this long never will: what came before belongs to no code."""
BURST_CODES, BURST_S = 5, 1.0
"""More codes than this in this time are not a hand's: dropped until it is quiet again."""

_ENDS = {
    Suffix.CR: re.compile(rb"\r"),
    Suffix.LF: re.compile(rb"\n"),
    Suffix.CRLF: re.compile(rb"\r\n"),
    Suffix.ANY: re.compile(rb"\r\n|\r|\n"),
}


class ScanReader:
    """Cuts a byte stream into codes."""

    def __init__(self, suffix: Suffix = Suffix.ANY, aim_identifier: bool = False) -> None:
        self._end = _ENDS.get(suffix)
        self._silence_ends = suffix in (Suffix.ANY, Suffix.NONE)
        self._aim = aim_identifier
        self._buffer = bytearray()
        self._overflown = self._spoilt = False
        self._last_byte_at = 0.0
        self._repeats = Repeats()
        self._times: deque[float] = deque()
        self._flooded = False

    def forget(self) -> None:
        """Forget half a code, and the window against double reads."""
        self._buffer.clear()
        self._overflown = self._spoilt = self._flooded = False
        self._repeats.forget()
        self._times.clear()

    @property
    def pending(self) -> bool:
        """Whether the end of a code is awaited."""
        return bool(self._buffer) or self._overflown or self._spoilt

    def feed(self, data: bytes, now: float) -> list[Scan | NotScanned]:
        """What `data`, arrived at `now`, completes."""
        # Only a silence that was watched ends a code: bytes that are fetched late need not have come late.
        found = self.quiet(now) if now - self._last_byte_at >= ABANDON_S else []
        self._last_byte_at = now
        self._buffer += data
        while self._end is not None and (end := self._end.search(self._buffer)):
            code = bytes(self._buffer[: end.start()])
            del self._buffer[: end.end()]
            found += self._finish(code, now)
        if len(self._buffer) > MAX_CODE_BYTES:
            self._buffer.clear()
            self._overflown = True
        return found

    def whole(self, code: bytes, symbology: str, now: float) -> list[Scan | NotScanned]:
        """A code that came in packets of its own, and so needs no end."""
        self._last_byte_at = now
        return self._finish(code.rstrip(b"\r\n"), now, symbology)

    def spoil(self, now: float) -> None:
        """Something of the present code did not arrive as it was shown: whatever else comes of it is no code."""
        self._last_byte_at = now
        self._spoilt = True

    def drop_half(self) -> None:
        """What has come of the next code was no code."""
        self._buffer.clear()

    def quiet(self, now: float) -> list[Scan | NotScanned]:
        """What the silence until `now` completes."""
        silent_s = now - self._last_byte_at
        if self._flooded and silent_s >= BURST_S:
            self._flooded = False
            self._times.clear()
        if not self.pending or silent_s < (SILENCE_S if self._silence_ends else ABANDON_S):
            return []
        code = bytes(self._buffer)
        self._buffer.clear()
        if self._silence_ends or self._overflown or self._spoilt:
            half = len(code) // 2
            doubled = len(code) >= _DOUBLED_BYTES and code == 2 * code[:half]
            return self._finish(code[:half] if doubled else code, now)
        return []

    def _finish(self, code: bytes, now: float, symbology: str = "") -> list[Scan | NotScanned]:
        overflown, self._overflown = self._overflown, False
        spoilt, self._spoilt = self._spoilt, False
        if not code and not overflown and not spoilt:
            return []  # the second half of CR LF, or an empty line
        self._forget_old(now)
        if self._flooded:
            return []
        if overflown or len(code) > MAX_CODE_BYTES:
            scan: Scan | NotScanned = NotScanned(fault=ScanFault.TOO_LONG)
        elif spoilt:
            scan = NotScanned(fault=ScanFault.UNDECODABLE)
        else:
            scan = self._decode(code, symbology)
        if isinstance(scan, Scan) and (not scan.text or self._repeats.seen(scan.text, now)):
            return []  # a code held before the scanner is one code, however often it is sent
        self._times.append(now)
        if len(self._times) > BURST_CODES:
            self._flooded = True
            return [NotScanned(fault=ScanFault.TOO_FAST)]
        return [scan]

    def _forget_old(self, now: float) -> None:
        while self._times and now - self._times[0] > BURST_S:
            self._times.popleft()

    def _decode(self, code: bytes, symbology: str) -> Scan | NotScanned:
        marked = identify(code, self._aim)
        text = decode(marked)
        if text is None:
            return NotScanned(fault=ScanFault.UNDECODABLE)
        return Scan(text=plain(text), symbology=marked.symbology or symbology)
