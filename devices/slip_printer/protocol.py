"""ESC/POS: the bytes of the commands in use, and what the answers mean. No port, no page, no clock.

Sources: the manuals of Epson TM-T88III, TM-U220, TM-L60II and TM-L90, Bixolon SRP-350, Citizen CBM1000,
Ithaca PcOS, and the Chinese kiosk models KP-628E and SP91, as far as they agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

INIT = b"\x1b\x40"
CHINESE_ON = b"\x1c\x26"
"""Chinese models power up in Chinese mode, others do not: say it."""
QUIET = b"\x1d\x61\x00"
"""Automatic status back off: answers come only to questions."""
TELL_FAULTS = b"\x1d\x61\x0e"
"""Automatic status back when online, error or paper change."""
LINE_FEED = b"\x0a"
PAPER_QUERY = b"\x1d\x72\x01"
"""Queued: answered when everything before it has been processed. Used as a token of progress."""

REAL_TIME_SEQUENCES = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""Executed by some printers even inside the data of an image."""

LEFT, CENTRE, RIGHT = 0, 1, 2


def real_time_query(number: int) -> bytes:
    """DLE EOT 1 printer, 2 cause of offline, 3 cause of error, 4 paper; answered even while offline."""
    return bytes((0x10, 0x04, number))


def align(where: int) -> bytes:
    """Left, centre, right; for text and images."""
    return bytes((0x1B, 0x61, where))


def bold(on: bool) -> bytes:
    """Emphasised type."""
    return bytes((0x1B, 0x45, int(on)))


def size(large: bool, chinese_apart: bool) -> bytes:
    """Twice as wide and high, or normal. Epson needs the Chinese size said apart (FS W)."""
    command = bytes((0x1D, 0x21, 0x11 if large else 0))
    return command + bytes((0x1C, 0x57, int(large))) if chinese_apart else command


def units(dots_per_inch: int) -> bytes:
    """GS P: count feeds and line spacing in dots. The unit is 1/360 inch on many printers otherwise."""
    value = min(dots_per_inch, 255)
    return bytes((0x1D, 0x50, value, value))


def code_page(number: int) -> bytes:
    """ESC t: the page of single-byte characters from 80 up."""
    return bytes((0x1B, 0x74, number))


def line_spacing(dots: int) -> bytes:
    """Distance from line to line."""
    return bytes((0x1B, 0x33, dots))


def feed_lines(lines: int) -> bytes:
    """Feed whole lines."""
    return bytes((0x1B, 0x64, lines))


def feed_dots(dots: int) -> bytes:
    """Feed `dots`, in as many commands as that takes."""
    full, rest = divmod(dots, 255)
    return b"\x1b\x4a\xff" * full + (bytes((0x1B, 0x4A, rest)) if rest else b"")


def raster(width_bytes: int, data: bytes) -> bytes:
    """GS v 0: a black-and-white image; a row is `width_bytes` long, the highest bit is on the left."""
    rows = len(data) // width_bytes
    header = width_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little")
    return b"\x1d\x76\x30\x00" + header + data


def qr_code(data: bytes, module_dots: int) -> bytes:
    """GS ( k: model 2, module size, error correction M, store, print."""
    store = (len(data) + 3).to_bytes(2, "little") + b"\x31\x50\x30" + data
    return (
        b"\x1d\x28\x6b\x04\x00\x31\x41\x32\x00"
        + b"\x1d\x28\x6b\x03\x00\x31\x43"
        + bytes((module_dots,))
        + b"\x1d\x28\x6b\x03\x00\x31\x45\x31"
        + b"\x1d\x28\x6b"
        + store
        + b"\x1d\x28\x6b\x03\x00\x31\x51\x30"
    )


def confirmation_query(mark: bytes) -> bytes:
    """GS ( H 48: the printer sends `mark` (4 printable characters) back when all before it is printed."""
    return b"\x1d\x28\x48\x06\x00\x30\x30" + mark


def identity_query(what: int) -> bytes:
    """GS I 65 firmware, 66 maker, 67 model, 68 serial number: the printer sends `5F`, the text, `00`."""
    return bytes((0x1D, 0x49, what))


def has_real_time_sequence(data: bytes) -> bool:
    """Whether a printer might execute something in the middle of `data`."""
    return any(sequence in data for sequence in REAL_TIME_SEQUENCES)


# -- answers --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RealTimeByte:
    """The answer to DLE EOT; which one was asked is known only by having asked one at a time."""

    value: int


