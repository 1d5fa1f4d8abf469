"""`python -m ui.gallery --out DIR`: every page in every mode, language and size, as pictures to be looked at.

Nothing is behind these pages: the devices, the line and the journal are stand-ins that say what a scene needs.
Whoever is shown is invented.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QImage

from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.catalogue.pack import (
    Block,
    Choice,
    Facts,
    Field,
    FieldType,
    LocalText,
    OfflineAbility,
    Pack,
    ServiceKind,
)
from kiosk.clock import ManualClock
from kiosk.config import Language, ScreenSettings, Settings, TerminalSettings
from kiosk.documents.page import Page
from kiosk.domain.case import Case, PlatformState
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.receipt import Receipt, receipt_number
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.domain.trust import Rung
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.availability import LineState
from kiosk.flow.idle import IdleTimer
from kiosk.flow.journey import Progress, ProgressStep
from kiosk.ports import CardFault
from ui.display import Palette
from ui.navigator import DISPLAY, HELP, Navigator
from ui.pages.every import every_page
from ui.pages.frame import FrameModel
from ui.window import Face, make_application, prepare_environment

RESIDENT = IdentityDocument(
    kind=DocumentKind.RESIDENT_ID_CARD,
    name="测试甲",
    number="11010519491231002X",
    sex=Sex.FEMALE,
    birth=date(1949, 12, 31),
    valid_from=date(2015, 1, 1),
    valid_until=None,
)
ENTRY = UUID("01912345-6789-7abc-8def-0123456789ab")
WORKS = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.FULL)


class StandInDevices(QObject):
    """Devices that are asked for nothing and say what the scene wants."""

    statusChanged = Signal()
    cardFound = Signal()
    cardRead = Signal(object)
    cardNotRead = Signal(object)
    codeScanned = Signal(str)
    codeRefused = Signal()
    printEnded = Signal(str, object)
    reachable = True

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.statuses = dict.fromkeys(DeviceClass, WORKS)

    def start_reading(self, session: str) -> None:
        """Nothing is read."""

    def stop_reading(self) -> None:
        """Nothing was."""

    def start_scanning(self, session: str) -> None:
        """Nothing is scanned."""

    def stop_scanning(self) -> None:
        """Nothing was."""

    def print_slip(self, job: str, page: Page) -> None:
        """Nothing is printed."""

    def forget_print(self) -> None:
        """Nothing was."""


class StandInLine(QObject):
    """A line that is as the scene wants."""

    lineChanged = Signal()
    caseDelivered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = LineState.ONLINE

    @property
    def up(self) -> bool:
        """As the scene wants."""
        return self.state is LineState.ONLINE

    def wake(self) -> None:
        """Nothing is sent."""

    def ask_progress(self, *_: object) -> None:
        """Nobody answers."""


class StandInRecords(QObject):
    """A journal of one invented entry."""

    opened = Signal()
    failed = Signal()
    ready = True
    enrolled = True

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fault: JournalFault | None = None
        self.refusal: JournalFault | None = None

    def record(self, case: Case) -> Receipt | JournalFault:
        """The invented receipt, or what the scene wants."""
        return self.refusal or receipt(case.service_code)

    def start_print(self, receipt: Receipt, attempt: int) -> str:
        """A job's name."""
        return f"{receipt.entry_id.hex}-{attempt}"

    def end_print(self, receipt: Receipt, outcome: PrintOutcome) -> None:
        """Not noted."""

    def slip_taken(self, receipt: Receipt) -> None:
        """Not noted."""

    def last_unprinted(self) -> Receipt | None:
        """There is none."""
        return None


def receipt(service_code: str) -> Receipt:
    """The invented receipt."""
    return Receipt(
        number=receipt_number("370508", ENTRY),
        entry_id=ENTRY,
        sequence=1,
        received_at=datetime(2026, 11, 22, 2, 24, tzinfo=UTC),
        service_code=service_code,
    )


