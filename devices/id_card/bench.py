"""`kiosk bench card`: one ID card read by the real driver, beside the wire time of its bytes.

The simulator takes, for both directions, the time that a UART at 115200 baud takes; nothing can be
faster than the wire, so the ratio says what the driver and the operating system add.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from devices.id_card.driver import SdtReader
from devices.id_card.practice_cards import DEFAULT_CARD, PRACTICE_CARDS
from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.address import port_at
from kiosk.bench.sample import goal, summary
from kiosk.ports import CardRead

_BAUD = 115200
_BITS_PER_BYTE = 10
"""Start bit, 8 data bits, stop bit."""
_ROUNDS = 20


class _CountingSimulator(IdCardReaderSimulator):
    """Counts what goes over its wire, both ways."""

    wire_bytes = 0

    def received(self, data: bytes) -> None:
        self.wire_bytes += len(data)
        super().received(data)

    def sent_bytes(self, count: int) -> None:
        self.wire_bytes += count
        super().sent_bytes(count)


def run() -> dict[str, Any]:
    """Seconds from the first question to the whole identity, over `_ROUNDS` cards."""
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        link = Path(folder) / "reader"
        with _CountingSimulator(link, baud=_BAUD) as simulator:
            simulator.start()
            reader = SdtReader(port_at(str(link), _BAUD))
            reader.open()
            try:
                reads = [_read_one(simulator, reader) for _ in range(_ROUNDS)]
            finally:
                reader.close()
    seconds = summary([taken for taken, _ in reads], 4)
    wire_bytes = reads[0][1]
    wire_s = wire_bytes * _BITS_PER_BYTE / _BAUD
    return {
        "card_read_s": seconds,
        "wire_bytes": wire_bytes,
        "wire_s": round(wire_s, 4),
        "ratio_to_wire": goal(seconds["median"] / wire_s, 1.3, "×"),
    }


def _read_one(simulator: _CountingSimulator, reader: SdtReader) -> tuple[float, int]:
    simulator.place_card(PRACTICE_CARDS[DEFAULT_CARD])
    simulator.wire_bytes = 0
    started = time.monotonic()
    outcome = reader.read(5.0, threading.Event(), _unnoticed)
    taken = time.monotonic() - started
    if not isinstance(outcome, CardRead):
        raise TypeError(f"the card was not read: {outcome}")
    wire_bytes = simulator.wire_bytes
    simulator.lift_card()
    reader.read(1.0, threading.Event(), _unnoticed)
    return taken, wire_bytes


def _unnoticed() -> None:
    """Nobody looks at the page that says "reading"."""
