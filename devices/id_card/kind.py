"""The drivers of readers of resident ID cards, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import IdCardReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import IdCardReader


def _sdt(settings: IdCardReaderSettings, clock: Clock) -> IdCardReader:
    from devices.id_card.conversation import Timing
    from devices.id_card.driver import SdtReader

    port = port_at(settings.port, settings.baud, clock, key="devices.id_card_reader.port")
    return SdtReader(port, settings.read_fingerprint, clock, Timing.at_baud(settings.baud))


def _id_card_duty(desk: Desk) -> Duty[Any]:
    from devices.identity_duty import IdCardDuty

    return IdCardDuty(desk)


def _id_card_contract() -> Contract[Any]:
    from devices.id_card.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.ID_CARD_READER,
    drivers={"sdt": _sdt},
    duty=_id_card_duty,
    contract=_id_card_contract,
)
