"""What goes over the socket between the camera's thread and the process that decodes for it.

The picture itself lies in memory that both have mapped; a message says what it is.  Messages keep their
bounds (SOCK_SEQPACKET), and either end sees at once that the other is gone.
"""

from __future__ import annotations

from msgspec import Struct, msgpack

MOST_CODES = 8
LONGEST_CODE_BYTES = 4096
MESSAGE_BYTES = 64 * 1024


class Order(Struct, frozen=True, array_like=True):
    """Look at the picture in the shared memory."""

    number: int
    width_px: int
    height_px: int
    settled: bool


class Code(Struct, frozen=True, array_like=True):
    """One code in it."""

    text: str | None
    """None: its bytes are no text."""
    symbology: str
    rung: str
    too_long: bool = False


class Answer(Struct, frozen=True, array_like=True):
    """What came of an order; number 0, once, says that the process is ready."""

    number: int
    codes: tuple[Code, ...] = ()
    located: bool = False
    processor_s: float = 0.0


encode = msgpack.Encoder().encode
decode_order = msgpack.Decoder(Order).decode
decode_answer = msgpack.Decoder(Answer).decode
