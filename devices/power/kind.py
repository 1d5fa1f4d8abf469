"""The drivers of uninterruptible power supplies, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import PowerSupplySettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import PowerSupply


def _nut(settings: PowerSupplySettings, clock: Clock) -> PowerSupply:
    from devices.power.driver import NutSupply

    key = "devices.power_supply.address"
    return NutSupply(port_at(f"tcp:{settings.address}", clock=clock, key=key), settings.name, clock)


def _power_duty(desk: Desk) -> Duty[Any]:
    from devices.power.duty import PowerDuty

    return PowerDuty(desk)


def _power_contract() -> Contract[Any]:
    from devices.power.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.POWER_SUPPLY,
    drivers={"nut": _nut},
    duty=_power_duty,
    contract=_power_contract,
)
