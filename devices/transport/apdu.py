"""Command and response APDUs (ISO 7816-4), with the two answers that mean "ask again".

`61xx`: done, xx bytes wait to be fetched with GET RESPONSE.  `6Cxx`: not done, the length must be xx.  Which
of the two a card uses, if any, depends on the protocol (T=0, T=1) and on the reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Transmit = Callable[[bytes], bytes]
"""Sends one command APDU and returns what came back."""

OK: Final = 0x9000
_MORE: Final = 0x61
_WRONG_LENGTH: Final = 0x6C
_MOST_ANSWER: Final = 258
"""256 bytes of data and the status word: no command here asks for an extended length."""
_MOST_FETCHES: Final = 8


@dataclass(frozen=True, slots=True)
class Response:
    """One response APDU."""

    data: bytes
    word: int
    """SW1 and SW2."""


def parse_response(answer: bytes) -> Response | None:
    """Take a response apart; None when it is none (too short, too long, a status word that cannot be)."""
    if not 2 <= len(answer) <= _MOST_ANSWER:
        return None
    word = int.from_bytes(answer[-2:], "big")
    # ISO 7816-4 5.1.3: SW1 is 6X or 9X, and 60 is no status word but a request for time.
    if word >> 12 not in (0x6, 0x9) or word >> 8 == 0x60:
        return None
    return Response(answer[:-2], word)


def select(parameters: int, name: bytes) -> bytes:
    """SELECT; `parameters` is P1 and P2."""
    return b"\x00\xa4" + parameters.to_bytes(2, "big") + bytes([len(name)]) + name


def read_record(number: int, file: int, length: int) -> bytes:
    """READ RECORD by its number, from the selected file (0) or one named by its short identifier."""
    return bytes([0x00, 0xB2, number, file << 3 | 4, length])


def ask(transmit: Transmit, command: bytes) -> Response | None:
    """One command that asks for data, ending in its length (Le); None when the answer is none.

    Follows `6Cxx` once and `61xx` until all has come; the word is the last one's.
    """
    response = parse_response(transmit(command))
    if response is not None and response.word >> 8 == _WRONG_LENGTH:
        if response.data:
            return None
        response = parse_response(transmit(command[:-1] + bytes([response.word & 0xFF])))
        if response is not None and response.word >> 8 == _WRONG_LENGTH:
            return None
    data = b""
    for _ in range(_MOST_FETCHES):
        if response is None:
            return None
        data += response.data
        if len(data) > _MOST_ANSWER:
            return None
        if response.word >> 8 != _MORE:
            return Response(data, response.word)
        response = parse_response(transmit(bytes([0x00, 0xC0, 0x00, 0x00, response.word & 0xFF])))
    return None


def tell(transmit: Transmit, command: bytes) -> int | None:
    """One command whose data nobody wants (SELECT); its status word, `61xx` counted as done. None: no answer."""
    response = parse_response(transmit(command))
    if response is None:
        return None
    return OK if response.word >> 8 == _MORE else response.word
