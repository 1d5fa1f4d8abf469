"""What a scanner in keyboard mode types: a text as the kernel's input events.

An event node cannot be made without the kernel's help (/dev/uinput), so this is no program with a port of
its own; it makes the bytes that such a node gives, for whatever stands in for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from devices.scanner import key_codes as keys
from devices.scanner.keyboard import EVENT

_LEFT_SHIFT, _LEFT_CONTROL, _LEFT_ALT = 42, 29, 56
_BY_CHARACTER: Final = {
    character: (code, shifted == character and plain != character)
    for code, (plain, shifted) in keys.TYPED.items()
    for character in (plain, shifted)
}
_KEYPAD: Final = {digit: code for code, digit in keys.KEYPAD_DIGITS.items()}


class InputEvent(NamedTuple):
    """One event, without its time."""

    kind: int
    code: int
    value: int


REPORT: Final = InputEvent(keys.EV_SYN, keys.SYN_REPORT, 0)
DROPPED: Final = InputEvent(keys.EV_SYN, keys.SYN_DROPPED, 0)


def typed(text: str, end: int | None = keys.ENTER, *, caps_lock: bool = False) -> list[InputEvent]:
    """The keys for `text` and the `end` key. A character that is on no key is typed as an Alt code of GB 18030."""
    events: list[InputEvent] = []
    for character in text:
        if character in _BY_CHARACTER:
            code, shift = _BY_CHARACTER[character]
            events += chord(code, (_LEFT_SHIFT,) if shift != (caps_lock and character.isalpha()) else ())
        elif character < " ":
            code, _shift = _BY_CHARACTER[chr(ord(character) | 0x40).lower()]
            events += chord(code, (_LEFT_CONTROL,))
        else:
            events += alt_code(int.from_bytes(character.encode("gb18030"), "big"))
    return events + (chord(end) if end is not None else [])


def alt_code(number: int) -> list[InputEvent]:
    """Alt held, the number on the keypad, Alt let go."""
    digits = [event for digit in str(number) for event in chord(_KEYPAD[digit])]
    return [*_move(_LEFT_ALT, keys.PRESSED), *digits, *_move(_LEFT_ALT, keys.RELEASED)]


def chord(code: int, modifiers: Iterable[int] = ()) -> list[InputEvent]:
    """A key pressed and let go while the modifiers are held."""
    held = list(modifiers)
    down = [event for one in (*held, code) for event in _move(one, keys.PRESSED)]
    up = [event for one in (code, *reversed(held)) for event in _move(one, keys.RELEASED)]
    return down + up


def as_bytes(events: Iterable[InputEvent]) -> bytes:
    """As a read of the node gives them."""
    return b"".join(EVENT.pack(0, 0, *event) for event in events)


def as_evemu(events: Iterable[InputEvent], after_s: float = 0.0, gap_s: float = 0.001) -> str:
    """As evemu writes them down, for a mocked node; the time runs from the first line on."""
    return f"E: 0.000000 {keys.EV_SYN:04x} {keys.SYN_REPORT:04x} 0\n" + "".join(
        f"E: {after_s + number * gap_s:.6f} {event.kind:04x} {event.code:04x} {event.value:d}\n"
        for number, event in enumerate(events)
    )


def _move(code: int, value: int) -> list[InputEvent]:
    return [InputEvent(keys.EV_KEY, code, value), REPORT]
