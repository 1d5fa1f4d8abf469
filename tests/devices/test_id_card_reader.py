"""The card driver against a SAM on a pty: every mishap ends in a value, none in a wrong identity."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.fault_script import Fault
from devices.id_card.conversation import Timing
from devices.id_card.driver import SdtReader
from devices.id_card.practice_cards import PRACTICE_CARDS, custom_card
from devices.id_card.protocol import Verdict, reply_frame
from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.address import port_at
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, NoCard

BEFORE_THE_READ = 15 + 19
"""Bytes of the answers to find and select."""


def read(reader: SdtReader, timeout_s: float = 3.0, cancel: threading.Event | None = None) -> CardOutcome:
    return reader.read(timeout_s, cancel or threading.Event(), lambda: None)


def name_of(outcome: CardOutcome) -> str:
    assert isinstance(outcome, CardRead), outcome
    return outcome.document.name


def test_an_empty_plate_is_no_card_at_once(reader: SdtReader) -> None:
    started = time.monotonic()
    assert read(reader) == NoCard()
    assert time.monotonic() - started < 0.3


@pytest.mark.parametrize("name", ["测试甲", "测试乙", "测试𠮷㛃", "测试丁", "测试戊", "泰斯特", "测试己"])
def test_every_kind_of_card_is_read(reader: SdtReader, sam: IdCardReaderSimulator, name: str) -> None:
    sam.place_card(PRACTICE_CARDS[name])
    assert name_of(read(reader)) == name


def test_the_newest_address_replaces_the_one_printed_on_the_card(
    reader: SdtReader, sam: IdCardReaderSimulator
) -> None:
    sam.place_card(PRACTICE_CARDS["测试乙"])
    outcome = read(reader)
    assert isinstance(outcome, CardRead)
    assert outcome.document.address == "测试省测试市新址路2号"


def test_a_fingerprint_is_noticed_and_not_kept(port: Path, sam: IdCardReaderSimulator) -> None:
    reader = SdtReader(port_at(str(port)), read_fingerprint=True)
    reader.open()
    sam.place_card(PRACTICE_CARDS["测试甲"])
    assert name_of(read(reader)) == "测试甲"
    reader.close()


@pytest.mark.parametrize(
    ("card", "fault"),
    [
        ("bank", CardFault.NOT_AN_ID_CARD),
        ("forged", CardFault.NOT_VERIFIED),
        ("unknown-type", CardFault.UNSUPPORTED_DOCUMENT),
    ],
)
def test_a_card_that_is_none_is_named(
    reader: SdtReader, sam: IdCardReaderSimulator, card: str, fault: CardFault
) -> None:
    sam.place_card(PRACTICE_CARDS[card])
    assert read(reader) == CardNotRead(fault=fault)


@pytest.mark.fault(89, 95)
@pytest.mark.parametrize(
    ("sw3", "fault"),
    [
        ("31", CardFault.NOT_VERIFIED),
        ("33", CardFault.NOT_VERIFIED),
        ("40", CardFault.NOT_AN_ID_CARD),
        ("41", CardFault.MOVED),
        ("60", CardFault.READER_FAULT),
        ("66", CardFault.READER_FAULT),
        ("21", CardFault.UNREADABLE),
        ("10", CardFault.NO_ANSWER),
        ("11", CardFault.NO_ANSWER),
        ("23", CardFault.READER_FAULT),
        ("24", CardFault.UNREADABLE),
        ("32", CardFault.NOT_VERIFIED),
        ("37", CardFault.NOT_VERIFIED),
        ("3F", CardFault.UNREADABLE),
        ("47", CardFault.MOVED),
        ("81", CardFault.MOVED),
        ("EE", CardFault.UNREADABLE),
    ],
)
def test_every_verdict_of_the_reader_is_one_fault(
    reader: SdtReader, sam: IdCardReaderSimulator, sw3: str, fault: CardFault
) -> None:
    sam.place_card(PRACTICE_CARDS["测试甲"])
    sam.arm(Fault(do="answer", options={"sw3": sw3}, command=2))
    assert read(reader) == CardNotRead(fault=fault)


@pytest.mark.parametrize("repeats", [True, False])
def test_a_card_left_on_the_plate_is_read_once(port: Path, repeats: bool) -> None:
    with IdCardReaderSimulator(port, repeats=repeats) as sam:
        sam.start()
        reader = SdtReader(port_at(str(port)))
        reader.open()
        sam.place_card(PRACTICE_CARDS["测试甲"])
        assert name_of(read(reader)) == "测试甲"
        assert [read(reader) for _ in range(3)] == [NoCard()] * 3
        sam.lift_card()
        assert read(reader) == NoCard()
        sam.place_card(PRACTICE_CARDS["测试乙"])
        assert name_of(read(reader)) == "测试乙"
        reader.close()


def test_a_card_that_only_flinched_is_read_on_the_second_try(
    reader: SdtReader, sam: IdCardReaderSimulator
) -> None:
    sam.place_card(PRACTICE_CARDS["测试甲"])
    sam.arm(Fault(do="bad_checksum", command=3))
    assert name_of(read(reader)) == "测试甲"


@pytest.mark.fault(87)
def test_noise_before_and_inside_the_answers_is_survived(
    reader: SdtReader, sam: IdCardReaderSimulator
) -> None:
    sam.place_card(PRACTICE_CARDS["测试甲"])
    for command in (1, 2, 3):
        sam.arm(Fault(do="garbage", command=command))
    assert name_of(read(reader)) == "测试甲"


@pytest.mark.fault(87)
def test_a_frame_hidden_in_the_photo_is_not_an_answer(reader: SdtReader, sam: IdCardReaderSimulator) -> None:
    hidden = reply_frame(Verdict.SAM_NOT_LICENSED)
    card = custom_card({"name": "测试甲"})
    sam.place_card(type(card)(label="x", text=card.text, photo=hidden * 90 + bytes(1024 - 90 * len(hidden))))
    assert name_of(read(reader)) == "测试甲"


@pytest.mark.fault(88)
def test_slow_bytes_are_waited_for(port: Path, sam: IdCardReaderSimulator) -> None:
    reader = SdtReader(port_at(str(port)))
    reader.open()
    sam.place_card(PRACTICE_CARDS["测试甲"])
    sam.arm(Fault(do="dribble", options={"gap_s": 0.0005}))
    assert name_of(read(reader, timeout_s=6)) == "测试甲"
    reader.close()


@pytest.mark.fault(88)
def test_bytes_that_dribble_for_ever_end_at_the_deadline(port: Path, sam: IdCardReaderSimulator) -> None:
    reader = SdtReader(port_at(str(port)))
    reader.open()
    sam.place_card(PRACTICE_CARDS["测试甲"])
    sam.arm(Fault(do="dribble", command=3, options={"gap_s": 0.02}))
    started = time.monotonic()
    assert read(reader, timeout_s=1.0) == CardNotRead(fault=CardFault.NO_ANSWER)
    assert time.monotonic() - started < 2.0
    reader.close()


def test_a_read_that_is_cancelled_ends_at_once(port: Path, sam: IdCardReaderSimulator) -> None:
    reader = SdtReader(port_at(str(port)))
    reader.open()
    sam.place_card(PRACTICE_CARDS["测试甲"])
    sam.arm(Fault(do="dribble", command=3, options={"gap_s": 0.02}))
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    started = time.monotonic()
    assert read(reader, cancel=cancel) == NoCard()
    assert time.monotonic() - started < 0.5
    timer.join()
    reader.close()


@pytest.mark.fault(93)
def test_an_answer_of_the_card_before_is_never_taken_for_this_one(
    reader: SdtReader, sam: IdCardReaderSimulator, eventually: Callable[..., None]
) -> None:
    cancel = threading.Event()
    sam.place_card(PRACTICE_CARDS["测试甲"])
    sam.arm(Fault(do="delay", command=3, for_s=0.25))
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    assert read(reader, cancel=cancel) == NoCard()
    timer.join()
    sam.place_card(PRACTICE_CARDS["测试乙"])
    names: list[str] = []

    def second_is_read() -> bool:
        outcome = read(reader)
        names.extend([name_of(outcome)] if isinstance(outcome, CardRead) else [])
        return bool(names)

    eventually(second_is_read)
    assert names == ["测试乙"]


def test_a_reader_that_says_nothing_is_offline(reader: SdtReader, sam: IdCardReaderSimulator) -> None:
    sam.arm(Fault(do="silence"))
    assert reader.status().state is DeviceState.OFFLINE
    sam.heal()
    assert reader.open().state is DeviceState.ONLINE


@pytest.mark.fault(95)
@pytest.mark.parametrize(
    ("sw3", "detail"), [("60", DeviceDetail.SELF_TEST_FAILED), ("66", DeviceDetail.NOT_LICENSED)]
)
def test_a_broken_reader_says_what_is_broken(
    reader: SdtReader, sam: IdCardReaderSimulator, sw3: str, detail: DeviceDetail
) -> None:
    sam.arm(Fault(do="answer", options={"sw3": sw3}))
    status = reader.open()
    assert (status.state, status.detail) == (DeviceState.HARDWARE_ERROR, detail)


def test_another_kind_of_device_on_the_port_is_recognised(port: Path) -> None:
    master, slave = os.openpty()
    port.symlink_to(os.ttyname(slave))
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.02):
            os.write(master, b"GPS,1,2,3\r\n")

    thread = threading.Thread(target=chatter)
    thread.start()
    status = SdtReader(port_at(str(port)), timing=Timing(ask_s=0.1)).open()
    stop.set()
    thread.join()
    os.close(master)
    os.close(slave)
    assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.WRONG_DEVICE)


def test_a_port_that_another_program_holds_is_said_to_be_in_use(reader: SdtReader, port: Path) -> None:
    status = SdtReader(port_at(str(port))).open()
    assert status.detail is DeviceDetail.PORT_IN_USE


@pytest.mark.fault(94)
def test_a_port_that_is_not_there_is_no_device(tmp_path: Path) -> None:
    assert SdtReader(port_at(str(tmp_path / "nothing"))).open().state is DeviceState.NO_DEVICE


@pytest.mark.parametrize("fingerprint", [False, True])
def test_a_read_takes_no_longer_than_its_bytes_on_the_wire(port: Path, fingerprint: bool) -> None:
    with IdCardReaderSimulator(port, baud=115200) as sam:
        sam.start()
        reader = SdtReader(port_at(str(port)), read_fingerprint=fingerprint)
        reader.open()
        wire_s = (15 + 19 + (2321 if fingerprint else 1295) + 11 + 4 * 10) * 10 / 115200
        ratios = []
        for _ in range(5):
            sam.place_card(PRACTICE_CARDS["测试甲"])
            started = time.monotonic()
            assert name_of(read(reader)) == "测试甲"
            ratios.append((time.monotonic() - started) / wire_s)
            sam.lift_card()
            read(reader)
        reader.close()
    assert min(ratios) <= 1.3, ratios
