"""The drivers of readers of staff badges, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from kiosk.clock import Clock
from kiosk.device_settings import BadgeReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import BadgeReader


def _pcsc_badge(settings: BadgeReaderSettings, clock: Clock) -> BadgeReader:
    from devices.badge.driver import PcscBadgeReader
    from devices.transport.slot_address import slot_called

    return PcscBadgeReader(slot_called(settings.reader, clock), clock)


def _badge_duty(desk: Desk) -> Duty[Any]:
    from devices.badge.duty import BadgeDuty

    return BadgeDuty(desk)


def _badge_contract() -> Contract[Any]:
    from devices.badge.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.BADGE_READER,
    drivers={"pcsc-badge": _pcsc_badge},
    duty=_badge_duty,
    contract=_badge_contract,
)
