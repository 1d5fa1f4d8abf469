"""A supply behind NUT's text protocol, played by our own small server on loopback."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.fault_script import Fault
from devices.host import Host
from devices.power.driver import NO_BATTERY_LASTS_S, NutSupply
from devices.power.protocol import (
    AnswerReader,
    Nonsense,
    NutError,
    Refusal,
    Variables,
    question,
    reading_of,
    source_of,
)
from devices.power.simulator import PowerSupplySimulator
from devices.transport.address import port_at
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.catalogue.loader import load_catalogue
from kiosk.clock import ManualClock
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, PowerSupplySettings
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus
from kiosk.flow.availability import LineState, Obstacle, Situation, availability
from kiosk.ipc import IpcClient, Message
from kiosk.ports import PowerReading, PowerSource

PACKS = Path(__file__).parents[2] / "assets" / "services"


@pytest.fixture
def supply_sim() -> Iterator[PowerSupplySimulator]:
    with PowerSupplySimulator(TcpFarEnd()) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def supply(supply_sim: PowerSupplySimulator) -> Iterator[NutSupply]:
    driver = supply_at(supply_sim)
    assert driver.open() == DeviceStatus(state=DeviceState.ONLINE)
    yield driver
    driver.close()


def supply_at(simulator: PowerSupplySimulator, name: str = "kiosk") -> NutSupply:
    return NutSupply(port_at(str(simulator._port)), name)


# -- what the words mean -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "source"),
    [
        ("OL", "mains"),
        ("OL CHRG", "mains"),
        ("OL LB CHRG", "mains"),  # the mains are back, the battery is not full yet
        ("OL RB", "mains"),
        ("OL TRIM", "mains"),
        ("BYPASS", "mains"),
        ("OB", "battery"),
        ("OB DISCHRG", "battery"),
        ("OL OB", "battery"),
        ("OB LB", "battery_low"),
        ("LB OB DISCHRG", "battery_low"),
        ("FSD OL", "battery_low"),
        ("WAIT", "unknown"),
        ("OFF", "unknown"),
        ("OBLIVIOUS", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_words_of_a_status(status: str, source: str) -> None:
    assert source_of(status) == source


def test_figures_that_make_no_sense_are_not_told() -> None:
    values = {"ups.status": "OL", "battery.charge": "420", "battery.runtime": "-7"}
    assert reading_of(values) == PowerReading(source=PowerSource.MAINS)
    values = {"ups.status": "OL RB", "battery.charge": "87.5", "battery.runtime": "1800"}
    assert reading_of(values) == PowerReading(
        source=PowerSource.MAINS, charge_percent=87, runtime_s=1800, replace_battery=True
    )


LISTED = b'BEGIN LIST VAR kiosk\nVAR kiosk ups.status "OL"\nVAR kiosk ups.model "a \\"b\\" \\\\c"\nEND LIST VAR kiosk\n'


@given(st.integers(0, len(LISTED)))
def test_an_answer_is_whole_at_its_last_byte_wherever_it_is_cut(cut: int) -> None:
    reader = AnswerReader("kiosk")
    first = reader.feed(LISTED[:cut])
    assert (first is None) is (cut < len(LISTED))
    answer = first or reader.feed(LISTED[cut:])
    assert answer == Variables({"ups.status": "OL", "ups.model": 'a "b" \\c'})


@given(st.binary(max_size=3000))
def test_noise_is_nonsense_or_nothing_yet(noise: bytes) -> None:
    try:
        answer = AnswerReader("kiosk").feed(noise)
    except Nonsense:
        return
    assert answer is None or isinstance(answer, Refusal)


def test_another_supply_s_answer_is_nonsense() -> None:
    with pytest.raises(Nonsense):
        AnswerReader("kiosk").feed(LISTED.replace(b"VAR kiosk ups", b"VAR other ups"))


def test_a_line_or_an_answer_without_end_is_nonsense() -> None:
    with pytest.raises(Nonsense):
        AnswerReader("kiosk").feed(b"x" * 2000)
    reader = AnswerReader("kiosk")
    reader.feed(b"BEGIN LIST VAR kiosk\n")
    with pytest.raises(Nonsense):
        for number in range(10_000):
            reader.feed(
                b'VAR kiosk a.%d "1"\nV' % number if number == 0 else b'AR kiosk a.%d "1"\nV' % number
            )


def test_the_question_is_one_line() -> None:
    assert question("kiosk") == b"LIST VAR kiosk\n"
    assert AnswerReader("kiosk").feed(b"ERR UNKNOWN-UPS\n") == Refusal(NutError.UNKNOWN_UPS)


# -- the driver ----------------------------------------------------------------------------------------------


def test_mains_go_battery_sinks_and_mains_come_back(
    supply: NutSupply, supply_sim: PowerSupplySimulator
) -> None:
    assert supply.read().source is PowerSource.MAINS
    supply_sim.put(mains=False, charge=60)
    assert supply.read() == PowerReading(source=PowerSource.BATTERY, charge_percent=60, runtime_s=1080)
    assert supply.status() == DeviceStatus(state=DeviceState.ONLINE, detail=DeviceDetail.ON_BATTERY)
    supply_sim.put(charge=5)
    assert supply.read().source is PowerSource.BATTERY_LOW
    assert supply.status().detail is DeviceDetail.BATTERY_LOW
    supply_sim.put(mains=True)
    assert supply.status() == DeviceStatus(state=DeviceState.ONLINE)
    assert supply.events() == [DeviceEvent.POWER_LOST, DeviceEvent.BATTERY_LOW, DeviceEvent.POWER_BACK]


def test_a_worn_battery_is_said(supply: NutSupply, supply_sim: PowerSupplySimulator) -> None:
    supply_sim.put(replace=True)
    assert supply.status().detail is DeviceDetail.REPLACE_BATTERY
    assert supply.status().usable


@pytest.mark.parametrize("fault", ["driver_gone", "stale", "endless", "silence", "garbage"])
def test_a_supply_that_does_not_tell_on_mains_is_offline_and_nothing_more(
    supply: NutSupply, supply_sim: PowerSupplySimulator, fault: str
) -> None:
    supply_sim.arm(Fault(do=fault, command=1))
    started = time.monotonic()
    assert supply.read() == PowerReading(source=PowerSource.UNKNOWN)
    assert time.monotonic() - started < 1.2
    assert supply.status().state in (DeviceState.OFFLINE, DeviceState.NO_DEVICE)
    assert supply.events() == []
    supply_sim.heal()
    assert supply.open() == DeviceStatus(state=DeviceState.ONLINE)


@pytest.mark.parametrize("fault", ["driver_gone", "stale", "endless", "silence", "unplug"])
def test_a_supply_that_does_not_tell_on_battery_counts_as_empty(
    supply: NutSupply, supply_sim: PowerSupplySimulator, fault: str
) -> None:
    supply_sim.put(mains=False)
    supply.read()
    supply.events()
    supply_sim.arm(Fault(do=fault, command=1))
    assert supply.read() == PowerReading(source=PowerSource.BATTERY_LOW)
    assert supply.events() == [DeviceEvent.BATTERY_LOW]
    supply_sim.heal()
    supply_sim.put(mains=True)
    assert supply.open() == DeviceStatus(state=DeviceState.ONLINE)
    assert supply.events() == [DeviceEvent.POWER_BACK]


def test_a_terminal_that_still_runs_long_after_its_supply_fell_silent_has_mains(
    supply_sim: PowerSupplySimulator,
) -> None:
    clock = ManualClock()
    driver = NutSupply(port_at(str(supply_sim._port), clock=clock), "kiosk", clock)
    driver.open()
    supply_sim.put(mains=False)
    while driver.read().source is PowerSource.UNKNOWN:
        driver.open()  # on this clock the deadline has passed before the answer is there
    assert driver.read().source is PowerSource.BATTERY
    supply_sim.unplug()
    assert driver.open().detail is DeviceDetail.BATTERY_LOW
    clock.advance(NO_BATTERY_LASTS_S)
    assert driver.open() == DeviceStatus(state=DeviceState.OFFLINE)
    driver.close()


def test_a_name_that_is_not_in_ups_conf_is_a_wrong_device(supply_sim: PowerSupplySimulator) -> None:
    status = supply_at(supply_sim, "other").open()
    assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.WRONG_DEVICE)


def test_a_service_that_is_not_running_is_offline(supply_sim: PowerSupplySimulator) -> None:
    supply_sim.unplug()
    assert supply_at(supply_sim).open() == DeviceStatus(state=DeviceState.OFFLINE)


def test_fifty_openings_leave_nothing_behind(supply_sim: PowerSupplySimulator) -> None:
    driver = supply_at(supply_sim)
    driver.open()
    driver.close()
    settled = threading.Event()
    settled.wait(0.2)  # the far end hangs up on its own thread
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for cycle in range(50):
        assert driver.open().state is DeviceState.ONLINE
        if cycle % 5 == 0:
            supply_sim.unplug()
            assert driver.status().state is not DeviceState.ONLINE
            supply_sim.plug()
        driver.close()
    settled.wait(0.2)
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (files, threads)


# -- what the terminal does ----------------------------------------------------------------------------------


READY = {
    DeviceClass.ID_CARD_READER: DeviceStatus(state=DeviceState.ONLINE),
    DeviceClass.RECEIPT_PRINTER: DeviceStatus(state=DeviceState.ONLINE),
}


@pytest.mark.parametrize("detail", [DeviceDetail.ON_BATTERY, DeviceDetail.BATTERY_LOW])
@pytest.mark.parametrize("state", [DeviceState.ONLINE, DeviceState.OFFLINE])
def test_on_battery_nothing_new_is_begun(detail: DeviceDetail, state: DeviceState) -> None:
    supply = {DeviceClass.POWER_SUPPLY: DeviceStatus(state=state, detail=detail)}
    for pack in load_catalogue(PACKS).packs.values():
        found = availability(pack, Situation(devices=READY | supply, line=LineState.ONLINE))
        assert found.obstacles == (Obstacle.ON_BATTERY,)
        assert not found.can_start


@pytest.mark.parametrize(
    "status",
    [
        None,
        DeviceStatus(state=DeviceState.NO_DEVICE, detail=DeviceDetail.NOT_CONFIGURED),
        DeviceStatus(state=DeviceState.ONLINE),
        DeviceStatus(state=DeviceState.ONLINE, detail=DeviceDetail.REPLACE_BATTERY),
        DeviceStatus(state=DeviceState.OFFLINE),
    ],
)
def test_without_a_supply_or_on_mains_nothing_changes(status: DeviceStatus | None) -> None:
    devices = READY | ({} if status is None else {DeviceClass.POWER_SUPPLY: status})
    for pack in load_catalogue(PACKS).packs.values():
        found = availability(pack, Situation(devices=devices, line=LineState.ONLINE))
        assert found.obstacles == () and found.can_start


# -- through the devices process -------------------------------------------------------------------------


class PowerRig:
    """A host with a simulated supply, and one peer."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.sim = stack.enter_context(PowerSupplySimulator(TcpFarEnd()))
        self.sim.start()
        address = str(self.sim._port).removeprefix("tcp:")
        settings = Settings(
            paths=PathSettings(state_dir=folder, run_dir=folder),
            devices=DeviceSettings(power_supply=PowerSupplySettings(address=address)),
        )
        host = Host(settings)
        host.start()
        stack.callback(host.close)
        self.peer = IpcClient(settings.devices_socket)
        stack.callback(self.peer.close)

    def ready(self) -> None:
        """Wait until the first reading; what was told before this peer came is asked for."""
        self.hear(3.0, "online")
        deadline = time.monotonic() + 3.0
        while (self.peer.call("power.reading")["reading"] or {}).get("source") != "mains":
            assert time.monotonic() < deadline, "no reading"
            list(self.peer.notifications(0.05))

    def hear(self, timeout_s: float, *wanted: str) -> list[Message]:
        """Messages until each of `wanted` (a state, a detail, an event or a source) was said."""
        heard: list[Message] = []
        missing = set(wanted)
        deadline = time.monotonic() + timeout_s
        while missing:
            assert time.monotonic() < deadline, f"never heard {missing}"
            for message in self.peer.notifications(0.05):
                heard.append(message)
                missing -= _said(message.params)
        return heard


