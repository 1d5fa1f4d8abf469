"""The keys of a US keyboard as Linux numbers them (linux/input-event-codes.h), and what each one types.

Scanners in keyboard mode press the keys of the layout that they were set to; US is what they leave the
factory with, and the only one that can be told apart from garbage here.
"""

from __future__ import annotations

from typing import Final

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
RELEASED, PRESSED, REPEATED = 0, 1, 2

ENTER, TAB, KEYPAD_ENTER = 28, 15, 96
CAPS_LOCK, NUM_LOCK, SCROLL_LOCK = 58, 69, 70
SHIFT: Final = frozenset({42, 54})
CONTROL: Final = frozenset({29, 97})
ALT: Final = frozenset({56, 100})
META: Final = frozenset({125, 126})
MODIFIERS: Final = SHIFT | CONTROL | ALT | META
ENDS: Final = frozenset({ENTER, TAB, KEYPAD_ENTER})
"""What a scanner types after a code."""

LED_CAPS_LOCK: Final = 1

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
TYPED: Final = {
    first + offset: pair
    for first, plain, shifted in _ROWS
    for offset, pair in enumerate(zip(plain, shifted, strict=True))
}
"""Key → what it types, and what it types with shift."""

KEYPAD_DIGITS: Final = {
    71: "7",
    72: "8",
    73: "9",
    75: "4",
    76: "5",
    77: "6",
    79: "1",
    80: "2",
    81: "3",
    82: "0",
}
KEYPAD_SIGNS: Final = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
