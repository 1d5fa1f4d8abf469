"""The workbench's window, with real sockets behind which these tests play the simulators."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from kiosk.clock import SystemClock
from kiosk.ipc import IpcServer, Params
from sync.central.store import Store
from ui.remote.eye import Element, visible_elements
from ui.workbench.printer import code_on
from ui.workbench.window import WorkbenchWindow

SOCKETS = {
    "reader": "sim-id_card_reader.sock",
    "printer": "sim-receipt_printer.sock",
    "scanner": "sim-barcode_scanner.sock",
    "line": "line.sock",
}
SLIP = b"\x1b@slip\n\x1d(k\x1d\x001P0LINBAN:R1:3705081244160973\x1d(k\x03\x001Q0\x1dVB\x03"

_closed: list[WorkbenchWindow] = []
"""WORKAROUND(PySide 6.12): QML remembers the properties of a Python class by an address that is free again once an
object of it is gone; the next test's engine then finds `undefined` there. So closed windows are kept to the end."""


class PlayedSimulator:
    """A control socket that remembers what was asked of it and says what it is told to say."""

    def __init__(self, socket: Path, **state: Any) -> None:
        self.state = state
        self.asked: list[tuple[str, Params]] = []
        names = "place_card lift_card fault unplug plug take_paper set last_slip scan".split()
        methods = {name: self._method(name) for name in names} | {"state": lambda _: self.state}
        self.server = IpcServer(socket, methods, on_connect=lambda: [("state", self.state)])

    def tell(self, **changes: Any) -> None:
        self.state = self.state | changes
        self.server.notify("state", self.state)

    def _method(self, name: str) -> Any:
        def call(params: Params) -> Params:
            self.asked.append((name, params))
            if name == "place_card" and params["card"] == "bank":
                raise ValueError("no practice card 'bank'")
            if name == "set":
                self.state = self.state | {key: value for key, value in params.items() if key != "times"}
            if name == "last_slip":
                paper = QImage(200, 400, QImage.Format.Format_RGB32)
                paper.fill(QColor("#FCFBF7"))
                paper.save(params["png"])
                Path(params["bin"]).write_bytes(SLIP)
            return self.state

        return call


class Workbench:
    """The window and the world behind it."""

    def __init__(self, qtbot: QtBot, run_dir: Path) -> None:
        self.qtbot = qtbot
        self.run_dir = run_dir
        self.simulators = {
            "reader": PlayedSimulator(run_dir / SOCKETS["reader"], plugged=True, card=None),
            "printer": PlayedSimulator(
                run_dir / SOCKETS["printer"],
                plugged=True,
                paper="full",
                cover="closed",
                cutter="ok",
                slips=0,
                taken=True,
            ),
            "scanner": PlayedSimulator(run_dir / SOCKETS["scanner"], plugged=True, scans=0),
            "line": PlayedSimulator(run_dir / SOCKETS["line"], mode="up"),
        }
        self.bench = WorkbenchWindow(run_dir)
        qtbot.waitUntil(lambda: len([e for e in self.elements() if e.name.startswith("拔下")]) == 3)

    def elements(self) -> list[Element]:
        return visible_elements(self.bench.window)

    def press(self, name: str) -> None:
        """Click the one control of that name, where it is drawn."""
        found = [e for e in self.elements() if e.name == name and e.pressable]
        assert [e.enabled for e in found] == [True], (name, found)
        where = found[0].centre.toPoint()
        QTest.mouseClick(self.bench.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, where)

    def shows(self, *names: str) -> None:
        self.qtbot.waitUntil(lambda: set(names) <= {element.name for element in self.elements()})

    def was_asked(self, simulator: str, method: str, **params: Any) -> None:
        self.qtbot.waitUntil(lambda: (method, params) in self.simulators[simulator].asked)

    def close(self) -> None:
        self.bench.close()
        for simulator in self.simulators.values():
            simulator.server.close()


