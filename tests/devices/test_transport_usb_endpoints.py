"""Which pipes are chosen when a device has several, or none that will do."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from devices.transport.usb_endpoints import BulkPair, choose_pair

BULK, INTERRUPT = 2, 3


@dataclass
class Pipe:
    bEndpointAddress: int  # noqa: N815  (pyusb's names are the standard's)
    bmAttributes: int = BULK  # noqa: N815


@dataclass
class Interface:
    pipes: list[Pipe]
    bInterfaceNumber: int = 0  # noqa: N815
    bAlternateSetting: int = 0  # noqa: N815
    bInterfaceClass: int = 0xFF  # noqa: N815
    bInterfaceProtocol: int = field(default=0)  # noqa: N815

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.pipes)


ONE_PAIR = [Pipe(0x01), Pipe(0x82)]


@pytest.mark.parametrize(
    ("interfaces", "pair"),
    [
        ([Interface(ONE_PAIR)], BulkPair(0, 0, 0x01, 0x82)),
        ([Interface([Pipe(0x82), Pipe(0x01)])], BulkPair(0, 0, 0x01, 0x82)),
        # Two pairs, as the SAM document has them: the head of a frame goes through the first.
        (
            [Interface([Pipe(0x06), Pipe(0x85), Pipe(0x02), Pipe(0x81)])],
            BulkPair(0, 0, 0x02, 0x81),
        ),
        ([Interface([Pipe(0x03), Pipe(0x84), Pipe(0x05), Pipe(0x86)])], BulkPair(0, 0, 0x03, 0x84)),
        # A printer beside a vendor's own interface, and one that also speaks HTTP over USB.
        (
            [Interface(ONE_PAIR), Interface([Pipe(0x03), Pipe(0x84)], 1, 0, 7, 2)],
            BulkPair(1, 0, 0x03, 0x84),
        ),
        (
            [Interface(ONE_PAIR, 0, 1, 7, 4), Interface([Pipe(0x03), Pipe(0x84)], 0, 0, 7, 2)],
            BulkPair(0, 0, 0x03, 0x84),
        ),
        # Only another setting of the interface has pipes.
        ([Interface([]), Interface(ONE_PAIR, 0, 1)], BulkPair(0, 1, 0x01, 0x82)),
        # One way only, interrupt pipes, HTTP alone: nothing to speak through.
        ([Interface([Pipe(0x01)])], None),
        ([Interface([Pipe(0x01, INTERRUPT), Pipe(0x82, INTERRUPT)])], None),
        ([Interface(ONE_PAIR, 0, 0, 7, 4)], None),
        ([], None),
    ],
)
def test_the_pair_that_carries_the_bytes(interfaces: list[Interface], pair: BulkPair | None) -> None:
    assert choose_pair(interfaces) == pair