def _said(params: dict[str, Any]) -> set[str]:
    if params.get("device", "power_supply") != "power_supply":
        return set()
    status, reading = params.get("status") or {}, params.get("reading") or {}
    return {str(status.get("state")), str(status.get("detail")), str(params.get("event"))} | {
        f"source {reading.get('source')}"
    }


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PowerRig]:
    with ExitStack() as stack:
        yield PowerRig(tmp_path, stack)


def test_everybody_hears_that_the_mains_are_gone_and_back(rig: PowerRig) -> None:
    rig.ready()
    rig.sim.put(mains=False)
    started = time.monotonic()
    rig.hear(4.0, "power_lost", "on_battery", "source battery")
    assert time.monotonic() - started < 3.5
    assert rig.peer.call("power.reading")["reading"]["source"] == "battery"
    rig.sim.put(mains=True)
    rig.hear(4.0, "power_back", "none", "source mains")


def test_the_service_stops_on_battery_and_comes_back_with_the_mains(rig: PowerRig) -> None:
    rig.ready()
    rig.sim.put(mains=False)
    rig.hear(4.0, "power_lost", "on_battery")
    rig.sim.unplug()
    rig.hear(4.0, "battery_low", "no_device")
    rig.sim.put(mains=True)
    rig.sim.plug()
    started = time.monotonic()
    rig.hear(4.0, "online", "power_back")
    assert time.monotonic() - started < 3.5


def test_a_steady_supply_is_asked_seldom_and_says_nothing(rig: PowerRig) -> None:
    rig.ready()
    list(rig.peer.notifications(0.2))
    before = rig.sim.questions
    told = list(rig.peer.notifications(3.2))
    assert told == []
    assert 2 <= rig.sim.questions - before <= 5


def test_a_supply_that_falls_silent_on_mains_is_no_longer_said_to_have_them(rig: PowerRig) -> None:
    rig.ready()
    rig.sim.unplug()
    rig.hear(4.0, "no_device", "source unknown")
    assert rig.peer.call("power.reading")["reading"]["source"] == "unknown"
