"""The drivers of readers of social-security cards, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from kiosk.clock import Clock
from kiosk.device_settings import SocialCardReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import IdCardReader


def _pcsc_social_card(settings: SocialCardReaderSettings, clock: Clock) -> IdCardReader:
    from devices.social_card.driver import SocialCardReader
    from devices.transport.slot_address import slot_called

    return SocialCardReader(slot_called(settings.reader, clock), settings.short_file_ids, clock)


def _id_card_duty(desk: Desk) -> Duty[Any]:
    from devices.identity_duty import IdCardDuty

    return IdCardDuty(desk)


def _social_card_contract() -> Contract[Any]:
    from devices.social_card.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.SOCIAL_CARD_READER,
    drivers={"pcsc-social-card": _pcsc_social_card},
    duty=_id_card_duty,
    contract=_social_card_contract,
)