@pytest.fixture
def workbench(qtbot: QtBot, tmp_path: Path) -> Iterator[Workbench]:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    QAccessible.setActive(True)
    workbench = Workbench(qtbot, run_dir)
    yield workbench
    workbench.close()
    _closed.append(workbench.bench)


def test_a_card_is_laid_down_and_lifted(workbench: Workbench) -> None:
    workbench.press("生僻字")
    workbench.press("放上卡片")
    workbench.was_asked("reader", "place_card", card="测试𠮷㛃")
    workbench.simulators["reader"].tell(card="测试𠮷㛃")
    workbench.shows("拿起卡片", "读卡器上有一张卡：测试𠮷㛃")
    workbench.press("拿起卡片")
    workbench.was_asked("reader", "lift_card")


def test_another_card_is_chosen_while_one_lies_there(workbench: Workbench) -> None:
    workbench.simulators["reader"].tell(card="测试甲")
    workbench.shows("拿起卡片")
    workbench.press("已过期")
    workbench.was_asked("reader", "place_card", card="测试丁")


def test_a_card_is_snatched_while_it_is_read(workbench: Workbench) -> None:
    workbench.press("读到一半拿走")
    workbench.was_asked("reader", "fault", do="lift", at="byte 700")
    workbench.was_asked("reader", "place_card", card="测试甲")


def test_what_a_simulator_refuses_is_said_until_something_else_is_asked(workbench: Workbench) -> None:
    workbench.press("银行卡")
    workbench.press("放上卡片")
    workbench.shows("no practice card 'bank'")
    workbench.press("身份证")
    workbench.press("放上卡片")
    workbench.qtbot.waitUntil(lambda: "no practice card 'bank'" not in {e.name for e in workbench.elements()})


def test_a_slip_comes_out_is_torn_off_and_scanned(workbench: Workbench) -> None:
    workbench.simulators["printer"].tell(slips=1, taken=False)
    workbench.shows("打印口有一张凭条")
    workbench.press("撕下凭条")
    workbench.was_asked("printer", "take_paper")
    workbench.simulators["printer"].tell(taken=True)
    workbench.shows("打印口没有凭条")
    workbench.press("扫刚才的凭条")
    workbench.was_asked("scanner", "scan", text="LINBAN:R1:3705081244160973")
    assert len(list(workbench.run_dir.glob("workbench-slip-*"))) == 1
    workbench.bench.close()
    assert not list(workbench.run_dir.glob("workbench-slip-*"))


def test_a_slip_without_a_code_cannot_be_scanned() -> None:
    assert code_on(b"\x1b@no code\n") == ""
    assert code_on(SLIP) == "LINBAN:R1:3705081244160973"


def test_a_typed_code_is_scanned(workbench: Workbench) -> None:
    workbench.press("码的内容")
    field = workbench.bench.window.activeFocusItem()
    field.setProperty("text", " 3705081244160973 ")
    workbench.press("扫这个码")
    workbench.was_asked("scanner", "scan", text="3705081244160973")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("纸快用完", {"paper": "low"}),
        ("把纸取出", {"paper": "out"}),
        ("打开盖子", {"cover": "open"}),
        ("卡住切刀", {"cutter": "jam"}),
    ],
)
def test_the_printer_is_tampered_with(workbench: Workbench, name: str, change: Params) -> None:
    workbench.press(name)
    workbench.was_asked("printer", "set", **change)


@pytest.mark.parametrize(
    ("simulator", "title"), [("reader", "读卡器"), ("printer", "凭条打印机"), ("scanner", "扫码器")]
)
def test_a_plug_is_pulled_and_put_back(workbench: Workbench, simulator: str, title: str) -> None:
    workbench.press(f"拔下{title}")
    workbench.was_asked(simulator, "unplug")
    workbench.simulators[simulator].tell(plugged=False)
    workbench.shows(f"接上{title}", "已拔下")
    workbench.press(f"接上{title}")
    workbench.was_asked(simulator, "plug")


