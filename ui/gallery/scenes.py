"""The scenes: one page in one state each, and what happened before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from kiosk.catalogue.pack import Block
from kiosk.config import Language
from kiosk.domain.case import PlatformState
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.signature import Signature
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.availability import LineState
from kiosk.flow.journey import Progress, ProgressStep
from kiosk.flow.keeper_report import LineReport
from kiosk.ports import CardFault
from ui.gallery.face import StandInFace
from ui.gallery.stand_ins import BY_CODE, BY_SOCIAL_CARD, RESIDENT, WORKS, receipt
from ui.navigator import DISPLAY, HELP, KEEPER, Navigator

Play = Callable[["StandInFace"], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """One page in one state: what happened before it."""

    name: str
    play: Play


def _home(face: StandInFace) -> None:
    face.navigator.start()


def _service(face: StandInFace) -> None:
    _home(face)
    _do(face.navigator, "choose", "pension-certification")


def _identify(face: StandInFace) -> None:
    _service(face)
    _do(face.navigator, "begin")


def _identity(face: StandInFace) -> None:
    _identify(face)
    _do(face.navigator, "card_read", RESIDENT)


def _question(face: StandInFace) -> None:
    _identity(face)
    _do(face.navigator, "confirm_identity")


def _other_question(number: int) -> Play:
    def play(face: StandInFace) -> None:
        _home(face)
        _do(face.navigator, "choose", "old-age-allowance")
        _do(face.navigator, "begin")
        _do(face.navigator, "card_read", RESIDENT)
        _do(face.navigator, "confirm_identity")
        for answer in ("bank_a", "yes", "测试路 1 号")[:number]:
            _do(face.navigator, "answer", answer)

    return play


def _signed(face: StandInFace) -> None:
    """On a pad of 120 by 90 mm."""
    _other_question(3)(face)
    clock = count(0, 40)
    strokes = tuple(
        tuple((round(x * 1200), round(y * 900), next(clock)) for x, y in stroke) for stroke in _SOMEBODYS_HAND
    )
    face.question.signature_pad.show(Signature(size=(1200, 900), strokes=strokes).to_text())


_SOMEBODYS_HAND = (
    ((0.22, 0.30), (0.25, 0.36)),
    ((0.20, 0.48), (0.26, 0.47), (0.25, 0.70), (0.29, 0.63)),
    ((0.32, 0.30), (0.32, 0.62)),
    ((0.32, 0.30), (0.41, 0.29), (0.41, 0.60)),
    ((0.36, 0.36), (0.36, 0.58), (0.31, 0.72)),
    ((0.38, 0.62), (0.43, 0.72)),
    ((0.46, 0.28), (0.46, 0.60)),
    ((0.51, 0.24), (0.51, 0.72), (0.48, 0.68)),
    ((0.60, 0.28), (0.63, 0.33)),
    ((0.59, 0.46), (0.75, 0.44), (0.64, 0.56), (0.72, 0.64), (0.81, 0.70)),
    ((0.68, 0.30), (0.69, 0.62), (0.61, 0.71)),
)
"""试甲 or something like it, as fractions of the pad."""


def _typed(face: StandInFace) -> None:
    _question(face)
    face.question.typeText("13800138000")


def _faulty(face: StandInFace) -> None:
    _question(face)
    face.question.typeText("1380013")
    face.question.goOn()


def _review(face: StandInFace) -> None:
    _question(face)
    _do(face.navigator, "answer", "13800138000")


def _not_recorded(face: StandInFace) -> None:
    face.stand_in_records.refusal = JournalFault.DISK_FULL
    _review(face)
    _do(face.navigator, "confirm")
    face.navigator.painted()


def _handed_in_before(face: StandInFace) -> None:
    face.stand_in_records.handed_in_before = receipt("pension-certification")
    _review(face)
    face.navigator.painted()


def _result(verdict: PrintVerdict | None, fault: PrintFault = PrintFault.NONE) -> Play:
    def play(face: StandInFace) -> None:
        _review(face)
        _do(face.navigator, "confirm")
        face.navigator.painted()
        if verdict is not None:
            _do(face.navigator, "print_ended", PrintOutcome(verdict=verdict, fault=fault))

    return play


def _offline(play: Play) -> Play:
    def played(face: StandInFace) -> None:
        face.stand_in_line.state = LineState.OFFLINE
        face.stand_in_devices.statuses[DeviceClass.RECEIPT_PRINTER] = DeviceStatus(
            state=DeviceState.ONLINE, paper=SupplyState.OUT
        )
        play(face)

    return played


def _no_reader(play: Play) -> Play:
    def played(face: StandInFace) -> None:
        play(face)
        face.stand_in_devices.statuses[DeviceClass.ID_CARD_READER] = DeviceStatus(state=DeviceState.NO_DEVICE)
        face.stand_in_devices.statusChanged.emit()

    return played


def _on_battery(play: Play, detail: DeviceDetail = DeviceDetail.ON_BATTERY) -> Play:
    """The mains fail while the page is shown."""

    def played(face: StandInFace) -> None:
        play(face)
        status = DeviceStatus(state=DeviceState.ONLINE, detail=detail)
        face.stand_in_devices.statuses[DeviceClass.POWER_SUPPLY] = status
        face.stand_in_devices.statusChanged.emit()

    return played


def _with_slot(play: Play) -> Play:
    """A terminal that reads social-security cards too."""

    def played(face: StandInFace) -> None:
        face.stand_in_devices.statuses[DeviceClass.SOCIAL_CARD_READER] = WORKS
        play(face)

    return played


def _lookup(face: StandInFace) -> None:
    _home(face)
    _do(face.navigator, "open_block", Block.COLLECT)


def _half_number(face: StandInFace) -> None:
    _lookup(face)
    face.lookup.typeText("37050812")


def _asking(face: StandInFace) -> None:
    _lookup(face)
    _do(face.navigator, "look_up", receipt("x").number)


def _no_such_case(face: StandInFace) -> None:
    _asking(face)
    _do(face.navigator, "progress_failed", receipt("x").number, LineFault.REFUSED)


_MOST_SAID = 300
"""As long as the platform lets anybody speak."""
_SAID = {
    Language.CHINESE: "照片不清楚，请带身份证和户口簿到窗口补拍一张。",
    Language.ENGLISH: "The photograph is blurred: please bring your ID card and have another one taken. ",
}


def _progress(*states: PlatformState, said_times: int = 0) -> Play:
    """With the staff's words, so many times over."""

    def play(face: StandInFace) -> None:
        _asking(face)
        steps = tuple(
            ProgressStep(state=state, at=f"2026-11-{22 + day}T02:30:00Z") for day, state in enumerate(states)
        )
        progress = Progress(
            receipt_number=receipt("x").number,
            service_code="pension-certification",
            state=states[-1],
            history=steps,
            words=(_SAID[face.display.language] * said_times)[:_MOST_SAID],
        )
        _do(face.navigator, "progress_answered", progress)

    return play


