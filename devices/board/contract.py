"""What a board of lights and switches promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.board.simulator import INPUTS, LIGHTS, WATCHDOG_REGISTER, IoBoardSimulator
from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.device_settings import IoBoardSettings
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import CompletionCode, DeviceClass
from kiosk.ports import FlashRate, Input, IoBoard, LightPosition

_LIGHT = LightPosition.ID_CARD_READER
_WRITE_REPLY_BYTES = 8
_WITHIN_S = 1.0


def _on(far_end: Path | TcpFarEnd, folder: Path) -> AbstractContextManager[Stage]:
    def settings() -> IoBoardSettings:
        return IoBoardSettings(
            port=str(far_end),
            lights={position.value: coil for position, coil in LIGHTS.items()},
            inputs={name.value: address for name, address in INPUTS.items()},
            watchdog_register=WATCHDOG_REGISTER,
            watchdog_value=10,
        )

    return played(IoBoardSimulator(far_end), folder, settings)


def _shine(driver: IoBoard, _timeout_s: float, _cancel: threading.Event) -> CompletionCode:
    return driver.set_light(_LIGHT, FlashRate.CONTINUOUS)


def _lie(outcome: Any, hands: Hands) -> str:
    shone = _LIGHT.value in hands.state()["lit_since"]
    return "says that a light shines which did not" if outcome is CompletionCode.SUCCESS and not shone else ""


def _prepare(hands: Hands) -> None:
    if hands.simulated:
        hands.do("forget")


CONTRACT: Contract[IoBoard] = Contract(
    device=DeviceClass.IO_BOARD,
    work=Work(
        prepare=_prepare,
        run=_shine,
        succeeded=lambda outcome: outcome is CompletionCode.SUCCESS,
        lie=_lie,
        timeout_s=1.0,
        wire_bytes=_WRITE_REPLY_BYTES,
    ),
    stages={
        "modbus": lambda folder: _on(folder / "board", folder),
        # The same frames through a converter from the network to the serial line.
        "modbus/tcp": lambda folder: _on(TcpFarEnd(), folder),
    },
    asked={
        "press_help": ("请按住求助按钮", "Press the help button and hold it"),
        "release_help": ("请松开求助按钮", "Let the help button go"),
        "open_door": ("请打开机柜门", "Open the cabinet's door"),
        "close_door": ("请关上机柜门", "Close the cabinet's door"),
        "come": ("请站到机器前面", "Stand in front of the terminal"),
        "leave": ("请从机器前面走开", "Step away from the terminal"),
    },
)


@CONTRACT.check(
    "lights", "亮的就是要亮的，别的不动", "The light that is asked for shines, and no other changes"
)
def _lights(rig: Rig[IoBoard]) -> Evidence:
    with rig.opened() as driver:
        for position in LightPosition:
            completion = driver.set_light(position, FlashRate.CONTINUOUS)
            require(completion is CompletionCode.SUCCESS, f"{position} ended as {completion}")
            shining = [name for name, lit in rig.hands.state()["lights"].items() if lit]
            require(shining == [position], f"{position} lit, {shining} shine")
            driver.set_light(position, FlashRate.OFF)
    return {"lights": len(LightPosition)}


@CONTRACT.check("dark", "关掉后灯都灭了", "Closed, it leaves no light on")
def _dark(rig: Rig[IoBoard]) -> Evidence:
    with rig.opened() as driver:
        driver.set_light(LightPosition.STATUS, FlashRate.CONTINUOUS)
        driver.set_light(_LIGHT, FlashRate.CONTINUOUS)
    require(not any(rig.hands.state()["lights"].values()), "a light still shines")
    return {}


@CONTRACT.check("felt", "按钮、门、来人，都说得准", "Button, door and presence are told as they happen")
def _felt(rig: Rig[IoBoard]) -> Evidence:
    hands = {
        "press_help": (Input.HELP_BUTTON, True, DeviceEvent.HELP_PRESSED),
        "release_help": (Input.HELP_BUTTON, False, DeviceEvent.HELP_RELEASED),
        "open_door": (Input.DOOR_OPEN, True, DeviceEvent.DOOR_OPENED),
        "close_door": (Input.DOOR_OPEN, False, DeviceEvent.DOOR_CLOSED),
        "come": (Input.PRESENCE, True, DeviceEvent.PERSON_CAME),
        "leave": (Input.PRESENCE, False, DeviceEvent.PERSON_LEFT),
    }
    slowest = 0.0
    with rig.opened() as driver:
        driver.read()
        driver.events()
        for action, (name, active, event) in hands.items():
            rig.hands.do(action)
            reading, seconds = rig.timed(driver.read)
            slowest = max(slowest, seconds)
            require(reading is not None and reading.inputs[name] is active, f"{name} is not felt")
            require(driver.events() == [event], f"{action} does not tell {event}, once and alone")
    require(slowest <= _WITHIN_S, f"took {slowest:.2f} s")
    return {"slowest_s": round(slowest, 3)}
