"""A scanner that types: the kernel's input events (linux/input.h) as what was typed. No device; pure.

An event is the time (two native longs), type, code and value.  What a keyboard cannot type faithfully,
which is everything but ASCII, is never guessed at: the code that it belongs to is spoilt.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from devices.scanner import key_codes as keys

EVENT: Final = struct.Struct("@llHHi")
END: Final = b"\r"
"""What Enter and Tab are handed on as."""
_MAX_ALT_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Typed:
    """ASCII, with `END` after each code."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Something was typed, or lost, that makes the present code another one than was shown."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The kernel's queue ran over: which keys are down must be asked for (`KeyReader.keys_are`).

    Whatever was read together with it is older than the answer, and so is left out.
    """


Keystroke = Typed | Spoilt | Dropped


class KeyReader:
    """Follows the keys of one keyboard."""

    def __init__(self) -> None:
        self._rest = b""
        self._held: set[int] = set()
        self._caps = False
        self._alt_digits: str | None = None
        self._dropping = False

    def keys_are(self, held: frozenset[int], caps_lock: bool) -> None:
        """What the kernel says of the keys now; whatever was believed before is forgotten."""
        self._held = set(held & keys.MODIFIERS)
        self._caps = caps_lock
        self._alt_digits = "" if self._held & keys.ALT else None

    def forget(self) -> None:
        """Half a number of an Alt code belongs to what was before."""
        if self._alt_digits is not None:
            self._alt_digits = ""

    def feed(self, data: bytes) -> list[Keystroke]:
        """What the events in `data` type, in order. A piece of an event waits for its other half."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        found: list[Keystroke] = []
        for _seconds, _microseconds, kind, code, value in EVENT.iter_unpack(data[:whole]):
            stroke = self._event(kind, code, value)
            if isinstance(stroke, Dropped):
                self._rest = b""
                return [*found, stroke]
            if isinstance(stroke, Typed) and found and isinstance(last := found[-1], Typed):
                found[-1] = Typed(last.data + stroke.data)
            elif stroke is not None:
                found.append(stroke)
        return found

    def _event(self, kind: int, code: int, value: int) -> Keystroke | None:
        if kind == keys.EV_SYN and code == keys.SYN_DROPPED:
            self._dropping = True
            return None
        if self._dropping:
            # Everything up to the end of the report belongs to what was lost (kernel: event-codes, SYN_DROPPED).
            if kind == keys.EV_SYN and code == keys.SYN_REPORT:
                self._dropping = False
                return Dropped()
            return None
        if kind != keys.EV_KEY or value == keys.REPEATED:
            return None  # no scanner holds a key down on purpose
        if code in keys.MODIFIERS:
            return self._modifier(code, value == keys.PRESSED)
        return self._key(code) if value == keys.PRESSED else None

    def _modifier(self, code: int, pressed: bool) -> Keystroke | None:
        before = bool(self._held & keys.ALT)
        (self._held.add if pressed else self._held.discard)(code)
        after = bool(self._held & keys.ALT)
        if after and not before:
            self._alt_digits = ""
        elif before and not after:
            digits, self._alt_digits = self._alt_digits, None
            return _by_number(digits) if digits else None
        return None

    def _key(self, code: int) -> Keystroke | None:
        if code == keys.CAPS_LOCK:
            self._caps = not self._caps
            return None
        if code in (keys.NUM_LOCK, keys.SCROLL_LOCK):
            return None
        if self._alt_digits is not None:
            digit = keys.KEYPAD_DIGITS.get(code)
            if digit is None or len(self._alt_digits) >= _MAX_ALT_DIGITS:
                return Spoilt()
            self._alt_digits += digit
            return None
        if self._held & keys.META:
            return Spoilt()
        if code in keys.ENDS:
            return Typed(END)
        if (sign := keys.KEYPAD_DIGITS.get(code) or keys.KEYPAD_SIGNS.get(code)) is not None:
            return Typed(sign.encode("ascii"))
        if code not in keys.TYPED:
            return Spoilt()
        plain, shifted = keys.TYPED[code]
        if self._held & keys.CONTROL:
            return _control(shifted)
        shift = bool(self._held & keys.SHIFT) != (self._caps and plain.isalpha())
        return Typed((shifted if shift else plain).encode("ascii"))


def _by_number(digits: str) -> Keystroke:
    """Alt with a number on the keypad: a character of some code page, of which only ASCII is the same in all."""
    number = int(digits)
    if number in (9, 10, 13):
        return Typed(END)
    return Typed(bytes((number,))) if 0 < number < 127 else Spoilt()


def _control(shifted: str) -> Keystroke:
    """Control with a key: a control character, as GS1 codes carry them."""
    letter = {"{": "[", "|": "\\", "}": "]"}.get(shifted, shifted)
    if not "@" <= letter <= "_":
        return Spoilt()
    number = ord(letter) & 0x1F
    return Typed(END if number in (9, 10, 13) else bytes((number,)))
