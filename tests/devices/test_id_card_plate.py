"""A card that stays, goes and comes between sessions; and the reader's own tricks with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devices.duty import Desk
from devices.fault_script import Fault
from devices.host import Host
from devices.id_card.conversation import Timing
from devices.id_card.driver import SdtReader
from devices.id_card.practice_cards import PRACTICE_CARDS
from devices.id_card.protocol import Command, frame
from devices.id_card.simulator import IdCardReaderSimulator
from devices.identity_duty import IdCardDuty
from devices.transport.address import port_at
from kiosk.clock import SystemClock
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, IdCardReaderSettings
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass
from kiosk.ipc import IpcClient
from kiosk.ports import CardOutcome, CardRead, NoCard

CARD, OTHER = PRACTICE_CARDS["测试甲"], PRACTICE_CARDS["测试戊"]


@pytest.fixture(params=["finds it again", "hides it"])
def plate(request: pytest.FixtureRequest, port: Path) -> Iterator[IdCardReaderSimulator]:
    with IdCardReaderSimulator(port, repeats=request.param == "finds it again") as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def driver(port: Path, plate: IdCardReaderSimulator) -> Iterator[SdtReader]:
    reader = SdtReader(port_at(str(port)), timing=Timing(ask_s=0.1, find_s=0.1))
    assert reader.open().usable
    yield reader
    reader.close()


def look(driver: SdtReader) -> CardOutcome:
    return driver.read(2.0, threading.Event(), lambda: None)


class Session:
    """A duty whose notifications are kept."""

    def __init__(self, tmp_path: Path) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.duty = IdCardDuty(
            Desk(
                device=DeviceClass.ID_CARD_READER,
                attached=True,
                notify=lambda method, params: self.told.append((method, params)),
                tell_busy=lambda: None,
                clock=SystemClock(),
                run_dir=tmp_path,
            )
        )

    def start(self, name: str) -> None:
        self.duty.methods()["id_card.start"]({"session": name})

    def outcomes(self, session: str) -> list[CardOutcome]:
        return [
            params["outcome"]
            for method, params in self.told
            if method == "id_card.outcome" and params["session"] == session
        ]


def test_the_card_left_by_the_last_session_is_read_anew_within_a_second(
    plate: IdCardReaderSimulator, driver: SdtReader, tmp_path: Path
) -> None:
    session = Session(tmp_path)
    plate.place_card(CARD)
    for name in ("first", "second", "third"):
        session.start(name)
        started = time.monotonic()
        looks = 0
        while not session.outcomes(name):
            pause_s = session.duty.step(driver)
            looks += 1
            assert time.monotonic() - started + looks * max(pause_s, 0) < 1.0
        for _ in range(3):
            session.duty.step(driver)
        assert [type(outcome) for outcome in session.outcomes(name)] == [CardRead], name


def test_the_same_session_reads_one_placing_once(
    plate: IdCardReaderSimulator, driver: SdtReader, tmp_path: Path
) -> None:
    session = Session(tmp_path)
    plate.place_card(CARD)
    session.start("only")
    session.duty.step(driver)
    session.duty.cancel()
    session.start("only")
    for _ in range(3):
        session.duty.step(driver)
    assert len(session.outcomes("only")) == 1


def test_an_empty_plate_costs_no_reset(plate: IdCardReaderSimulator, driver: SdtReader) -> None:
    for _ in range(3):
        driver.forget()
        assert look(driver) == NoCard()
    assert Command.RESET.value not in plate.commands


def test_a_reader_that_does_not_take_a_reset_well_is_spared_it(port: Path) -> None:
    class Deaf(IdCardReaderSimulator):
        def received(self, data: bytes) -> None:
            if data == frame(Command.RESET.value):
                self.commands.append(Command.RESET.value)
            else:
                super().received(data)

    with Deaf(port, repeats=False) as plate:
        plate.start()
        reader = SdtReader(port_at(str(port)), timing=Timing(ask_s=0.1, find_s=0.1))
        reader.open()
        plate.place_card(CARD)
        assert isinstance(look(reader), CardRead)
        for _ in range(3):
            assert look(reader) == NoCard()
            reader.forget()
        assert look(reader) == NoCard()
        assert plate.commands.count(Command.RESET.value) == 1
        reader.close()


def test_a_lifted_card_is_told_where_the_reader_can_tell(
    plate: IdCardReaderSimulator, driver: SdtReader
) -> None:
    plate.place_card(CARD)
    assert isinstance(look(driver), CardRead)
    assert look(driver) == NoCard()
    assert driver.events() == []
    plate.lift_card()
    assert look(driver) == NoCard()
    assert look(driver) == NoCard()
    # A reader that hides a card says the same whether it lies there or not: nothing is claimed.
    assert driver.events() == ([DeviceEvent.CARD_REMOVED] if plate._repeats else [])
    assert driver.events() == []


def test_a_card_that_was_never_read_is_not_told_as_removed(
    plate: IdCardReaderSimulator, driver: SdtReader
) -> None:
    plate.place_card(PRACTICE_CARDS["bank"])
    look(driver)
    plate.lift_card()
    look(driver)
    assert driver.events() == []


@pytest.fixture
def peer(port: Path, tmp_path: Path, plate: IdCardReaderSimulator) -> Iterator[IpcClient]:
    """A peer of the whole devices process."""
    settings = Settings(
        paths=PathSettings(state_dir=tmp_path, run_dir=tmp_path),
        devices=DeviceSettings(id_card_reader=IdCardReaderSettings(port=str(port))),
    )
    host = Host(settings)
    host.start()
    client = IpcClient(settings.devices_socket)
    yield client
    client.close()
    host.close()


def _next(peer: IpcClient, method: str) -> dict[str, Any]:
    return next(message.params for message in peer.notifications(5) if message.method == method)


def test_over_the_socket_a_card_left_lying_serves_the_next_session_within_a_second(
    plate: IdCardReaderSimulator, peer: IpcClient
) -> None:
    plate.place_card(CARD)
    peer.call("id_card.start", session="first")
    assert _next(peer, "id_card.outcome")["session"] == "first"
    # At once, and after a pause in which the reader was not looked at.
    for name in ("second", "third"):
        started = time.monotonic()
        peer.call("id_card.start", session=name)
        outcome = _next(peer, "id_card.outcome")
        assert time.monotonic() - started < 1.0
        assert (outcome["session"], outcome["outcome"]["type"]) == (name, "read")
        peer.call("id_card.stop")


def test_over_the_socket_a_lifted_card_is_an_event(plate: IdCardReaderSimulator, peer: IpcClient) -> None:
    if not plate._repeats:
        pytest.skip("such a reader does not tell")
    plate.place_card(CARD)
    peer.call("id_card.start", session="only")
    _next(peer, "id_card.outcome")
    # Seen again at least once: only then is its absence news.
    finds = len(plate.commands)
    while sum(command == Command.FIND.value for command in plate.commands[finds:]) < 2:
        threading.Event().wait(0.02)
    plate.lift_card()
    assert _next(peer, "device.event") == {"device": "id_card_reader", "event": "card_removed"}


# -- what a simulated reader must be able to do -------------------------------------------------------------


@pytest.mark.parametrize("byte", [3, 7, 14, 15, 20, 34, 40, 700, 1328])
def test_a_frame_comes_in_two_pieces(port: Path, byte: int) -> None:
    with IdCardReaderSimulator(port) as plate:
        plate.start()
        reader = SdtReader(port_at(str(port)), timing=Timing(gap_s=0.02))
        reader.open()
        plate.place_card(CARD)
        plate.arm(Fault(do="pause", byte=byte, for_s=0.08))
        started = time.monotonic()
        assert isinstance(look(reader), CardRead)
        assert time.monotonic() - started >= 0.08
        reader.close()


@pytest.mark.parametrize(("fingerprint", "size"), [(bytes(1024), 2321), (bytes(512), 1809), (b"", 1297)])
def test_every_length_with_fingerprint_is_read(port: Path, fingerprint: bytes, size: int) -> None:
    class Counting(IdCardReaderSimulator):
        sizes: list[int] = []

        def _answer(self, reply: bytes) -> None:
            self.sizes.append(len(reply))
            super()._answer(reply)

    with Counting(port) as plate:
        plate.start()
        reader = SdtReader(port_at(str(port)), read_fingerprint=True)
        reader.open()
        plate.place_card(replace(CARD, fingerprint=fingerprint))
        assert isinstance(look(reader), CardRead)
        assert size in plate.sizes
        reader.close()


def test_a_reader_told_another_speed_is_deaf_at_the_old_one(port: Path) -> None:
    with IdCardReaderSimulator(port) as plate:
        plate.start()
        line = port_at(str(port), 115200)
        line.open()
        until = SystemClock().monotonic() + 1
        line.write_some(frame(bytes.fromhex("6002")), until)
        assert line.read_some(until) == bytes.fromhex("AAAAAA96690004 00009094".replace(" ", ""))
        line.close()
        reader = SdtReader(port_at(str(port), 115200), timing=Timing(ask_s=0.05))
        assert not reader.open().usable
        reader.close()
        slower = SdtReader(port_at(str(port), 38400), timing=Timing(ask_s=0.1))
        assert slower.open().usable
        slower.close()


def test_a_speed_that_no_reader_has_is_refused(port: Path) -> None:
    with IdCardReaderSimulator(port) as plate:
        plate.start()
        line = port_at(str(port))
        line.open()
        line.write_some(frame(bytes.fromhex("6009")), SystemClock().monotonic() + 1)
        assert line.read_some(SystemClock().monotonic() + 1)[9] == 0x21
        line.close()


@pytest.mark.parametrize("lifted_before", [2, 3, 4])
def test_lifted_between_two_steps(port: Path, lifted_before: int) -> None:
    with IdCardReaderSimulator(port) as plate:
        plate.start()
        reader = SdtReader(port_at(str(port)))
        reader.open()
        plate.place_card(CARD)
        plate.arm(Fault(do="lift", command=lifted_before))
        outcome = look(reader)
        assert not isinstance(outcome, CardRead)
        plate.place_card(OTHER)
        following = look(reader)
        assert isinstance(following, CardRead)
        assert following.document.name == OTHER.label
        reader.close()
