"""Which two pipes of a USB device carry its bytes, as its own descriptors say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_BULK: Final = 2
_IN: Final = 0x80
_PRINTER_CLASS: Final = 7
_IPP_OVER_USB: Final = 4
"""Printer class, protocol 4: HTTP, no bytes of ours (USB-IF, IPP over USB)."""
_SAM_PAIR: Final = (0x02, 0x81)
"""Where a SAM module with two pairs takes and gives the head of a frame (one lineage of documents)."""


@dataclass(frozen=True, slots=True)
class BulkPair:
    """One bulk pipe each way, and the interface that has them."""

    interface: int
    alternate: int
    write_to: int
    read_from: int


def choose_pair(configuration: Any) -> BulkPair | None:
    """The pair to speak through; None when there is no way out and back.

    A printer's own interface before others, the SAM document's pair before others, then the first.
    """
    ranked = sorted(_pairs(configuration), key=lambda found: found[0])
    return ranked[0][1] if ranked else None


def _pairs(configuration: Any) -> Iterator[tuple[tuple[bool, bool, int], BulkPair]]:
    for interface in configuration:
        if interface.bInterfaceClass == _PRINTER_CLASS and interface.bInterfaceProtocol == _IPP_OVER_USB:
            continue
        bulk = [pipe.bEndpointAddress for pipe in interface if pipe.bmAttributes & 3 == _BULK]
        ways_out = [address for address in bulk if not address & _IN]
        ways_in = [address for address in bulk if address & _IN]
        # In the order of the descriptor: the first way out belongs to the first way in.
        for write_to, read_from in zip(ways_out, ways_in, strict=False):
            pair = BulkPair(interface.bInterfaceNumber, interface.bAlternateSetting, write_to, read_from)
            rank = (
                interface.bInterfaceClass != _PRINTER_CLASS,
                (write_to, read_from) != _SAM_PAIR,
                interface.bAlternateSetting,
            )
            yield rank, pair
