"""Social-security cards in a slot: on the real PC/SC service with a virtual card, and behind the simulator's socket."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from _pytest.mark import ParameterSet

from devices.social_card.driver import SocialCardReader
from devices.transport.slot_address import slot_called
from kiosk.domain.device_status import DeviceDetail, DeviceState, DeviceStatus, MediaState
from kiosk.domain.resident import DocumentKind
from kiosk.ports import CardFault, CardNotRead, CardOutcome, CardRead, NoCard
from tests.devices.pcsc_world import MOSTLY_SIMULATED, PcscWorld, SimulatedWorld, SlotWorld

Eventually = Callable[..., None]
_COMMANDS = 11
"""Of one read in the plain manner."""


def _slow(*values: object) -> ParameterSet:
    """A case that says little more than its neighbours: the service needs a second for each card."""
    return pytest.param(*values, marks=pytest.mark.slow)


class _Slot:
    """A driver and what a test does with it."""

    def __init__(self, world: SlotWorld, short_file_ids: bool = False) -> None:
        self.driver = SocialCardReader(slot_called(world.reader), short_file_ids)
        self.never = threading.Event()
        self.found = 0

    def look(self, timeout_s: float = 6.0, cancel: threading.Event | None = None) -> CardOutcome:
        return self.driver.read(timeout_s, cancel or self.never, self._on_found)

    def outcome(self, timeout_s: float = 3.0) -> CardOutcome:
        """As the duty does: look until a card is there."""
        deadline = time.monotonic() + timeout_s
        while isinstance(outcome := self.look(), NoCard) and time.monotonic() < deadline:
            self.never.wait(0.02)
        return outcome

    def _on_found(self) -> None:
        self.found += 1


@pytest.fixture
def slot(slot_world: SlotWorld) -> Iterator[_Slot]:
    reader = _Slot(slot_world)
    assert reader.driver.open().state is DeviceState.ONLINE
    yield reader
    reader.driver.close()


@pytest.fixture
def on_pcsc(pcsc: PcscWorld) -> Iterator[_Slot]:
    reader = _Slot(pcsc)
    assert reader.driver.open().state is DeviceState.ONLINE
    yield reader
    reader.driver.close()


@pytest.fixture
def on_socket(simulated_slot: SimulatedWorld) -> Iterator[_Slot]:
    reader = _Slot(simulated_slot)
    assert reader.driver.open().state is DeviceState.ONLINE
    yield reader
    reader.driver.close()


def test_empty_slot_is_told_quickly(slot: _Slot) -> None:
    started = time.monotonic()
    assert slot.look() == NoCard()
    assert time.monotonic() - started < 0.3
    assert slot.driver.status() == DeviceStatus(state=DeviceState.ONLINE, media=MediaState.NOT_PRESENT)


def test_card_put_in(slot: _Slot, slot_world: SlotWorld, eventually: Eventually) -> None:
    slot_world.hand("place_card")
    outcome = slot.outcome()
    assert isinstance(outcome, CardRead)
    assert outcome.document.kind is DocumentKind.SOCIAL_SECURITY_CARD
    assert (outcome.document.name, outcome.document.number) == ("测试甲", "11010519491231002X")
    assert slot.found == 1
    assert slot.driver.status().media is MediaState.PRESENT
    slot_world.hand("lift_card")
    eventually(lambda: slot.driver.status().media is MediaState.NOT_PRESENT)


@pytest.mark.parametrize("answers", ["6Cxx 61xx", _slow("61xx"), _slow("6Cxx")])
def test_every_manner_of_handing_out_data(slot: _Slot, slot_world: SlotWorld, answers: str) -> None:
    slot_world.hand("set", answers=answers)
    slot_world.hand("place_card", card="long-name")
    outcome = slot.outcome()
    assert isinstance(outcome, CardRead)
    assert outcome.document.name == "测试买买提·阿卜杜热合曼·吐尔逊江"


@MOSTLY_SIMULATED
def test_short_file_identifiers(slot_world: SlotWorld) -> None:
    slot = _Slot(slot_world, short_file_ids=True)
    assert slot.driver.open().state is DeviceState.ONLINE
    slot_world.hand("place_card")
    assert isinstance(slot.outcome(), CardRead)
    slot.driver.close()


def test_card_left_in_the_slot_is_read_once(
    slot: _Slot, slot_world: SlotWorld, eventually: Eventually
) -> None:
    slot_world.hand("place_card")
    assert isinstance(slot.outcome(), CardRead)
    asked = slot_world.commands_seen()
    assert [slot.look() for _ in range(5)] == [NoCard()] * 5
    assert slot_world.commands_seen() == asked
    slot.driver.forget()  # a new session
    assert isinstance(slot.look(), CardRead)


def test_next_card_in_quick_succession(slot: _Slot, slot_world: SlotWorld) -> None:
    slot_world.hand("place_card")
    assert isinstance(slot.outcome(), CardRead)
    slot_world.hand("place_card", card="expired")
    outcome = slot.outcome()
    assert isinstance(outcome, CardRead)
    assert outcome.document.name == "测试丁"


@pytest.mark.parametrize(
    ("card", "fault"),
    [
        ("bank", CardFault.NOT_AN_ID_CARD),
        _slow("badge-assistant", CardFault.NOT_AN_ID_CARD),
        ("locked", CardFault.UNSUPPORTED_DOCUMENT),
        _slow("foreign", CardFault.UNSUPPORTED_DOCUMENT),
        _slow("wrong-number", CardFault.UNREADABLE),
        _slow("mute", CardFault.UNREADABLE),
    ],
)
@MOSTLY_SIMULATED
def test_card_that_gives_no_identity(slot: _Slot, slot_world: SlotWorld, card: str, fault: CardFault) -> None:
    slot_world.hand("place_card", card=card)
    assert slot.outcome() == CardNotRead(fault=fault)
    if fault is not CardFault.UNREADABLE:
        assert slot.look() == NoCard()  # said once


@pytest.mark.parametrize("number", [1, _COMMANDS, *(_slow(number) for number in range(2, _COMMANDS))])
def test_card_pulled_at_every_command(on_pcsc: _Slot, pcsc: PcscWorld, number: int) -> None:
    pcsc.hand("fault", do="lift", at=f"command {number}")
    pcsc.hand("place_card")
    assert on_pcsc.outcome() == CardNotRead(fault=CardFault.MOVED)
    assert on_pcsc.found == 1
    assert on_pcsc.look() == NoCard()


def test_card_pulled_at_every_byte(on_socket: _Slot, simulated_slot: SimulatedWorld) -> None:
    for byte in range(1, 1000):
        simulated_slot.hand("fault", do="lift", at=f"byte {byte}")
        simulated_slot.hand("place_card")
        outcome = on_socket.outcome(0.5)
        if isinstance(outcome, CardRead):
            break
        assert outcome == CardNotRead(fault=CardFault.MOVED)
    else:
        raise AssertionError("it never got through")
    # Eleven answers, each with its length before it: all of them were cut once at each of their bytes.
    assert byte > 120


# Not after the first byte of a length (1, 5, 9): that ends vpcd 3.3, and the service with it.
@pytest.mark.parametrize("byte", [3, _slow(11)])
def test_card_pulled_in_the_middle_of_an_answer(on_pcsc: _Slot, pcsc: PcscWorld, byte: int) -> None:
    pcsc.hand("fault", do="lift", at=f"byte {byte}")
    pcsc.hand("place_card")
    assert on_pcsc.outcome() == CardNotRead(fault=CardFault.MOVED)


@pytest.mark.parametrize(
    "garbage", ["0801", "00" * 300, *(_slow(value) for value in ("90", "FFFF", "FF" * 64, "00" * 258))]
)
@MOSTLY_SIMULATED
def test_garbage_in_the_middle_once(slot: _Slot, slot_world: SlotWorld, garbage: str) -> None:
    """One answer spoilt: the second try, from the beginning, reads the card whole or not at all."""
    slot_world.hand("fault", do="garbage", at="command 5", bytes_hex=garbage)
    slot_world.hand("place_card")
    outcome = slot.outcome()
    if isinstance(outcome, CardRead):
        assert outcome.document.number == "11010519491231002X"
    else:
        assert outcome in (CardNotRead(fault=CardFault.UNREADABLE), CardNotRead(fault=CardFault.MOVED))
    slot_world.hand("place_card")
    assert isinstance(slot.outcome(), CardRead), "the reader did not survive it"


def test_empty_answer_means_that_the_card_has_gone(on_socket: _Slot, simulated_slot: SimulatedWorld) -> None:
    """Vpcd itself waits for ever after one: `test_card_that_never_answers`."""
    simulated_slot.hand("fault", do="garbage", at="command 5", bytes_hex="")
    simulated_slot.hand("place_card")
    assert isinstance(on_socket.outcome(), CardRead)  # at the second try


@MOSTLY_SIMULATED
def test_every_answer_is_refused(slot: _Slot, slot_world: SlotWorld) -> None:
    slot_world.hand("fault", do="answer", sw="6F00")
    slot_world.hand("place_card")
    assert slot.outcome() == CardNotRead(fault=CardFault.UNREADABLE)


@MOSTLY_SIMULATED
def test_slow_card_ends_at_the_deadline(slot: _Slot, slot_world: SlotWorld) -> None:
    slot_world.hand("set", delay_s=0.5)
    slot_world.hand("place_card")
    while isinstance(slot.look(0.0), NoCard):
        pass
    started = time.monotonic()
    assert slot.look(1.2) == CardNotRead(fault=CardFault.NO_ANSWER)
    assert time.monotonic() - started < 1.2 + 1.0


def test_card_that_never_answers(slot: _Slot, slot_world: SlotWorld, eventually: Eventually) -> None:
    slot_world.hand("fault", do="silence", at="command 3")
    slot_world.hand("place_card")
    eventually(lambda: slot.driver.status().media is MediaState.PRESENT)
    started = time.monotonic()
    assert slot.look(1.0) == CardNotRead(fault=CardFault.NO_ANSWER)
    assert time.monotonic() - started < 2.0
    slot_world.hand("heal")
    slot_world.hand("lift_card")
    eventually(lambda: slot.driver.open().state is DeviceState.ONLINE)
    slot_world.hand("place_card")
    assert isinstance(slot.outcome(), CardRead)


@MOSTLY_SIMULATED
def test_session_ends_while_a_card_keeps_silent(
    slot: _Slot, slot_world: SlotWorld, eventually: Eventually
) -> None:
    slot_world.hand("fault", do="silence", at="command 3")
    slot_world.hand("place_card")
    eventually(lambda: slot.driver.status().media is MediaState.PRESENT)
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    started = time.monotonic()
    assert slot.look(6.0, cancel) == NoCard()
    assert time.monotonic() - started < 1.3
    timer.join()


@MOSTLY_SIMULATED
def test_canceled_before_it_began(slot: _Slot, slot_world: SlotWorld) -> None:
    slot_world.hand("place_card")
    canceled = threading.Event()
    canceled.set()
    assert slot.look(6.0, canceled) == NoCard()
    assert slot.found == 0


# -- the service and the reader come and go --------------------------------------------------------------


def _recovers(slot: _Slot, within_s: float) -> None:
    """As the device thread does: again and again, with at most 1.6 s between."""
    deadline = time.monotonic() + within_s
    while slot.driver.open().state is not DeviceState.ONLINE:
        assert time.monotonic() < deadline, "it did not come back"
        slot.never.wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, _slow(signal.SIGTERM)])
def test_service_restarted_between_two_cards(on_pcsc: _Slot, pcsc: PcscWorld, number: signal.Signals) -> None:
    pcsc.stop_service(number)
    assert on_pcsc.look() == CardNotRead(fault=CardFault.NO_ANSWER)
    assert on_pcsc.found == 0
    assert on_pcsc.driver.status().state is DeviceState.OFFLINE
    assert on_pcsc.driver.open().state is DeviceState.OFFLINE
    pcsc.start_service()
    _recovers(on_pcsc, 0.4)
    pcsc.hand("place_card")
    assert isinstance(on_pcsc.outcome(), CardRead)


def test_service_killed_in_the_middle_of_a_card(
    on_pcsc: _Slot, pcsc: PcscWorld, eventually: Eventually
) -> None:
    pcsc.hand("set", delay_s=0.2)
    pcsc.hand("place_card")
    eventually(lambda: on_pcsc.driver.status().media is MediaState.PRESENT)
    killer = threading.Timer(0.5, pcsc.stop_service)
    killer.start()
    started = time.monotonic()
    assert on_pcsc.look() == CardNotRead(fault=CardFault.NO_ANSWER)
    assert time.monotonic() - started < 1.5
    killer.join()
    assert on_pcsc.driver.status().state is DeviceState.OFFLINE
    pcsc.hand("set", delay_s=0.0)
    pcsc.start_service()
    _recovers(on_pcsc, 0.4)
    # The card has lain there all the time.
    assert isinstance(on_pcsc.outcome(), CardRead)


def test_service_frozen(on_pcsc: _Slot, pcsc: PcscWorld) -> None:
    pcsc.freeze_service()
    started = time.monotonic()
    assert on_pcsc.driver.status().state is DeviceState.OFFLINE
    assert time.monotonic() - started < 1.5
    assert on_pcsc.driver.open().state is DeviceState.OFFLINE
    pcsc.thaw_service()
    _recovers(on_pcsc, 0.4)


def test_reader_gone_and_back(on_pcsc: _Slot, pcsc: PcscWorld) -> None:
    pcsc.stop_service()
    pcsc.detach_reader()
    pcsc.start_service()
    assert on_pcsc.driver.status().state is DeviceState.OFFLINE
    assert on_pcsc.driver.open().state is DeviceState.NO_DEVICE
    pcsc.stop_service()
    pcsc.attach_reader()
    pcsc.start_service()
    _recovers(on_pcsc, 1.0)
    pcsc.hand("place_card")
    assert isinstance(on_pcsc.outcome(), CardRead)


def test_plug_of_the_simulated_slot_pulled(on_socket: _Slot, simulated_slot: SimulatedWorld) -> None:
    simulated_slot.hand("unplug")
    assert on_socket.driver.status().state is DeviceState.NO_DEVICE
    assert on_socket.look() == CardNotRead(fault=CardFault.NO_ANSWER)
    assert on_socket.driver.open().state is DeviceState.NO_DEVICE
    simulated_slot.hand("plug")
    _recovers(on_socket, 0.2)
    simulated_slot.hand("place_card")
    assert isinstance(on_socket.outcome(), CardRead)


def test_another_program_holds_the_card(on_pcsc: _Slot, pcsc: PcscWorld, eventually: Eventually) -> None:
    pcsc.hand("place_card")
    eventually(lambda: on_pcsc.driver.status().media is MediaState.PRESENT)
    with pcsc.other_program_holds_card():
        assert on_pcsc.look(0.5) == NoCard()
        status = on_pcsc.driver.status()
        assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.PORT_IN_USE)
        assert on_pcsc.driver.open().detail is DeviceDetail.PORT_IN_USE
    _recovers(on_pcsc, 1.0)
    assert isinstance(on_pcsc.outcome(), CardRead)