class StandInFace(Face):
    """A face in front of stand-ins."""

    def _load_the_rest(self) -> Iterator[None]:
        self.stand_in_devices = StandInDevices(self)
        self.stand_in_line = StandInLine(self)
        self.stand_in_records = StandInRecords(self)
        self.idle_timer = IdleTimer(self._clock, 90, 30)
        self.frame = FrameModel(self.navigator, self._clock, self)
        self.models = every_page(self.navigator, self)
        self.navigator.take_up(
            sample_catalogue(self.settings.paths.packs_dir),
            self.stand_in_devices,  # type: ignore[arg-type]
            self.stand_in_line,  # type: ignore[arg-type]
            self.stand_in_records,  # type: ignore[arg-type]
            self.idle_timer,
            self.frame,
            self.models,
        )
        yield


def _words(chinese: str, english: str) -> LocalText:
    return LocalText(zh_CN=chinese, en=english)


def sample_catalogue(packs_dir: Path) -> Catalogue:
    """The terminal's own packs, and invented ones that use every kind of question."""
    packs = dict(load_catalogue(packs_dir).packs)
    samples = [
        (
            "old-age-allowance",
            "高龄津贴申请",
            "Old-age allowance",
            "wallet",
            "带身份证、银行卡 · 约 6 分钟",
            "Bring your ID card and bank card · 6 minutes",
        ),
        (
            "remote-treatment",
            "异地就医备案",
            "Treatment in another city",
            "stethoscope",
            "带身份证 · 约 4 分钟",
            "Bring your ID card · 4 minutes",
        ),
        (
            "insured-certificate",
            "参保证明打印",
            "Proof of insurance",
            "file-text",
            "带身份证 · 约 2 分钟",
            "Bring your ID card · 2 minutes",
        ),
        (
            "residence-permit",
            "居住登记",
            "Register your residence",
            "house",
            "带身份证 · 约 5 分钟",
            "Bring your ID card · 5 minutes",
        ),
        (
            "family-doctor",
            "家庭医生签约",
            "Choose a family doctor",
            "users",
            "带身份证 · 约 3 分钟",
            "Bring your ID card · 3 minutes",
        ),
    ]
    facts = packs["pension-certification"].facts if "pension-certification" in packs else _facts()
    for code, chinese, english, icon, note, note_en in samples:
        packs[code] = Pack(
            code=code,
            version="1.0.0",
            kind=ServiceKind.CASE,
            block=Block.HANDLE,
            icon=icon,
            name=_words(chinese, english),
            plain_name=_words(chinese, english),
            summary=_words(note, note_en),
            facts=facts,
            rung=Rung.DOCUMENT,
            offline=OfflineAbility.RECEIVE,
            frequent=code != "family-doctor",
            fields=_questions(),
            next_steps=(_words("3 个工作日内给结果", "You will have an answer within 3 working days"),),
        )
    return Catalogue(packs)


def _facts() -> Facts:
    words = _words("示例", "Sample")
    return Facts(who=words, bring=words, how_long=words, cost=words, collect=words)


def _questions() -> tuple[Field, ...]:
    banks = (
        ("bank_a", "农商银行", "Rural Commercial Bank"),
        ("bank_b", "邮储银行", "Postal Savings Bank"),
        ("bank_c", "其他银行", "Another bank"),
    )
    return (
        Field(
            key="bank",
            type=FieldType.CHOICE,
            prompt=_words("钱打到哪家银行？", "Which bank shall we pay to?"),
            label=_words("开户银行", "Bank"),
            purpose=_words("津贴每月打到这张卡上", "The allowance is paid there every month"),
            choices=tuple(Choice(value=v, label=_words(zh, en)) for v, zh, en in banks),
        ),
        Field(
            key="alone",
            type=FieldType.YES_NO,
            prompt=_words("您是一个人住吗？", "Do you live alone?"),
            label=_words("独居", "Living alone"),
            purpose=_words("独居的，社区会常来看看", "If so, somebody will look in on you"),
        ),
        Field(
            key="address",
            type=FieldType.TEXT,
            prompt=_words("您现在住在哪里？", "Where do you live?"),
            label=_words("住址", "Address"),
            purpose=_words("用来寄送证件", "Papers are sent there"),
        ),
    )


# Scenes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scene:
    """One page in one state: what happened before it."""

    name: str
    play: Callable[[StandInFace], None]


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


def _other_question(number: int) -> Callable[[StandInFace], None]:
    def play(face: StandInFace) -> None:
        _home(face)
        _do(face.navigator, "choose", "old-age-allowance")
        _do(face.navigator, "begin")
        _do(face.navigator, "card_read", RESIDENT)
        _do(face.navigator, "confirm_identity")
        for answer in ("bank_a", "yes")[:number]:
            _do(face.navigator, "answer", answer)

    return play


