"""One resident before the real face: real sockets, a real journal, the pages pressed by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from kiosk.config import Settings
from kiosk.domain.case import PlatformState
from kiosk.domain.receipt import is_receipt_number
from kiosk.journal.inbox import InboxMessage
from tests.ui.finger import offered, read, tap
from tests.ui.peers import Hands, LineEnd, enrol, open_journal, settings_in
from ui.window import Face

PATIENCE_MS = 5000


class Stand:
    """A terminal with its face, its hands and its line."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.settings: Settings = settings_in(folder)
        enrol(self.settings)
        self.hands = Hands(self.settings.devices_socket)
        self.line = LineEnd(self.settings.sync_socket)
        self.faces: list[Face] = []
        self.start()

    def start(self) -> None:
        self.face = Face(self.settings)
        self.faces.append(self.face)
        self.face.display.hold_still()
        self.face.show()

    def stop(self) -> None:
        """As a kill would, as far as the journal knows."""
        self.face.close()
        self.faces.remove(self.face)

    @property
    def window(self) -> Any:
        return self.face.window

    def on(self, page: str) -> None:
        """Wait until `page` is shown."""
        self.until(lambda: self.face.navigator.property("page") == page, f"page {page}")
        self.qtbot.wait(1)

    def until(self, fact: Callable[[], object], what: str = "") -> None:
        self.qtbot.waitUntil(lambda: bool(fact()), timeout=PATIENCE_MS)

    def tap(self, name: str) -> None:
        """Press a thing as soon as it can be pressed."""
        self.until(lambda: (e := offered(self.window).get(name)) is not None and e.enabled, name)
        self.qtbot.wait(30)  # what has just appeared is laid out with the next frame
        tap(self.window, name)

    def session(self) -> str:
        return self.face.navigator.session.id

    def as_far_as_review(self) -> None:
        self.on("attract")
        self.tap("开始")
        self.on("home")
        self.until(lambda: self.face.navigator.errands.line.up)
        self.tap("养老待遇资格认证")
        self.on("service")
        self.tap("开始办理")
        self.on("identify")
        self.until(lambda: (asked := self.hands.last("id_card.start")) and asked["session"] == self.session())
        self.hands.read_card(self.session())
        self.on("identity")
        self.tap("是我")
        self.on("question")
        for digit in "13800138000":
            tap(self.window, digit)
        self.tap("下一步")
        self.on("review")

    def as_far_as_result(self) -> str:
        self.as_far_as_review()
        self.tap("确认提交")
        self.on("result")
        return next(n for text in read(self.window) if is_receipt_number(n := text.replace(" ", "")))

    def entries(self) -> int:
        with open_journal(self.settings) as journal:
            return journal.entries.count()


@pytest.fixture
def stand(qtbot: QtBot, tmp_path: Path, english: None) -> Iterator[Stand]:
    stand = Stand(qtbot, tmp_path)
    yield stand
    for face in stand.faces:
        face.close()
    stand.hands.go()
    stand.line.server.close()


def test_a_case_from_card_to_slip(stand: Stand) -> None:
    number = stand.as_far_as_result()
    stand.until(lambda: stand.hands.count("slip_printer.print") == 1)
    assert stand.entries() == 1
    assert stand.line.woken == 1
    asked = stand.hands.last("slip_printer.print")
    assert asked is not None
    assert number in str(asked["page"])
    stand.hands.say("slip_printer.outcome", job=asked["job"], outcome={"verdict": "printed", "fault": "none"})
    stand.until(lambda: "凭条打好了，请拿走" in read(stand.window))
    entry = stand.face.navigator.session.view.receipt
    assert entry is not None
    stand.line.say("case.delivered", entry_id=str(entry.entry_id), receipt_number=number)
    stand.until(lambda: "平台已收到" in read(stand.window))
    stand.tap("办好了")
    stand.on("attract")


