"""What an uninterruptible power supply promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.power.simulator import PowerSupplySimulator
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.device_settings import PowerSupplySettings
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass, DeviceDetail
from kiosk.ports import PowerReading, PowerSource, PowerSupply

_ANSWER_BYTES = 300


def _stage(folder: Path) -> AbstractContextManager[Stage]:
    far_end = TcpFarEnd()
    address = "{0.host}:{0.port}".format
    return played(
        PowerSupplySimulator(far_end), folder, lambda: PowerSupplySettings(address=address(far_end))
    )


def _mains_back(hands: Hands) -> None:
    if hands.simulated:
        hands.do("mains_back")


def _read(driver: PowerSupply, _timeout_s: float, _cancel: threading.Event) -> PowerReading:
    return driver.read()


def _on_mains(outcome: Any) -> bool:
    return isinstance(outcome, PowerReading) and outcome.source is PowerSource.MAINS


def _lie(outcome: Any, hands: Hands) -> str:
    if _on_mains(outcome) and "OL" not in hands.state()["status"]:
        return "says that there are mains"
    if isinstance(outcome, PowerReading) and outcome.charge_percent not in (
        None,
        hands.state()["charge_percent"],
    ):
        return "says a charge that is not so"
    return ""


CONTRACT: Contract[PowerSupply] = Contract(
    device=DeviceClass.POWER_SUPPLY,
    work=Work(
        prepare=_mains_back,
        run=_read,
        succeeded=_on_mains,
        lie=_lie,
        timeout_s=1.0,
        wire_bytes=_ANSWER_BYTES,
    ),
    stages={"nut": _stage},
    asked={
        "cut_mains": ("请拔下备用电源的市电插头", "Pull the backup power's mains plug"),
        "mains_back": ("请把备用电源的市电插头插上", "Put the backup power's mains plug in"),
        "unplug": ("请停止 nut-server 服务", "Stop the nut-server service"),
        "plug": ("请启动 nut-server 服务", "Start the nut-server service"),
    },
    exclusive=False,
)


@CONTRACT.check("mains", "停电、来电都说得准", "Mains that go and come back are told, once each")
def _mains(rig: Rig[PowerSupply]) -> Evidence:
    with rig.opened() as driver:
        driver.events()
        told = []
        for action, source, detail in (
            ("cut_mains", PowerSource.BATTERY, DeviceDetail.ON_BATTERY),
            ("mains_back", PowerSource.MAINS, DeviceDetail.NONE),
        ):
            rig.hands.do(action)
            _until(rig, driver, source)
            require(driver.status().detail is detail, f"after {action} the status does not say so")
            told += driver.events()
    require(told == [DeviceEvent.POWER_LOST, DeviceEvent.POWER_BACK], f"told {told}")
    return {"events": len(told)}


@CONTRACT.check(
    "silent-on-battery",
    "停电时没了消息，当作快没电了",
    "Silent while on battery counts as a battery that is low",
)
def _silent_on_battery(rig: Rig[PowerSupply]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.do("cut_mains")
        _until(rig, driver, PowerSource.BATTERY)
        driver.events()
        rig.hands.do("unplug")
        _until(rig, driver, PowerSource.BATTERY_LOW)
        require(driver.events() == [DeviceEvent.BATTERY_LOW], "does not tell it")
        require(driver.open().detail is DeviceDetail.BATTERY_LOW, "forgets it when opened again")
        rig.hands.do("plug")
        rig.hands.do("mains_back")
        rig.open(driver)
        _until(rig, driver, PowerSource.MAINS)
    return {}


def _until(rig: Rig[PowerSupply], driver: PowerSupply, source: PowerSource) -> None:
    """Supplies take a few seconds to notice, and NUT some more to be told."""
    tries_left = 1 if rig.hands.simulated else 30
    while (found := driver.read().source) is not source:
        tries_left -= 1
        require(tries_left > 0, f"says {found}, not {source}")
        rig.wait(1.0)
