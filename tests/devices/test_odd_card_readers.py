"""Readers written by other people: what each does differently ends in the right card or in a value."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator

import pytest

from devices.id_card.conversation import Timing
from devices.id_card.driver import SdtReader
from devices.id_card.practice_cards import custom_card
from devices.id_card.protocol import PREAMBLE, frame
from devices.transport.address import port_at
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceState
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, NoCard

FIND, SELECT, READ, ADDRESS = b"\x20\x01", b"\x20\x02", b"\x30\x01", b"\x30\x03"
FIRST, SECOND = custom_card({"name": "测试甲"}).text, custom_card({"name": "测试乙"}).text
QUICK = Timing(ask_s=0.15, find_s=0.15, select_s=0.2, read_s=0.3, address_s=0.15, gap_s=0.03)

Answer = bytes | None
"""The bytes that go out; None keeps silent."""


def reply(verdict: int, data: bytes = b"") -> bytes:
    return frame(bytes((0, 0, verdict)) + data)


def block(text: bytes, photo: bytes = b"\1" * 1024) -> bytes:
    return len(text).to_bytes(2, "big") + len(photo).to_bytes(2, "big") + text + photo


class OddReader:
    """The plainest reader there is, with one place to make it odd: `answer(command, usual)`."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.card: bytes | None = FIRST
        self.address: bytes | None = None
        self.gap_s = 0.0
        self.answer: Callable[[bytes, bytes], Answer] = lambda command, usual: usual
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self.master)
        os.close(self.slave)

    def _usual(self, command: bytes) -> bytes:
        if command == b"\x12\xff":
            return reply(0x90, bytes(16))
        if command == b"\x11\xff":
            return reply(0x90)
        if command == FIND:
            return reply(0x9F, bytes(4)) if self.card else reply(0x80)
        if command == SELECT:
            return reply(0x90, bytes(8)) if self.card else reply(0x81)
        if command == READ:
            return reply(0x90, block(self.card)) if self.card else reply(0x41)
        if command == ADDRESS:
            return reply(0x90, self.address) if self.address else reply(0x91)
        return reply(0x21)

    def _run(self) -> None:
        heard = b""
        while not self._ended.is_set():
            if not select.select([self.master], [], [], 0.02)[0]:
                continue
            heard += os.read(self.master, 4096)
            while (start := heard.find(PREAMBLE)) >= 0 and len(heard) >= start + 10:
                command, heard = heard[start + 7 : start + 9], heard[start + 10 :]
                out = self.answer(command, self._usual(command))
                for byte in (out or b"") if self.gap_s else b"":
                    os.write(self.master, bytes((byte,)))
                    if self._ended.wait(self.gap_s):
                        return
                if out and not self.gap_s:
                    os.write(self.master, out)


@pytest.fixture
def odd() -> Iterator[OddReader]:
    reader = OddReader()
    yield reader
    reader.close()


@pytest.fixture
def driver(odd: OddReader) -> Iterator[SdtReader]:
    reader = SdtReader(port_at(odd.port), timing=QUICK)
    yield reader
    reader.close()


def read(driver: SdtReader, cancel: threading.Event | None = None) -> CardOutcome:
    return driver.read(6.0, cancel or threading.Event(), lambda: None)


def name_of(outcome: CardOutcome) -> str:
    assert isinstance(outcome, CardRead), outcome
    return outcome.document.name


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (FIND, reply(0x9F)),
        (FIND, reply(0x9F, bytes(12))),
        (SELECT, reply(0x90)),
        (SELECT, reply(0x90, bytes(12))),
        (READ, reply(0x90, block(FIRST, b""))),
        (READ, reply(0x90, bytes.fromhex("010004000000") + FIRST + bytes(1024))),
        (ADDRESS, reply(0x21)),
        (ADDRESS, reply(0x41)),
        (ADDRESS, reply(0x90)),
        (ADDRESS, reply(0x90, bytes(280))),
        (ADDRESS, None),
        (b"\x12\xff", None),
        (b"\x11\xff", None),
    ],
)
def test_an_answer_of_unusual_length_or_none_still_ends_in_the_card(
    odd: OddReader, driver: SdtReader, command: bytes, answer: Answer
) -> None:
    odd.answer = lambda asked, usual: answer if asked == command else usual
    assert driver.open().state is DeviceState.ONLINE
    assert driver.status().state is DeviceState.ONLINE
    assert name_of(read(driver)) == "测试甲"


@pytest.mark.parametrize("answer", [None, reply(0x41)])
def test_a_reader_that_knows_the_newest_address_is_not_read_without_it(
    odd: OddReader, driver: SdtReader, answer: Answer
) -> None:
    odd.address = "新址二号".encode("utf-16-le").ljust(70, b"\0")
    driver.open()
    assert name_of(read(driver)) == "测试甲"
    odd.card = None
    assert read(driver) == NoCard()
    odd.card = SECOND
    odd.answer = lambda asked, usual: answer if asked == ADDRESS else usual
    assert [type(read(driver)) for _ in range(3)] == [CardNotRead] * 3


def test_a_reader_without_the_fingerprint_command_is_read_without(odd: OddReader) -> None:
    driver = SdtReader(port_at(odd.port), read_fingerprint=True, timing=QUICK)
    driver.open()
    assert name_of(read(driver)) == "测试甲"
    driver.close()