def _typed(face: StandInFace) -> None:
    _question(face)
    face.models["question"].typeText("13800138000")  # type: ignore[attr-defined]


def _faulty(face: StandInFace) -> None:
    _question(face)
    face.models["question"].typeText("1380013")  # type: ignore[attr-defined]
    face.models["question"].goOn()  # type: ignore[attr-defined]


def _review(face: StandInFace) -> None:
    _question(face)
    _do(face.navigator, "answer", "13800138000")


def _not_recorded(face: StandInFace) -> None:
    face.stand_in_records.refusal = JournalFault.DISK_FULL
    _review(face)
    _do(face.navigator, "confirm")
    face.navigator.painted()


def _result(
    verdict: PrintVerdict | None, fault: PrintFault = PrintFault.NONE
) -> Callable[[StandInFace], None]:
    def play(face: StandInFace) -> None:
        _review(face)
        _do(face.navigator, "confirm")
        face.navigator.painted()
        if verdict is not None:
            _do(face.navigator, "print_ended", PrintOutcome(verdict=verdict, fault=fault))

    return play


def _offline(play: Callable[[StandInFace], None]) -> Callable[[StandInFace], None]:
    def played(face: StandInFace) -> None:
        face.stand_in_line.state = LineState.OFFLINE
        face.stand_in_devices.statuses[DeviceClass.RECEIPT_PRINTER] = DeviceStatus(
            state=DeviceState.ONLINE, paper=SupplyState.OUT
        )
        play(face)

    return played


def _no_reader(play: Callable[[StandInFace], None]) -> Callable[[StandInFace], None]:
    def played(face: StandInFace) -> None:
        play(face)
        face.stand_in_devices.statuses[DeviceClass.ID_CARD_READER] = DeviceStatus(state=DeviceState.NO_DEVICE)
        face.stand_in_devices.statusChanged.emit()

    return played


def _lookup(face: StandInFace) -> None:
    _home(face)
    _do(face.navigator, "open_block", Block.COLLECT)


def _half_number(face: StandInFace) -> None:
    _lookup(face)
    face.models["lookup"].typeText("37050812")  # type: ignore[attr-defined]


def _asking(face: StandInFace) -> None:
    _lookup(face)
    _do(face.navigator, "look_up", receipt("x").number)


def _no_such_case(face: StandInFace) -> None:
    _asking(face)
    _do(face.navigator, "progress_failed", receipt("x").number, LineFault.REFUSED)


def _progress(*states: PlatformState) -> Callable[[StandInFace], None]:
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
        )
        _do(face.navigator, "progress_answered", progress)

    return play


def _over(page: str) -> Callable[[StandInFace], None]:
    def play(face: StandInFace) -> None:
        _question(face)
        face.navigator.lay_over(page)

    return play


def _no_journal(face: StandInFace) -> None:
    face.stand_in_records.fault = JournalFault.DISK_FULL
    face.stand_in_records.failed.emit()


def _idle(face: StandInFace) -> None:
    _review(face)
    assert isinstance(face.gallery_clock, ManualClock)
    face.gallery_clock.advance(195 if face.display.is_elder else 95)
    face.frame.look()


def _do(navigator: Navigator, method: str, *arguments: object) -> None:
    navigator.carry_out(getattr(navigator.session, method)(*arguments))