def _over(page: str) -> Play:
    def play(face: StandInFace) -> None:
        _question(face)
        face.navigator.lay_over(page)

    return play


def _keeper(face: StandInFace) -> None:
    _home(face)
    face.stand_in_line.report = LineReport(
        state=LineState.ONLINE,
        last_success_s={"entries": 300.0, "inbox": 40.0, "heartbeat": 40.0},
        terminal_number="370508",
    )
    face.navigator.lay_over(KEEPER)


def _keeper_in_trouble(face: StandInFace) -> None:
    _home(face)
    face.stand_in_devices.statuses[DeviceClass.RECEIPT_PRINTER] = DeviceStatus(
        state=DeviceState.USER_ERROR, paper=SupplyState.OUT
    )
    face.stand_in_devices.statuses[DeviceClass.SHEET_PRINTER] = DeviceStatus(
        state=DeviceState.ONLINE, paper=SupplyState.LOW
    )
    face.stand_in_line.report = LineReport(
        state=LineState.OFFLINE,
        since_s=4 * 3600.0,
        pending=37,
        parked=2,
        oldest_unsent_s=3 * 86400.0,
        last_success_s={"entries": 3 * 86400.0, "inbox": 4 * 3600.0, "heartbeat": 4 * 3600.0},
        terminal_number="370508",
    )
    face.navigator.lay_over(KEEPER)


