"""Somebody without a card before the real face: a code is shown, and the line answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs
from pytestqt.qtbot import QtBot

from kiosk.clock import SystemClock
from kiosk.code_settings import CodeSettings, IdentityForm
from kiosk.config import PACKAGE_ROOT, Language
from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.trust import Rung
from kiosk.flow.code_desk import CodeDesk
from kiosk.ports import ScanFault
from kiosk.sentences import sentence
from tests.ui.finger import read
from tests.ui.geometry import measure
from tests.ui.test_journey import Stand
from ui.gallery.exhibition import Exhibition
from ui.gallery.face import StandInFace
from ui.gallery.scenes import Scene

PENSION = "pension-certification"

CODE = "TESTZW:0123456789abcdef"
CODES = CodeSettings(identity=(IdentityForm(name="service-code", prefix="TESTZW:", max_length=64),))
KNOWN = {
    "ok": True,
    "answer": {
        "verdict": "known",
        "name": "测试甲",
        "number": "11010519491231002X",
        "sex": "2",
        "birth": "1949-12-31",
    },
}


class CodeStand(Stand):
    """A terminal with a service that takes codes."""

    def start(self) -> None:
        packs = self.settings.paths.state_dir.parent / "packs"
        packs.mkdir(exist_ok=True)
        for file in (PACKAGE_ROOT / "assets" / "packs").glob("*.yaml"):
            text = file.read_text(encoding="utf-8").replace("rung: document", "rung: code")
            (packs / file.name).write_text(text, encoding="utf-8")
        paths = structs.replace(self.settings.paths, packs_dir=packs)
        self.settings = structs.replace(self.settings, paths=paths, codes=CODES)
        super().start()

    def as_far_as_identify(self) -> None:
        self.on("attract")
        self.tap("开始")
        self.on("home")
        self.until(lambda: self.face.navigator.errands.line.up)
        self.tap("养老待遇资格认证")
        self.on("service")
        self.tap("开始办理")
        self.on("identify")
        self.until(lambda: (asked := self.hands.last("scanner.start")) and asked["session"] == self.session())

    def says(self, words: str) -> bool:
        return any(words in line for line in read(self.window))

    def show_code(self, text: str) -> None:
        self.hands.say("scanner.outcome", session=self.session(), scan={"text": text, "symbology": "qr"})


LOOKS = [
    ("portrait", "standard"),
    ("portrait", "elder"),
    ("landscape", "standard"),
    ("landscape", "elder"),
    ("tablet", "standard"),
]


@pytest.mark.qt_log_ignore("PopupList_QMLTYPE", "pipewire-0.3")
@pytest.mark.parametrize(("size", "mode"), LOOKS)
def test_the_page_with_a_code_has_room_for_its_words(
    exhibition: Callable[[str], Exhibition], size: str, mode: str
) -> None:
    shown = exhibition(size)
    packs = shown.face.navigator.session.catalogue.packs
    packs[PENSION] = structs.replace(packs[PENSION], rung=Rung.CODE)
    shown.face.navigator.errands.codes = CODES
    faults: list[str] = []
    for language in Language:
        for number, scene in enumerate((Scene("lay", _lay), Scene("asking", _asking), Scene("used", _used))):
            shown.face.navigator.session._codes = CodeDesk(CODES, SystemClock())
            shown.show(scene, mode, language)
            page = measure(shown)
            words = [str(item.property("text")) for item in page.texts]
            faults += [f"{language} {scene.name}: {fault}" for fault in page.clipped_texts()]
            faults += [f"{language} {scene.name}: {fault}" for fault in page.overlapping_texts()]
            faults += [f"{language} {scene.name}: {fault}" for fault in page.covered_targets()]
            if not any(_EXPECTED[language][number] in text for text in words):
                faults.append(f"{language} {scene.name}: not said")
    assert not faults, "\n".join(faults)


_EXPECTED = {
    Language.CHINESE: ("政务服务码", "正在向平台核对", "这个码用过了"),
    Language.ENGLISH: ("service code", "Asking the platform", "has been used"),
}


def _lay(face: StandInFace) -> None:
    face.navigator.start()
    face.navigator.carry_out(face.navigator.session.choose(PENSION))
    face.navigator.carry_out(face.navigator.session.begin())


def _asking(face: StandInFace) -> None:
    _lay(face)
    face.navigator.carry_out(face.navigator.session.scanned(CODE))


def _used(face: StandInFace) -> None:
    _asking(face)
    try_id = face.navigator.session.view.identity_try
    face.navigator.carry_out(face.navigator.session.identity_not_told(try_id, CodeRefusal.USED))


@pytest.fixture
def stand(qtbot: QtBot, tmp_path: Path) -> Iterator[CodeStand]:
    made = CodeStand(qtbot, tmp_path)
    yield made
    for face in list(made.faces):
        face.close()
    made.hands.go()
    made.line.server.close()


def test_a_code_leads_to_the_question_and_its_owner_is_masked(stand: CodeStand) -> None:
    stand.line.identity = KNOWN
    stand.as_far_as_identify()
    stand.until(lambda: stand.says("政务服务码"), "the page says that a code will do")
    stand.show_code(CODE)
    stand.on("identity")
    assert not stand.says("测试甲")
    stand.tap("是我")
    stand.on("question")
    (asked,) = stand.line.codes
    assert (asked["form"], asked["code"]) == ("service-code", CODE)
    stand.until(lambda: stand.hands.last("scanner.stop") is not None)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ({"ok": True, "answer": {"verdict": "expired"}}, CodeRefusal.EXPIRED),
        ({"ok": True, "answer": {"verdict": "used"}}, CodeRefusal.USED),
        ({"ok": True, "answer": {"verdict": "unknown"}}, CodeRefusal.UNKNOWN),
        ({"ok": True, "answer": {"verdict": "known", "name": "", "number": ""}}, CodeRefusal.NO_ANSWER),
        ({"ok": True, "answer": {"verdict": "perhaps"}}, CodeRefusal.NO_ANSWER),
        ({"ok": False, "fault": "timed_out"}, CodeRefusal.NO_ANSWER),
        ({"ok": False, "fault": "no_line"}, CodeRefusal.NO_LINE),
    ],
)
def test_a_code_that_tells_nothing_is_said_and_the_page_stays(
    stand: CodeStand, answer: dict[str, object], refusal: CodeRefusal
) -> None:
    stand.line.identity = answer
    stand.as_far_as_identify()
    stand.show_code(CODE)
    stand.until(lambda: stand.says(sentence(refusal, "zh_CN")), refusal.value)
    assert stand.face.navigator.property("page") == "identify"


def test_with_the_line_down_the_code_is_not_even_sent(stand: CodeStand) -> None:
    stand.as_far_as_identify()
    stand.line.say("line.status", state="offline", pending=0, parked=0)
    stand.until(lambda: not stand.face.navigator.errands.line.up)
    stand.until(lambda: not stand.says("政务服务码"), "codes are not offered any more")
    stand.show_code(CODE)
    stand.until(lambda: stand.says(sentence(CodeRefusal.NO_LINE, "zh_CN")))
    assert stand.line.codes == []


def test_a_code_that_cannot_be_read_is_said(stand: CodeStand) -> None:
    stand.as_far_as_identify()
    stand.hands.say("scanner.outcome", session=stand.session(), scan={"fault": "undecodable"}, at_s=1.0)
    stand.until(lambda: stand.says(sentence(CodeRefusal.UNREADABLE, "zh_CN")))


@pytest.mark.fault(99)
def test_a_code_of_long_ago_is_not_sent(stand: CodeStand) -> None:
    stand.as_far_as_identify()
    scan = {"text": CODE, "symbology": "qr"}
    stand.hands.say(
        "scanner.outcome", session=stand.session(), scan=scan, at_s=SystemClock().monotonic() - 61
    )
    stand.until(lambda: stand.says(sentence(CodeRefusal.EXPIRED, "zh_CN")))
    assert stand.line.codes == []


def test_an_unreadable_code_on_the_look_up_page(stand: CodeStand) -> None:
    stand.on("attract")
    stand.tap("开始")
    stand.on("home")
    stand.until(lambda: (asked := stand.hands.last("scanner.start")) and asked["session"] == stand.session())
    stand.hands.say("scanner.outcome", session=stand.session(), scan={"fault": "undecodable"})
    stand.until(lambda: stand.says(sentence(ScanFault.UNDECODABLE, "zh_CN")))


@pytest.mark.fault(98)
def test_a_pay_code_is_refused_kindly(stand: CodeStand) -> None:
    stand.as_far_as_identify()
    stand.show_code("134567890123456789")
    stand.until(lambda: stand.says("这是付款码"))
    assert stand.line.codes == []