def test_the_line_is_cut_and_loses_answers(workbench: Workbench) -> None:
    workbench.press("断")
    workbench.was_asked("line", "set", mode="cut")
    workbench.shows("断开")
    workbench.press("丢三次回答")
    workbench.was_asked("line", "set", mode="lose_answer", times=3)
    workbench.shows("有毛病")
    workbench.simulators["line"].state = {"mode": "up"}  # the line heals by itself and tells nobody
    workbench.shows("通畅")


def test_a_simulator_that_dies_is_shown_and_found_again(workbench: Workbench) -> None:
    workbench.simulators["scanner"].server.close()
    workbench.shows("没有运行")
    workbench.simulators["scanner"] = PlayedSimulator(
        workbench.run_dir / SOCKETS["scanner"], plugged=True, scans=0
    )
    workbench.shows("拔下扫码器")


def test_every_control_has_a_name_and_no_two_the_same(workbench: Workbench) -> None:
    names = [e.name for e in workbench.elements() if e.pressable]
    assert all(names)
    assert len(names) == len(set(names))


def test_the_window_is_drawn(workbench: Workbench) -> None:
    picture = workbench.bench.window.grabWindow()
    assert picture.pixelColor(10, 10).name() == "#0b5c7a"
    assert picture.pixelColor(5, 400).name() == "#fbfaf6"


def test_the_english_words_are_complete() -> None:
    words = Path(__file__).parents[2] / "ui" / "i18n" / "workbench_en.ts"
    assert "unfinished" not in words.read_text(encoding="utf-8")


def test_the_platform_s_cases_are_counted(workbench: Workbench) -> None:
    workbench.shows("中心平台还没有回答")
    data_dir = workbench.run_dir.parent / "platform"
    data_dir.mkdir()
    Store(data_dir / "central.db", SystemClock()).close()
    workbench.shows("中心平台已存 0 件")


CLOSE_AT_ONCE = """
import sys
from PySide6.QtCore import QTimer
import ui.workbench.__main__ as command

class ClosingWindow(command.WorkbenchWindow):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        QTimer.singleShot(300, self.window, self.window.close)

command.WorkbenchWindow = ClosingWindow
sys.exit(command.main())
"""


def test_closing_the_window_ends_the_program_with_0(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CLOSE_AT_ONCE, "--run-dir", str(tmp_path), "--language", "en"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=Path(__file__).parents[2],
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_second_page_plays_the_other_devices(qtbot: QtBot, tmp_path: Path) -> None:
    asked: list[tuple[str, Params]] = []

    def remember(name: str) -> Any:
        def call(params: Params) -> Params:
            asked.append((name, params))
            return {}

        return call

    names = ("place_card", "cut_mains", "unplug", "plug", "fault")
    servers = []
    for device in ("social_card_reader", "power_supply"):
        state = {"plugged": True, "card": None, "status": "OL", "charge_percent": 100}
        methods = {name: remember(name) for name in names} | {"state": lambda _params, state=state: state}
        servers.append(IpcServer(tmp_path / f"sim-{device}.sock", methods, on_connect=list))
    shown = WorkbenchWindow(tmp_path)
    _closed.append(shown)
    try:
        shown.window.setProperty("beyond", True)
        by_title = {str(device.property("title")): device for device in shown.more.others}
        qtbot.waitUntil(lambda: all(by_title[t].player.link.is_open for t in ("备用电源", "社保卡读卡器")))
        qtbot.waitUntil(lambda: "100%" in str(by_title["备用电源"].property("telling")))
        assert not by_title["指纹仪"].player.link.is_open
        by_title["备用电源"].act(by_title["备用电源"].property("hands").index("停电"))
        by_title["社保卡读卡器"].act(0)
        qtbot.waitUntil(lambda: len(asked) == 2)
        assert ("cut_mains", {}) in asked
        assert ("place_card", {"card": "测试甲"}) in asked
    finally:
        shown.close()
        for server in servers:
            server.close()
