"""An answer that breaks off, byte by byte: always a typed outcome, never an identity, never the wrong person.

Each position is followed by a whole read of another person's card, which must give exactly that person:
what was left of the broken answer must not leak into the next.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from devices.fault_script import Fault
from devices.id_card.conversation import Timing
from devices.id_card.driver import SdtReader
from devices.id_card.practice_cards import PRACTICE_CARDS
from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.address import port_at
from kiosk.clock import SystemClock
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead

BEFORE_THE_READ = 15 + 19
"""Bytes of the answers to find and select."""
FRAME_BYTES = {False: 1295, True: 2321}
BROKEN, NEXT = PRACTICE_CARDS["测试甲"], PRACTICE_CARDS["测试戊"]
TIMING = Timing(gap_s=0.004)


class SkippingClock(SystemClock):
    """The real clock, and a quarter of a minute more whenever the test says so."""

    skipped_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped_s


def _read(reader: SdtReader) -> CardOutcome:
    return reader.read(3.0, threading.Event(), lambda: None)


def _break_off(sam: IdCardReaderSimulator, reader: SdtReader, do: str, byte: int) -> CardOutcome:
    sam.place_card(BROKEN)
    sam.arm(Fault(do=do, byte=byte))
    outcome = _read(reader)
    sam.heal()
    return outcome


def _sweep(port: Path, do: str, fingerprint: bool, positions: Iterable[int]) -> Counter[str]:
    """What came of each position."""
    outcomes: Counter[str] = Counter()
    with IdCardReaderSimulator(port) as sam:
        sam.start()
        clock = SkippingClock()
        line = port_at(str(port), clock=clock)
        reader = SdtReader(line, read_fingerprint=fingerprint, clock=clock, timing=TIMING)
        assert reader.open().usable
        for position in positions:
            outcome = _break_off(sam, reader, do, BEFORE_THE_READ + position)
            assert isinstance(outcome, CardNotRead), (position, outcome)
            outcomes[outcome.fault] += 1
            if do == "unplug":
                assert reader.open().usable
            sam.place_card(NEXT)
            following = _read(reader)
            assert isinstance(following, CardRead), (position, following)
            assert following.document.name == NEXT.label, position
            sam.lift_card()
            _read(reader)
            # An answer that did not come is owed for a while; else the debts of all positions would add up.
            clock.skipped_s += 15
        reader.close()
    return outcomes


EXPECTED = {"lift": CardFault.MOVED, "unplug": CardFault.NO_ANSWER}


@pytest.mark.fault(85)
@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize("do", ["lift", "unplug"])
def test_an_answer_breaks_off_at_many_places(port: Path, do: str, fingerprint: bool) -> None:
    size = FRAME_BYTES[fingerprint]
    # Around each seam: preamble, length, status, the lengths of the blocks, the blocks, the checksum.
    seams = [*range(18), 269, 270, 271, size - 2, size - 1]
    assert _sweep(port, do, fingerprint, seams) == {EXPECTED[do]: len(seams)}


@pytest.mark.fault(85)
@pytest.mark.slow
@pytest.mark.parametrize("fingerprint", [False, True])
@pytest.mark.parametrize("do", ["lift", "unplug"])
def test_an_answer_breaks_off_at_every_byte(port: Path, do: str, fingerprint: bool) -> None:
    size = FRAME_BYTES[fingerprint]
    started = time.monotonic()
    outcomes = _sweep(port, do, fingerprint, range(size))
    print(f"{do} fingerprint={fingerprint}: {dict(outcomes)} in {time.monotonic() - started:.1f} s")
    assert outcomes == {EXPECTED[do]: size}


@pytest.mark.fault(85, 88)
@pytest.mark.parametrize("position", [0, 3, 13, 14, 269, 1294])
def test_the_reader_falls_silent_in_the_middle(port: Path, position: int) -> None:
    timing = Timing(
        ask_s=0.03, find_s=0.03, select_s=0.03, read_s=0.03, address_s=0.03, flow_s=0.03, gap_s=0.004
    )
    with IdCardReaderSimulator(port) as sam:
        sam.start()
        reader = SdtReader(port_at(str(port)), timing=timing)
        assert reader.open().usable
        outcome = _break_off(sam, reader, "silence", BEFORE_THE_READ + position)
        assert outcome == CardNotRead(fault=CardFault.NO_ANSWER)
        reader.close()


def test_the_last_byte_makes_the_identity(port: Path) -> None:
    """The sweep proves something only if one byte more is enough."""
    with IdCardReaderSimulator(port) as sam:
        sam.start()
        reader = SdtReader(port_at(str(port)), timing=TIMING)
        reader.open()
        sam.place_card(BROKEN)
        sam.arm(Fault(do="silence", byte=BEFORE_THE_READ + FRAME_BYTES[False] + 11))
        outcome = _read(reader)
        assert isinstance(outcome, CardRead)
        assert outcome.document.name == BROKEN.label
        reader.close()
