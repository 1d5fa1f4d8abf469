"""Which lights shine on which page, and what is said when the battery is almost empty."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from kiosk.catalogue.loader import load_catalogue
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus
from kiosk.domain.trust import Rung
from kiosk.flow.availability import LineState, Obstacle, Situation, availability
from kiosk.flow.guidance import lights
from kiosk.flow.journey import Journey, SlipState, Stage
from kiosk.flow.power_notice import PowerNotice, power_notice
from kiosk.ports import FlashRate, LightPosition

PENSION = load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs["pension-certification"]
WORKS = DeviceStatus(state=DeviceState.ONLINE)
GONE = DeviceStatus(state=DeviceState.NO_DEVICE)
READY = {LightPosition.STATUS: FlashRate.CONTINUOUS}
ALL_WORK = Situation(devices=dict.fromkeys(DeviceClass, WORKS), line=LineState.ONLINE, identity_codes=True)


def but(situation: Situation, device: DeviceClass, status: DeviceStatus) -> Situation:
    """`situation`, with one device otherwise."""
    return replace(situation, devices={**situation.devices, device: status})


def supply(detail: DeviceDetail) -> Situation:
    return but(ALL_WORK, DeviceClass.POWER_SUPPLY, DeviceStatus(state=DeviceState.ONLINE, detail=detail))


def slow(*positions: LightPosition) -> dict[LightPosition, FlashRate]:
    return {**dict.fromkeys(positions, FlashRate.SLOW), **READY}


def test_both_card_readers_shine_where_a_card_is_wanted() -> None:
    wanted = slow(LightPosition.ID_CARD_READER, LightPosition.SOCIAL_CARD_READER)
    assert lights(Stage.IDENTIFY, Journey(pack=PENSION), ALL_WORK) == wanted


def test_the_scanner_shines_where_a_code_will_do() -> None:
    journey = Journey(pack=msgspec.structs.replace(PENSION, rung=Rung.CODE))
    assert LightPosition.BARCODE_SCANNER in lights(Stage.IDENTIFY, journey, ALL_WORK)
    offline = replace(ALL_WORK, line=LineState.OFFLINE)
    assert LightPosition.BARCODE_SCANNER not in lights(Stage.IDENTIFY, journey, offline)


def test_nothing_shines_for_a_reader_that_is_gone() -> None:
    without = but(ALL_WORK, DeviceClass.SOCIAL_CARD_READER, GONE)
    assert lights(Stage.IDENTIFY, Journey(pack=PENSION), without) == slow(LightPosition.ID_CARD_READER)


def test_no_hand_is_wanted_while_the_platform_is_asked_about_a_code() -> None:
    assert lights(Stage.IDENTIFY, Journey(pack=PENSION, identity_try="t"), ALL_WORK) == READY


def test_the_scanner_shines_where_a_slip_is_looked_up() -> None:
    assert lights(Stage.LOOKUP, Journey(), ALL_WORK) == slow(LightPosition.BARCODE_SCANNER)


@pytest.mark.parametrize("slip", list(SlipState))
def test_the_mouth_shines_until_the_slip_is_taken(slip: SlipState) -> None:
    waits = slip in (SlipState.PRINTING, SlipState.PRINTED, SlipState.UNCONFIRMED)
    wanted = slow(LightPosition.RECEIPT_PRINTER) if waits else READY
    assert lights(Stage.RESULT, Journey(slip=slip), ALL_WORK) == wanted


def test_a_printed_slip_waits_though_the_paper_has_run_out() -> None:
    out = but(ALL_WORK, DeviceClass.RECEIPT_PRINTER, GONE)
    shine = lights(Stage.RESULT, Journey(slip=SlipState.PRINTED), out)
    assert shine[LightPosition.RECEIPT_PRINTER] is FlashRate.SLOW


QUIET = sorted(set(Stage) - {Stage.IDENTIFY, Stage.LOOKUP, Stage.RESULT, Stage.OUT_OF_SERVICE})


@pytest.mark.parametrize("stage", QUIET)
def test_other_pages_want_no_hand(stage: Stage) -> None:
    assert lights(stage, Journey(pack=PENSION, slip=SlipState.PRINTED), ALL_WORK) == READY


def test_the_status_light_is_out_where_nothing_can_be_done() -> None:
    assert lights(Stage.OUT_OF_SERVICE, Journey(), ALL_WORK) == {}
    assert lights(Stage.HOME, Journey(), supply(DeviceDetail.ON_BATTERY)) == {}


def test_what_was_begun_is_still_guided_on_battery() -> None:
    shine = lights(Stage.RESULT, Journey(slip=SlipState.PRINTING), supply(DeviceDetail.BATTERY_LOW))
    assert shine == {LightPosition.RECEIPT_PRINTER: FlashRate.SLOW}


def test_a_social_card_is_enough_where_the_plate_is_broken() -> None:
    without = but(ALL_WORK, DeviceClass.ID_CARD_READER, GONE)
    assert Obstacle.NO_READER not in availability(PENSION, without).obstacles
    neither = but(without, DeviceClass.SOCIAL_CARD_READER, GONE)
    assert Obstacle.NO_READER in availability(PENSION, neither).obstacles


@pytest.mark.parametrize(
    ("stage", "notice"),
    [
        (Stage.HOME, PowerNotice.NOTHING_BEGUN),
        (Stage.LOOKUP, PowerNotice.NOTHING_BEGUN),
        (Stage.IDENTIFY, PowerNotice.FINISH_NOW),
        (Stage.QUESTION, PowerNotice.FINISH_NOW),
        (Stage.RECORDING, PowerNotice.FINISH_NOW),
        (Stage.RESULT, PowerNotice.RECORDED),
    ],
)
def test_battery_almost_empty_says_what_becomes_of_the_business(stage: Stage, notice: PowerNotice) -> None:
    assert power_notice(stage, supply(DeviceDetail.BATTERY_LOW)) is notice


def test_a_battery_that_lasts_is_no_notice() -> None:
    assert power_notice(Stage.REVIEW, supply(DeviceDetail.ON_BATTERY)) is None
    assert power_notice(Stage.REVIEW, ALL_WORK) is None
    assert power_notice(Stage.REVIEW, Situation()) is None