def test_nothing_is_received_before_the_resident_confirms(stand: Stand) -> None:
    stand.as_far_as_review()
    assert stand.entries() == 0
    assert stand.hands.count("slip_printer.print") == 0


@pytest.mark.fault(107)
def test_submit_tapped_twice_is_one_case(stand: Stand) -> None:
    stand.as_far_as_review()
    stand.until(lambda: offered(stand.window)["确认提交"].enabled)
    tap(stand.window, "确认提交")
    if "确认提交" in offered(stand.window):
        tap(stand.window, "确认提交")
    stand.on("result")
    stand.qtbot.wait(100)
    assert stand.entries() == 1
    assert stand.hands.count("slip_printer.print") == 1


def test_submit_is_deaf_to_the_second_half_of_a_double_tap(stand: Stand) -> None:
    stand.as_far_as_review()
    assert not offered(stand.window)["确认提交"].enabled


@pytest.mark.fault(103)
def test_the_session_leaves_nothing_behind(stand: Stand) -> None:
    stand.as_far_as_result()
    first = stand.session()
    stand.tap("办好了")
    stand.on("attract")
    models = stand.face.navigator._models
    assert models["question"].property("shown") == ""
    assert models["question"].property("answer") == ""
    assert models["identity"].property("number") == ""
    assert models["result"].property("number") == ""
    assert stand.session() != first
    assert stand.face.navigator.session.view.resident is None
    assert stand.face.navigator.errands.records._prepared is None


@pytest.mark.fault(93, 105)
def test_a_card_of_an_earlier_session_is_nobodys(stand: Stand) -> None:
    stand.as_far_as_result()
    earlier = stand.session()
    stand.tap("办好了")
    stand.on("attract")
    stand.tap("开始")
    stand.on("home")
    stand.tap("养老待遇资格认证")
    stand.on("service")
    stand.tap("开始办理")
    stand.on("identify")
    stand.hands.read_card(earlier)
    stand.qtbot.wait(100)
    assert stand.face.navigator.property("page") == "identify"


def test_reader_gone_while_the_card_is_read_says_so_and_goes_on(stand: Stand) -> None:
    stand.on("attract")
    stand.tap("开始")
    stand.on("home")
    stand.tap("养老待遇资格认证")
    stand.on("service")
    stand.tap("开始办理")
    stand.on("identify")
    stand.hands.go()
    stand.until(lambda: "读卡器正在恢复" in read(stand.window))
    before = stand.hands.count("id_card.start")
    stand.hands.come()
    stand.until(lambda: stand.hands.count("id_card.start") == before + 1)
    stand.until(lambda: "请把身份证放在感应区" in read(stand.window))
    stand.hands.read_card(stand.session())
    stand.on("identity")


@pytest.mark.fault(84)
def test_printer_process_gone_mid_print_is_asked_for_the_same_job(stand: Stand) -> None:
    stand.as_far_as_result()
    stand.until(lambda: stand.hands.count("slip_printer.print") == 1)
    first = stand.hands.last("slip_printer.print")
    stand.hands.go()
    stand.qtbot.wait(50)
    stand.hands.come()
    stand.until(lambda: stand.hands.count("slip_printer.print") == 2)
    again = stand.hands.last("slip_printer.print")
    assert first is not None
    assert again is not None
    assert again["job"] == first["job"]


def test_paper_out_leaves_the_case_safe_and_the_number_shown(stand: Stand) -> None:
    number = stand.as_far_as_result()
    stand.until(lambda: stand.hands.count("slip_printer.print") == 1)
    asked = stand.hands.last("slip_printer.print")
    assert asked is not None
    outcome = {"verdict": "failed", "fault": "paper_out"}
    stand.hands.say("slip_printer.outcome", job=asked["job"], outcome=outcome)
    stand.until(lambda: any("没纸了" in text for text in read(stand.window)))
    assert any(text.replace(" ", "") == number for text in read(stand.window))
    stand.tap("再打一次")
    stand.until(lambda: stand.hands.count("slip_printer.print") == 2)
    again = stand.hands.last("slip_printer.print")
    assert again is not None
    assert again["job"] != asked["job"]