def _no_journal(face: StandInFace) -> None:
    face.stand_in_records.fault = JournalFault.DISK_FULL
    face.stand_in_records.failed.emit()


def _idle(face: StandInFace) -> None:
    _review(face)
    face.manual_clock.advance(195 if face.display.is_elder else 95)
    face.frame.look()


def _then(play: Play, method: str, *arguments: object) -> Play:
    """`play`, and then one more thing."""

    def played(face: StandInFace) -> None:
        play(face)
        _do(face.navigator, method, *arguments)

    return played


def _do(navigator: Navigator, method: str, *arguments: object) -> None:
    navigator.carry_out(getattr(navigator.session, method)(*arguments))


SCENES = (
    Scene("attract", lambda face: None),
    Scene("home", _home),
    Scene("home-on-battery", _on_battery(_home)),
    Scene("services", _then(_home, "open_block", Block.HANDLE)),
    Scene("service", _service),
    Scene("service-offline", _offline(_service)),
    Scene("service-blocked", _no_reader(_service)),
    Scene("service-on-battery", _on_battery(_service)),
    Scene("identify", _identify),
    Scene("identify-reading", _then(_identify, "card_found")),
    Scene(
        "identify-moved",
        _then(_identify, "card_not_read", CardFault.MOVED),
    ),
    Scene("identify-recovering", _no_reader(_identify)),
    Scene("identify-slot", _with_slot(_identify)),
    Scene("identify-slot-only", _with_slot(_no_reader(_identify))),
    Scene("identity", _identity),
    Scene("identity-social-card", _then(_with_slot(_identify), "card_read", BY_SOCIAL_CARD)),
    Scene("identity-code", _then(_identify, "card_read", BY_CODE)),
    Scene("question", _question),
    Scene("question-typed", _typed),
    Scene("question-fault", _faulty),
    Scene("question-choice", _other_question(0)),
    Scene("question-yes-no", _other_question(1)),
    Scene("question-text", _other_question(2)),
    Scene("question-signature", _other_question(3)),
    Scene("question-signed", _signed),
    Scene("review", _review),
    Scene("review-not-recorded", _not_recorded),
    Scene("review-handed-in-before", _handed_in_before),
    Scene("recording", _then(_review, "confirm")),
    Scene("result-printing", _result(None)),
    Scene("result-printed", _result(PrintVerdict.PRINTED)),
    Scene("result-paper-out", _result(PrintVerdict.FAILED, PrintFault.PAPER_OUT)),
    Scene("result-unconfirmed", _result(PrintVerdict.UNCONFIRMED, PrintFault.NO_ANSWER)),
    Scene("result-taken", _then(_result(PrintVerdict.PRINTED), "slip_taken")),
    Scene("result-declined", _then(_result(PrintVerdict.FAILED, PrintFault.PAPER_OUT), "decline_slip")),
    Scene("result-offline", _offline(_result(None))),
    Scene("lookup", _lookup),
    Scene("lookup-typed", _half_number),
    Scene("lookup-no-such-case", _no_such_case),
    Scene("asking", _asking),
    Scene("progress", _progress(PlatformState.RECEIVED, PlatformState.ACCEPTED)),
    Scene(
        "progress-returned", _progress(PlatformState.RECEIVED, PlatformState.ACCEPTED, PlatformState.RETURNED)
    ),
    Scene("progress-said", _progress(PlatformState.RECEIVED, PlatformState.RETURNED, said_times=1)),
    Scene(
        "progress-said-at-length", _progress(PlatformState.RECEIVED, PlatformState.RETURNED, said_times=12)
    ),
    Scene("help", _over(HELP)),
    Scene("display", _over(DISPLAY)),
    Scene("keeper", _keeper),
    Scene("keeper-in-trouble", _keeper_in_trouble),
    Scene("idle", _idle),
    Scene("review-battery-low", _on_battery(_review, DeviceDetail.BATTERY_LOW)),
    Scene("result-battery-low", _on_battery(_result(PrintVerdict.PRINTED), DeviceDetail.BATTERY_LOW)),
    Scene(
        "services-battery-low",
        _on_battery(_then(_home, "open_block", Block.HANDLE), DeviceDetail.BATTERY_LOW),
    ),
    Scene("out-of-service", _no_journal),
)