def test_a_vendors_timed_out_frame_does_not_swallow_the_answer_behind_it(
    odd: OddReader, driver: SdtReader
) -> None:
    odd.answer = lambda asked, usual: PREAMBLE + bytes.fromhex("0005050505") + usual
    assert driver.open().state is DeviceState.ONLINE
    assert name_of(read(driver)) == "测试甲"


def test_bytes_that_keep_coming_are_waited_for(odd: OddReader, driver: SdtReader) -> None:
    odd.gap_s = 0.02
    assert driver.open().state is DeviceState.ONLINE
    odd.gap_s = 0.0004
    assert name_of(read(driver)) == "测试甲"


def test_a_read_that_crawls_ends_at_the_whole_deadline(odd: OddReader, driver: SdtReader) -> None:
    driver.open()
    odd.gap_s = 0.02
    started = time.monotonic()
    assert driver.read(1.5, threading.Event(), lambda: None) == CardNotRead(fault=CardFault.NO_ANSWER)
    assert time.monotonic() - started < 2.5


@pytest.mark.fault(93)
@pytest.mark.parametrize("late", [READ, ADDRESS])
def test_a_late_answer_that_overtakes_is_not_taken_for_the_card_that_lies_there_now(
    odd: OddReader, driver: SdtReader, late: bytes
) -> None:
    """The first card's answer comes when the second card is being read, and so on one behind."""
    waiting: list[bytes] = []

    def one_behind(asked: bytes, usual: bytes) -> Answer:
        if asked != late:
            return usual
        waiting.append(usual)
        return waiting.pop(0) if len(waiting) > 1 else None

    odd.answer, odd.address = one_behind, "旧址一号".encode("utf-16-le").ljust(70, b"\0")
    driver.open()
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    assert read(driver, cancel) == NoCard()
    timer.join()
    odd.card = None
    assert read(driver) == NoCard()
    odd.card, odd.address = SECOND, "新址二号".encode("utf-16-le").ljust(70, b"\0")
    outcome = read(driver)
    assert name_of(outcome) == "测试乙"
    assert isinstance(outcome, CardRead)
    assert outcome.document.address == "新址二号"


@pytest.mark.fault(90)
def test_a_card_slid_in_quickly_is_another_card_when_the_reader_marks_it(
    odd: OddReader, driver: SdtReader
) -> None:
    odd.answer = lambda asked, usual: (
        reply(0x9F, (odd.card or b"")[:4]) if asked == FIND and odd.card else usual
    )
    driver.open()
    odd.card = custom_card({"name": "甲测试"}).text
    assert name_of(read(driver)) == "甲测试"
    assert read(driver) == NoCard()
    odd.card = SECOND
    assert name_of(read(driver)) == "测试乙"
    assert driver.events() == [DeviceEvent.CARD_REMOVED]


def test_a_card_that_lies_there_is_read_once_however_often_the_reader_marks_it_anew(
    odd: OddReader, driver: SdtReader
) -> None:
    odd.answer = lambda asked, usual: (
        reply(0x9F, os.urandom(4)) if asked == FIND and odd.card is not None else usual
    )
    driver.open()
    outcomes = [read(driver) for _ in range(6)]
    # One more look is what it takes to know that the marks of this reader mean nothing.
    assert [outcome for outcome in outcomes if isinstance(outcome, CardRead)] == outcomes[:2]
    assert driver.events() == []
    odd.card = None
    assert read(driver) == NoCard()
    assert driver.events() == [DeviceEvent.CARD_REMOVED]
    odd.card = SECOND
    assert name_of(read(driver)) == "测试乙"


@pytest.mark.parametrize("think_s", [0.14, 0.16, 0.2, 0.3])
def test_a_reader_that_thinks_longer_than_most_is_waited_for(
    odd: OddReader, driver: SdtReader, think_s: float
) -> None:
    def slowly(_asked: bytes, usual: bytes) -> Answer:
        threading.Event().wait(think_s)
        return usual

    odd.answer, odd.card = slowly, None
    # As the host does, again and again: a machine that stands still for a moment makes a slow reader a silent one.
    assert any(driver.open().state is DeviceState.ONLINE for _ in range(3))
    found = [read(driver) for _ in range(5)]
    assert found[-1] == NoCard()
    odd.card = SECOND
    came = next(one for one in (read(driver) for _ in range(5)) if one != NoCard())
    assert name_of(came) == "测试乙"


def test_a_reader_that_hides_what_it_read_and_knows_no_addresses_reads_at_the_second_placing(
    odd: OddReader, driver: SdtReader
) -> None:
    hidden = threading.Event()

    def hiding(asked: bytes, usual: bytes) -> Answer:
        if asked == READ:
            hidden.set()
        if asked == ADDRESS:
            return reply(0x41)
        return reply(0x80) if asked == FIND and hidden.is_set() else usual

    odd.answer = hiding
    driver.open()
    outcomes = []
    for _ in range(4):
        hidden.clear()
        outcomes.append(read(driver))
    assert name_of(outcomes[-1]) == "测试甲"


def test_a_long_answer_that_came_spoilt_is_not_waited_for_again(odd: OddReader) -> None:
    spoilt = iter((True, False, False, False))

    def once(asked: bytes, usual: bytes) -> Answer:
        return usual[:-1] + bytes((usual[-1] ^ 1,)) if asked == READ and next(spoilt) else usual

    odd.answer = once
    driver = SdtReader(port_at(odd.port))
    try:
        driver.open()
        started = time.monotonic()
        assert name_of(read(driver)) == "测试甲"
        assert time.monotonic() - started < 2.0
    finally:
        driver.close()