def test_restart_at_a_result_shows_the_number_again(stand: Stand) -> None:
    number = stand.as_far_as_result()
    stand.stop()
    stand.start()
    stand.on("result")
    assert any(text.replace(" ", "") == number for text in read(stand.window))
    assert not any("测" in text for text in read(stand.window))
    assert "没有，再打一次" in offered(stand.window)


def test_restart_after_the_resident_left_shows_the_attract_page(stand: Stand) -> None:
    stand.as_far_as_result()
    stand.tap("办好了")
    stand.on("attract")
    stand.stop()
    stand.start()
    stand.until(lambda: stand.face.navigator._session is not None)
    stand.qtbot.wait(50)
    assert stand.face.navigator.property("page") == "attract"


def test_touch_before_everything_is_loaded_is_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    face = Face(settings)
    face.show()
    try:
        face.navigator.start()
        assert face.navigator.property("waiting")
        qtbot.waitUntil(lambda: face.navigator.property("page") == "home", timeout=PATIENCE_MS)
        assert not face.navigator.property("waiting")
    finally:
        face.close()


@pytest.mark.fault(9, 15)
def test_no_journal_is_said_with_a_code_and_ends_by_itself(qtbot: QtBot, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.db").write_bytes(b"")
    face = Face(settings)
    face.show()
    try:
        qtbot.waitUntil(lambda: face.navigator.property("page") == "out_of_service", timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: any("J01" in text for text in read(face.window)), timeout=PATIENCE_MS)
        (tmp_path / "state" / "journal.db").unlink()
        qtbot.waitUntil(lambda: face.navigator.property("page") == "attract", timeout=PATIENCE_MS)
    finally:
        face.close()


def test_progress_by_typed_number(stand: Stand) -> None:
    number = stand.as_far_as_result()
    stand.tap("办好了")
    stand.on("attract")
    stand.line.answer = {
        "ok": True,
        "answer": {
            "receipt_number": number,
            "service_code": "pension-certification",
            "state": "accepted",
            "history": [{"state": "received", "at": "2026-11-22T02:00:00Z"}],
        },
    }
    stand.tap("开始")
    stand.on("home")
    stand.tap("打印取件")
    stand.on("lookup")
    for digit in number:
        tap(stand.window, digit)
    stand.tap("查询")
    stand.on("progress")
    stand.until(lambda: "已受理：正在审批" in read(stand.window))


def test_progress_shows_what_the_staff_said(stand: Stand) -> None:
    number = stand.as_far_as_result()
    stand.tap("办好了")
    stand.on("attract")
    with open_journal(stand.settings) as journal:
        told = InboxMessage(
            message_id="t/1",
            receipt_number=number,
            said_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
            platform_state=PlatformState.RETURNED,
            words="照片不清楚，\n请到窗口补拍。",
        )
        journal.inbox.store([told], "1")
    stand.line.answer = {
        "ok": True,
        "answer": {"receipt_number": number, "service_code": "pension-certification", "state": "returned"},
    }
    stand.tap("开始")
    stand.on("home")
    stand.tap("打印取件")
    stand.on("lookup")
    for digit in number:
        tap(stand.window, digit)
    stand.tap("查询")
    stand.on("progress")
    stand.until(lambda: "照片不清楚， 请到窗口补拍。" in read(stand.window))


def test_progress_without_the_line_keeps_the_number(stand: Stand) -> None:
    number = stand.as_far_as_result()
    stand.tap("办好了")
    stand.on("attract")
    stand.hands.say("scanner.outcome", session=stand.session(), scan={"text": "LINBAN:R1:" + number})
    stand.on("lookup")
    texts = read(stand.window)
    assert any("线路断了" in text for text in texts)
    assert any(number[:4] in text for text in texts)
