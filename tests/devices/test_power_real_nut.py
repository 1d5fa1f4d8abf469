"""The real thing: `upsd` and NUT's own `dummy-ups` in a private folder, on loopback."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.device_thread import DeviceThread
from devices.duty import Desk
from devices.power.driver import NutSupply
from devices.power.duty import PowerDuty
from kiosk.clock import SystemClock
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import PowerReading, PowerSource
from tests.devices.nut_world import RealNut, needs_nut

pytestmark = [pytest.mark.slow, needs_nut]


@pytest.fixture
def nut(tmp_path: Path) -> Iterator[RealNut]:
    real = RealNut(tmp_path)
    yield real
    real.close()


def until(driver: NutSupply, source: PowerSource, timeout_s: float = 8.0) -> PowerReading:
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        reading = driver.read()
        if reading.source is source:
            return reading
        assert time.monotonic() < deadline, f"says {reading.source}, not {source}"
        if driver.status().state is not DeviceState.ONLINE:
            driver.open()
        pause.wait(0.05)


def test_a_whole_power_cut(nut: RealNut) -> None:
    nut.script("TIMER 1\n", OL=100, OB_DISCHRG=60, OB_LB=5)
    nut.start("dummy-ups", "upsd")
    driver = nut.driver()
    until(driver, PowerSource.MAINS)
    driver.events()
    assert until(driver, PowerSource.BATTERY).charge_percent == 60
    assert driver.status().detail is DeviceDetail.ON_BATTERY
    assert until(driver, PowerSource.BATTERY_LOW).charge_percent == 5
    assert until(driver, PowerSource.MAINS).charge_percent == 100
    assert driver.status() == DeviceStatus(state=DeviceState.ONLINE)
    assert driver.events()[:3] == [DeviceEvent.POWER_LOST, DeviceEvent.BATTERY_LOW, DeviceEvent.POWER_BACK]
    assert driver.capabilities().model == 'Dummy Loop "1000"'
    driver.close()


def test_the_driver_is_killed_on_battery_and_started_again(nut: RealNut) -> None:
    nut.script("TIMER 600\n", OB=80)
    nut.start("dummy-ups", "upsd")
    driver = nut.driver()
    until(driver, PowerSource.BATTERY)
    driver.events()
    nut.kill("dummy-ups")
    until(driver, PowerSource.BATTERY_LOW)
    assert driver.events() == [DeviceEvent.BATTERY_LOW]
    nut.script("TIMER 600\n", OL=100)
    nut.start("dummy-ups")
    until(driver, PowerSource.MAINS)
    assert driver.events() == [DeviceEvent.POWER_BACK]
    driver.close()


def test_the_driver_is_killed_on_mains(nut: RealNut) -> None:
    nut.start("dummy-ups", "upsd")
    driver = nut.driver()
    until(driver, PowerSource.MAINS)
    nut.kill("dummy-ups")
    until(driver, PowerSource.UNKNOWN)
    assert driver.open() == DeviceStatus(state=DeviceState.OFFLINE)
    assert driver.events() == []
    driver.close()


def test_the_driver_hangs(nut: RealNut) -> None:
    nut.start("dummy-ups", "upsd")
    driver = nut.driver()
    until(driver, PowerSource.MAINS)
    nut.signal("dummy-ups", signal.SIGSTOP)
    until(driver, PowerSource.UNKNOWN, 15.0)  # `upsd` calls it stale after MAXAGE
    nut.signal("dummy-ups", signal.SIGCONT)
    until(driver, PowerSource.MAINS, 15.0)
    driver.close()


def test_the_service_is_killed_and_back_within_two_seconds(nut: RealNut) -> None:
    nut.start("dummy-ups", "upsd")
    notified: list[str] = []
    changed = threading.Event()
    clock = SystemClock()
    desk = Desk(
        device=DeviceClass.POWER_SUPPLY,
        attached=True,
        notify=lambda method, _params: notified.append(method),
        tell_busy=lambda: None,
        clock=clock,
        run_dir=nut.folder,
    )
    thread = DeviceThread(
        DeviceClass.POWER_SUPPLY, nut.driver(), PowerDuty(desk), clock, lambda _device, _status: changed.set()
    )

    def wait_for(states: set[DeviceState], timeout_s: float) -> float:
        started = time.monotonic()
        while thread.status.state not in states:
            assert time.monotonic() - started < timeout_s, f"stays {thread.status}"
            changed.wait(0.05)
            changed.clear()
        return time.monotonic() - started

    thread.start()
    try:
        wait_for({DeviceState.ONLINE}, 6.0)
        nut.kill("upsd")
        wait_for({DeviceState.NO_DEVICE, DeviceState.OFFLINE}, 3.0)
        nut.start("upsd")
        listening = time.monotonic() + 5.0
        while not _listens(nut.port):
            assert time.monotonic() < listening
            changed.wait(0.02)
        # `upsd` itself needs up to 2 s after listening until its driver has told it everything.
        print(f"back {wait_for({DeviceState.ONLINE}, 4.0):.2f} s after it listens")
    finally:
        thread.stop()
        assert thread.join(3.0)
    assert "power.changed" in notified


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