SCENES = (
    Scene("attract", lambda face: None),
    Scene("home", _home),
    Scene("services", lambda face: (_home(face), _do(face.navigator, "open_block", Block.HANDLE))[0]),
    Scene("service", _service),
    Scene("service-offline", _offline(_service)),
    Scene("service-blocked", _no_reader(_service)),
    Scene("identify", _identify),
    Scene("identify-reading", lambda face: (_identify(face), _do(face.navigator, "card_found"))[0]),
    Scene(
        "identify-moved",
        lambda face: (_identify(face), _do(face.navigator, "card_not_read", CardFault.MOVED))[0],
    ),
    Scene("identify-recovering", _no_reader(_identify)),
    Scene("identity", _identity),
    Scene("question", _question),
    Scene("question-typed", _typed),
    Scene("question-fault", _faulty),
    Scene("question-choice", _other_question(0)),
    Scene("question-yes-no", _other_question(1)),
    Scene("question-text", _other_question(2)),
    Scene("review", _review),
    Scene("review-not-recorded", _not_recorded),
    Scene("recording", lambda face: (_review(face), _do(face.navigator, "confirm"))[0]),
    Scene("result-printing", _result(None)),
    Scene("result-printed", _result(PrintVerdict.PRINTED)),
    Scene("result-paper-out", _result(PrintVerdict.FAILED, PrintFault.PAPER_OUT)),
    Scene("result-unconfirmed", _result(PrintVerdict.UNCONFIRMED, PrintFault.NO_ANSWER)),
    Scene("result-offline", _offline(_result(None))),
    Scene("lookup", _lookup),
    Scene("lookup-typed", _half_number),
    Scene("lookup-no-such-case", _no_such_case),
    Scene("asking", _asking),
    Scene("progress", _progress(PlatformState.RECEIVED, PlatformState.ACCEPTED)),
    Scene(
        "progress-returned", _progress(PlatformState.RECEIVED, PlatformState.ACCEPTED, PlatformState.RETURNED)
    ),
    Scene("help", _over(HELP)),
    Scene("display", _over(DISPLAY)),
    Scene("idle", _idle),
    Scene("out-of-service", _no_journal),
)

SIZES = {"portrait": (1080, 1920, 4.03), "landscape": (1920, 1080, 4.03), "tablet": (1280, 800, 5.88)}
MODES = {
    "standard": (False, Palette.STANDARD),
    "elder": (True, Palette.STANDARD),
    "dark": (False, Palette.DARK),
    "light": (False, Palette.LIGHT),
    "low": (False, Palette.LOW),
}


class Gallery:
    """One face of one size, playing scenes."""

    def __init__(self, size: str) -> None:
        width, height, px_per_mm = SIZES[size]
        settings = Settings(
            terminal=TerminalSettings(site_name="青石村便民服务站"),
            screen=ScreenSettings(width_px=width, height_px=height, px_per_mm=px_per_mm, fullscreen=False),
        )
        self.clock = ManualClock()
        self.face = StandInFace(settings, self.clock)
        self.face.gallery_clock = self.clock  # type: ignore[attr-defined]
        self.face.display.hold_still()
        self.face.show()
        while not hasattr(self.face, "models"):
            settle()
        settle()

    def show(self, scene: Scene, mode: str, language: Language) -> None:
        """Play `scene` from the attract page on."""
        face = self.face
        face.stand_in_records.fault = face.stand_in_records.refusal = None
        face.stand_in_line.state = LineState.ONLINE
        face.stand_in_devices.statuses = dict.fromkeys(DeviceClass, WORKS)
        face.navigator.carry_out(face.navigator.session.return_to_service())
        # What is being recorded is not left alone: first it must have been recorded.
        face.navigator.painted()
        face.navigator.finish()
        face.idle_timer.touch()
        elder, palette = MODES[mode]
        face.display.set_elder(elder)
        face.display.set_palette(palette)
        face.display.set_language(language)
        face.frame.look()
        scene.play(face)
        settle()

    def picture(self) -> QImage:
        """What the screen shows."""
        image: QImage = self.face.window.grabWindow()
        return image

    def close(self) -> None:
        """Put it away."""
        self.face.close()


def settle() -> None:
    """Let Qt lay out and clean up, without letting time pass."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, 0)
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def main(arguments: list[str]) -> int:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(prog="ui.gallery", description="Every page as a picture.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--lang", action="append", choices=[language.value for language in Language])
    parser.add_argument("--scene", action="append", help="only scenes whose names begin so")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    prepare_environment()
    application = make_application()
    for size in options.size or SIZES:
        gallery = Gallery(size)
        for mode in options.mode or MODES:
            for language in options.lang or [language.value for language in Language]:
                folder = options.out / size / f"{mode}-{language}"
                folder.mkdir(parents=True, exist_ok=True)
                for scene in SCENES:
                    if options.scene and not scene.name.startswith(tuple(options.scene)):
                        continue
                    gallery.show(scene, mode, Language(language))
                    gallery.picture().save(str(folder / f"{scene.name}.png"))
        gallery.close()
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
