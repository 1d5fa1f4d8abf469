"""The site keeper's page: who finds it, what it says, and that it is nobody's way into a session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from kiosk.config import Language
from kiosk.errors import JournalFault
from tests.ui.finger import read, tap
from ui.gallery.exhibition import Exhibition, settle
from ui.gallery.scenes import SCENES

SCENE = {scene.name: scene for scene in SCENES}
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
HELD_MS = 3300
Open = Callable[[str], Exhibition]


def hold(shown: Exhibition, at: QPoint) -> None:
    QTest.mousePress(shown.face.window, LEFT, NO_KEY, at)
    QTest.qWait(HELD_MS)
    QTest.mouseRelease(shown.face.window, LEFT, NO_KEY, at)
    settle()


def page(shown: Exhibition) -> str:
    return str(shown.face.navigator.property("page"))


@pytest.mark.parametrize(("scene", "at"), [("home", QPoint(300, 60)), ("attract", QPoint(300, 1120))])
def test_the_name_held_for_three_seconds_opens_it_and_one_button_goes_back(
    exhibition: Open, scene: str, at: QPoint
) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE[scene], "standard", Language.CHINESE)
    hold(shown, at)
    assert page(shown) == "keeper"
    tap(shown.face.window, "看完了")
    settle()
    assert page(shown) == scene


def test_it_does_not_open_while_somebody_is_served(exhibition: Open) -> None:
    shown = exhibition("portrait")
    for scene in ("question", "review", "identity"):
        shown.show(SCENE[scene], "standard", Language.CHINESE)
        shown.face.navigator.show_keeper()
        settle()
        assert page(shown) == scene.split("-")[0]


def test_it_opens_where_the_terminal_is_out_of_service_and_says_why(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["out-of-service"], "standard", Language.CHINESE)
    assert shown.face.stand_in_records.fault is JournalFault.DISK_FULL
    hold(shown, QPoint(300, 60))
    assert page(shown) == "keeper"
    assert any("本机存不了件" in words for words in read(shown.face.window))


def test_trouble_is_said_in_words_the_most_urgent_first(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["keeper-in-trouble"], "standard", Language.CHINESE)
    words = read(shown.face.window)
    assert words.index("打印机 没纸了") < words.index("网断了。请看看网线，件都存着，通了自动送")
    assert "37 件" in words
    assert "3 天前" in words


def test_left_alone_it_closes_by_itself(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["attract"], "standard", Language.CHINESE)
    shown.face.navigator.show_keeper()
    shown.face.manual_clock.advance(125)
    shown.face.frame.look()
    settle()
    assert page(shown) == "attract"
