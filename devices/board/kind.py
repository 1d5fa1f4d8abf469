"""The drivers of boards of lights and switches, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import IoBoardSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import IoBoard


def _modbus(settings: IoBoardSettings, clock: Clock) -> IoBoard:
    from devices.board.driver import ModbusBoard
    from devices.board.wiring import wiring_of

    port = port_at(settings.port, settings.baud, clock, key="devices.io_board.port")
    return ModbusBoard(port, settings.unit, wiring_of(settings), clock, baud=settings.baud)


def _board_duty(desk: Desk) -> Duty[Any]:
    from devices.board.duty import BoardDuty

    return BoardDuty(desk)


def _board_contract() -> Contract[Any]:
    from devices.board.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.IO_BOARD,
    drivers={"modbus": _modbus},
    duty=_board_duty,
    contract=_board_contract,
)
