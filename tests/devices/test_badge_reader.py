"""Staff badges at a reader, alone and in one slot with social-security cards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.badge.driver import PcscBadgeReader
from devices.badge.duty import BadgeDuty
from devices.badge.protocol import read_uid
from devices.device_thread import DeviceThread
from devices.duty import Desk
from devices.identity_duty import IdCardDuty
from devices.social_card.driver import SocialCardReader
from devices.transport.slot_address import slot_called
from kiosk.clock import SystemClock
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus
from kiosk.ports import BadgeRead, CardRead
from tests.devices.pcsc_world import MOSTLY_SIMULATED, PcscWorld, SimulatedWorld, SlotWorld

Eventually = Callable[..., None]


@pytest.fixture
def reader(slot_world: SlotWorld) -> Iterator[PcscBadgeReader]:
    driver = PcscBadgeReader(slot_called(slot_world.reader))
    assert driver.open().state is DeviceState.ONLINE
    yield driver
    driver.close()


@pytest.mark.parametrize(
    ("answer", "uid"),
    [
        ("04A1B2C3D4E5F69000", "04A1B2C3D4E5F6"),
        ("DEADBEEF9000", "DEADBEEF"),
        ("0102030405060708090A9000", "0102030405060708090A"),
        ("9000", None),
        ("0102039000", None),
        ("000000009000", None),
        ("FFFFFFFF9000", None),
        ("6A81", None),
        ("6300", None),
        ("", None),
        ("04", None),
    ],
)
def test_number_of_a_badge(answer: str, uid: str | None) -> None:
    asked: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        asked.append(command)
        return bytes.fromhex(answer)

    found = read_uid(transmit)
    assert asked == [bytes.fromhex("FFCA000000")]
    assert (found.hex().upper() if found else None) == uid


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_reader_that_answers_anything(answers: list[bytes]) -> None:
    asked = 0

    def transmit(_command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return answers[asked % len(answers)]

    found = read_uid(transmit)
    assert found is None or len(found) in (4, 7, 8, 10)


def test_badge_is_told_once_for_each_showing(
    reader: PcscBadgeReader, slot_world: SlotWorld, never: threading.Event
) -> None:
    assert reader.read(0.2, never) is None
    slot_world.hand("place_card", card="badge-assistant")
    assert reader.read(2.0, never) == BadgeRead(token="04000000000001")
    assert reader.read(0.3, never) is None
    slot_world.hand("lift_card")
    assert reader.read(0.8, never) is None
    slot_world.hand("place_card", card="badge-assistant")
    assert reader.read(2.0, never) == BadgeRead(token="04000000000001")


@pytest.mark.parametrize("card", ["bank", "mute"])
@MOSTLY_SIMULATED
def test_card_that_is_no_badge(
    reader: PcscBadgeReader, slot_world: SlotWorld, never: threading.Event, card: str
) -> None:
    before = slot_world.commands_seen()
    slot_world.hand("place_card", card=card)
    assert reader.read(0.8, never) is None
    asked = slot_world.commands_seen()
    assert asked - before == (0 if card == "mute" else 1)
    assert reader.read(0.3, never) is None
    assert slot_world.commands_seen() == asked


@MOSTLY_SIMULATED
def test_badge_snatched_away(reader: PcscBadgeReader, slot_world: SlotWorld, never: threading.Event) -> None:
    slot_world.hand("fault", do="lift", at="command 1")
    slot_world.hand("place_card", card="badge-engineer")
    assert reader.read(1.5, never) is None


@MOSTLY_SIMULATED
def test_canceled_while_waiting(reader: PcscBadgeReader) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.15, cancel.set)
    timer.start()
    started = time.monotonic()
    assert reader.read(10.0, cancel) is None
    assert time.monotonic() - started < 1.0
    timer.join()


def test_service_restarted_while_waiting(pcsc: PcscWorld, never: threading.Event) -> None:
    reader = PcscBadgeReader(slot_called(pcsc.reader))
    reader.open()
    killer = threading.Timer(0.2, pcsc.stop_service)
    killer.start()
    assert reader.read(5.0, never) is None
    killer.join()
    assert reader.status().state is DeviceState.OFFLINE
    pcsc.start_service()
    assert reader.open().state is DeviceState.ONLINE
    pcsc.hand("place_card", card="badge-engineer")
    assert reader.read(2.0, never) == BadgeRead(token="04000000000003")
    reader.close()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# -- on their threads -----------------------------------------------------------------------------------


class _Both:
    """The two drivers on one slot, each on its device thread, as the devices process has them."""

    def __init__(self, world: SlotWorld, run_dir: Path) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.statuses: list[tuple[DeviceClass, DeviceStatus]] = []
        clock = SystemClock()
        self.threads: dict[DeviceClass, DeviceThread[Any]] = {}
        self.methods: dict[str, Callable[[dict[str, Any]], Any]] = {}
        for device, driver, duty_of in (
            (DeviceClass.SOCIAL_CARD_READER, SocialCardReader(slot_called(world.reader)), IdCardDuty),
            (DeviceClass.BADGE_READER, PcscBadgeReader(slot_called(world.reader)), BadgeDuty),
        ):
            desk = Desk(
                device=device,
                attached=True,
                notify=lambda name, params: self.told.append((name, params)),
                tell_busy=lambda: None,
                clock=clock,
                run_dir=run_dir,
            )
            duty: Any = duty_of(desk)
            self.methods |= duty.methods()
            self.threads[device] = DeviceThread(device, driver, duty, clock, self._publish)
        for thread in self.threads.values():
            thread.start()

    def call(self, name: str, **params: Any) -> None:
        self.methods[name](params)
        for thread in self.threads.values():
            thread.wake()

    def named(self, name: str) -> list[dict[str, Any]]:
        return [params for told, params in list(self.told) if told == name]

    def states(self) -> set[DeviceState]:
        return {thread.status.state for thread in self.threads.values()}

    def close(self) -> None:
        for thread in self.threads.values():
            thread.stop()
        assert all(thread.join(3.0) for thread in self.threads.values())

    def _publish(self, device: DeviceClass, status: DeviceStatus) -> None:
        self.statuses.append((device, status))


@pytest.fixture
def both(slot_world: SlotWorld, tmp_path: Path, eventually: Eventually) -> Iterator[_Both]:
    devices = _Both(slot_world, tmp_path)
    eventually(lambda: devices.states() == {DeviceState.ONLINE})
    yield devices
    devices.close()


def test_two_drivers_on_one_reader_do_not_fight(
    both: _Both, slot_world: SlotWorld, eventually: Eventually
) -> None:
    both.call("id_card.start", session="s1")
    both.call("badge.start", session="s1")
    for card, name in (("badge-assistant", "badge.shown"), ("测试甲", "id_card.outcome")) * 2:
        before = len(both.named(name))
        slot_world.hand("place_card", card=card)
        eventually(lambda name=name, before=before: len(both.named(name)) > before)
        slot_world.hand("lift_card")
        eventually(lambda: {t.status.media for t in both.threads.values()} == {"not_present"}, 5.0)
        threading.Event().wait(0.45)  # see PcscWorld: hands are not so quick
    assert both.named("badge.shown") == [{"session": "s1", "token": "04000000000001"}] * 2
    reads = [
        told["outcome"] for told in both.named("id_card.outcome") if isinstance(told["outcome"], CardRead)
    ]
    assert [outcome.document.number for outcome in reads] == ["11010519491231002X"] * 2
    # Neither was ever taken for an intruder by the other.
    assert {status.state for _device, status in both.statuses} == {DeviceState.ONLINE}


@MOSTLY_SIMULATED
def test_badge_outside_a_session_is_nobodys_business(
    both: _Both, slot_world: SlotWorld, eventually: Eventually
) -> None:
    both.call("badge.start", session="s1")
    both.call("badge.stop")
    slot_world.hand("place_card", card="badge-assistant")
    eventually(lambda: {t.status.media for t in both.threads.values()} == {"present"}, 5.0)
    assert both.told == []
    with pytest.raises(ValueError, match="session"):
        both.call("badge.start")


@pytest.mark.slow
def test_both_are_back_two_seconds_after_the_service(
    pcsc: PcscWorld, tmp_path: Path, eventually: Eventually
) -> None:
    both = _Both(pcsc, tmp_path)
    eventually(lambda: both.states() == {DeviceState.ONLINE})
    both.call("id_card.start", session="s1")
    both.call("badge.start", session="s1")
    pcsc.stop_service()
    eventually(lambda: both.states() == {DeviceState.OFFLINE}, 2.0)
    # Long enough for the pauses between the tries to have grown to their longest.
    threading.Event().wait(3.0)
    pcsc.start_service()
    eventually(lambda: both.states() == {DeviceState.ONLINE}, 2.0)
    pcsc.hand("place_card")
    eventually(lambda: both.named("id_card.outcome"))
    both.close()


@pytest.mark.slow
def test_two_busy_drivers_while_the_service_dies_again_and_again(
    pcsc: PcscWorld, never: threading.Event
) -> None:
    drivers = SocialCardReader(slot_called(pcsc.reader)), PcscBadgeReader(slot_called(pcsc.reader))
    for driver in drivers:
        driver.open()
    before = _open_files()
    over, wrong, reads = threading.Event(), list[BaseException](), [0, 0]

    def work(number: int) -> None:
        driver = drivers[number]
        try:
            while not over.is_set():
                if driver.status().state is not DeviceState.ONLINE:
                    driver.open()
                driver.forget()
                if isinstance(driver, SocialCardReader):
                    reads[number] += isinstance(driver.read(2.0, over, lambda: None), CardRead)
                else:
                    driver.read(0.02, over)
                    reads[number] += 1
        except BaseException as error:  # the test must see it, whatever it is
            wrong.append(error)
            raise

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    pcsc.hand("place_card")
    for _ in range(4):
        never.wait(0.8)
        pcsc.stop_service()
        never.wait(0.1)
        pcsc.start_service()
    never.wait(1.0)
    over.set()
    for worker in workers:
        worker.join(5.0)
    assert not wrong
    assert min(reads) > 10
    for driver in drivers:
        driver.open()
    assert _open_files() == before
    for driver in drivers:
        driver.close()


def test_plug_of_the_reader_pulled_and_put_back(
    simulated_slot: SimulatedWorld, tmp_path: Path, eventually: Eventually
) -> None:
    both = _Both(simulated_slot, tmp_path)
    eventually(lambda: both.states() == {DeviceState.ONLINE})
    simulated_slot.hand("unplug")
    eventually(lambda: both.states() == {DeviceState.NO_DEVICE}, 2.0)
    simulated_slot.hand("plug")
    eventually(lambda: both.states() == {DeviceState.ONLINE}, 2.0)
    both.close()