@dataclass(frozen=True, slots=True)
class PaperToken:
    """The answer to GS r 1."""

    value: int

    @property
    def paper_end(self) -> bool:
        """Whether the paper had ended when the question was reached."""
        return self.value & 0x0C == 0x0C


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The answer to GS ( H."""

    mark: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """A byte that is no answer to anything: from here on nothing else may be believed too much."""

    value: int


@dataclass(frozen=True, slots=True)
class AutoStatus:
    """Four bytes that came unasked (GS a); bytes two and three have paper and errors."""

    data: bytes

    @property
    def trouble(self) -> bool:
        """Whether a slip may be standing still: worth a question."""
        return bool(self.data[0] & 0x28 or self.data[1] & 0x6C or self.data[2] & 0x0C)


@dataclass(frozen=True, slots=True)
class Identity:
    """The answer to GS I 65 and up."""

    text: str


Answer = RealTimeByte | PaperToken | Confirmation | AutoStatus | Identity | Noise

XON_XOFF = b"\x11\x13"
_MARK_START = b"\x37\x22"
_MARK_BYTES = 7
_CLEARED = b"\x37\x25\x00"
"""Epson's answer to DLE DC4 8: nobody waits for it."""
_IDENTITY_START = 0x5F
_IDENTITY_BYTES = 81


class AnswerReader:
    """Tells the answers of a printer apart by their fixed bits (Citizen and Bematech manuals)."""

    def __init__(self, real_time_mask: int = 0x93) -> None:
        self._mask = real_time_mask
        self._buffer = bytearray()

    def clear(self) -> None:
        """Forget a half answer."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that `data` completes."""
        # Flow control may stand anywhere, in the middle of an answer too; no answer contains these two.
        self._buffer += data.translate(None, XON_XOFF)
        return list(self._answers())

    def _answers(self) -> Iterator[Answer]:
        while self._buffer:
            first = self._buffer[0]
            if first == _MARK_START[0]:
                if self._buffer.startswith(_CLEARED):
                    del self._buffer[: len(_CLEARED)]
                    continue
                if _CLEARED.startswith(self._buffer):
                    return
                if len(self._buffer) < _MARK_BYTES and _may_be_mark(self._buffer):
                    return
                if _is_mark(self._buffer):
                    yield Confirmation(bytes(self._buffer[2:6]))
                    del self._buffer[:_MARK_BYTES]
                    continue
            elif first == _IDENTITY_START:
                end = _identity_end(self._buffer)
                if end == 0:
                    return
                if end > 0:
                    yield Identity(self._buffer[1:end].decode("ascii"))
                    del self._buffer[: end + 1]
                    continue
            elif first & 0x93 == 0x10 and all(byte & 0x90 == 0 for byte in self._buffer[1:4]):
                # Automatic status back: three more bytes that look like paper tokens belong to it.
                if len(self._buffer) < 4:
                    return
                yield AutoStatus(bytes(self._buffer[:4]))
                del self._buffer[:4]
                continue
            del self._buffer[0]
            if first & self._mask == 0x12 & self._mask:
                yield RealTimeByte(first)
            elif first & 0x90 == 0:
                yield PaperToken(first)
            else:
                yield Noise(first)


def _identity_end(buffer: bytearray) -> int:
    """Where the 00 behind an identity stands; 0: not here yet; -1: this is none."""
    for at, byte in enumerate(buffer[1:_IDENTITY_BYTES], start=1):
        if not 0x20 <= byte <= 0x7E:
            return at if byte == 0 and at > 1 else -1
    return 0 if len(buffer) < _IDENTITY_BYTES else -1


def _is_mark(buffer: bytearray) -> bool:
    return len(buffer) >= _MARK_BYTES and _may_be_mark(buffer[:_MARK_BYTES])


def _may_be_mark(buffer: bytearray) -> bool:
    head = buffer[:2]
    if not _MARK_START.startswith(head):
        return False
    printable = all(0x20 <= byte <= 0x7E for byte in buffer[2:6])
    return printable and (len(buffer) < _MARK_BYTES or buffer[6] == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMasks:
    """Which bits of the real-time answers mean what; the default is Epson's, models differ."""

    near_end: int = 0x0C
    paper_out: int = 0x60
    not_taken: int = 0
    """In the answer to n=1 (KP-628E: 80, paper not yet torn away)."""
    presenter: int = 0
    """In the answer to n=4 (PPU-231II: 40, paper in the presenter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterState:
    """What the real-time answers say together."""

    offline: bool = False
    cover_open: bool = False
    paper_out: bool = False
    paper_low: bool = False
    cutter_error: bool = False
    unrecoverable: bool = False
    mechanical_error: bool = False
    too_hot: bool = False
    """The auto-recoverable error: head hot (or the cover, which n=2 tells apart)."""
    in_error: bool = False
    """n=2 says that there is an error; which, only n=3 tells, and not every printer answers it well."""
    taken: bool | None = None
    """None: this model cannot tell."""

    @property
    def clean(self) -> bool:
        """Nothing at all is wrong at this moment."""
        return self == replace(PrinterState(), paper_low=self.paper_low, taken=self.taken)


@dataclass(slots=True)
class StateBuilder:
    """Collects the answers to DLE EOT 1…4 into a `PrinterState`."""

    masks: StatusMasks = field(default_factory=StatusMasks)
    state: PrinterState = field(default_factory=PrinterState)

    def add(self, number: int, value: int) -> None:
        """Take the answer to query `number`."""
        changes: dict[str, bool | None]
        if number == 1:
            changes = {"offline": bool(value & 0x08)}
            changes |= self._taken(value, self.masks.not_taken)
        elif number == 2:
            out = self.state.paper_out or bool(value & 0x20)
            error = bool(value & 0x40)
            changes = {"cover_open": bool(value & 0x04), "paper_out": out, "in_error": error}
        elif number == 3:
            changes = {
                "mechanical_error": bool(value & 0x04),
                "cutter_error": bool(value & 0x08),
                "unrecoverable": bool(value & 0x20),
                "too_hot": bool(value & 0x40),
            }
        else:
            out = self.state.paper_out or bool(value & self.masks.paper_out)
            changes = {"paper_out": out, "paper_low": bool(value & self.masks.near_end)}
            changes |= self._taken(value, self.masks.presenter)
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]

    @staticmethod
    def _taken(value: int, mask: int) -> dict[str, bool | None]:
        return {"taken": not value & mask} if mask else {}
