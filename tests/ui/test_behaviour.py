"""How the face behaves under a finger, a keyboard, and silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtQml import QQmlComponent
from PySide6.QtTest import QTest

from kiosk.config import Language
from kiosk.flow.idle import IdleState
from tests.ui.finger import centre, key, offered, read, tap
from ui.gallery.exhibition import MODES, Exhibition, settle
from ui.gallery.scenes import SCENES

SCENE = {scene.name: scene for scene in SCENES}
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
Open = Callable[[str], Exhibition]


def test_slide_off_cancels(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["service"], "standard", Language.CHINESE)
    window = shown.face.window
    at = centre(window, "开始办理")
    QTest.mousePress(window, LEFT, NO_KEY, at)
    QTest.mouseMove(window, at - QPoint(0, 600))
    QTest.mouseRelease(window, LEFT, NO_KEY, at - QPoint(0, 600))
    assert shown.face.navigator.property("page") == "service"


@pytest.mark.fault(106)
def test_a_finger_that_rests_counts_once(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question"], "standard", Language.CHINESE)
    window = shown.face.window
    at = centre(window, "5")
    QTest.mousePress(window, LEFT, NO_KEY, at)
    QTest.qWait(1200)
    QTest.mouseRelease(window, LEFT, NO_KEY, at)
    assert shown.face.question.property("shown") == "5"


def test_home_is_reached_by_keyboard_alone(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["attract"], "standard", Language.CHINESE)
    window = shown.face.window
    for _ in range(5):
        key(window, Qt.Key.Key_Tab)
        if any(e.focused and e.name == "开始" for e in offered(window).values()):
            break
    key(window, Qt.Key.Key_Return)
    settle()
    assert shown.face.navigator.property("page") == "home"


def test_tab_visits_every_control_of_a_page_and_comes_back(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question-typed"], "standard", Language.CHINESE)
    window = shown.face.window
    wanted = {name for name, e in offered(window).items() if e.enabled}
    visited = []
    for _ in range(len(wanted) + 3):
        key(window, Qt.Key.Key_Tab)
        visited += [name for name, e in offered(window).items() if e.focused]
    assert wanted <= set(visited)
    assert visited[0] in visited[1:]


def test_digits_of_a_real_keyboard_count(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question"], "standard", Language.CHINESE)
    for digit in (Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_8):
        key(shown.face.window, digit)
    assert shown.face.question.property("shown") == "138"


@pytest.mark.fault(111)
def test_another_language_keeps_what_was_typed(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question-typed"], "standard", Language.CHINESE)
    tap(shown.face.window, "English")
    settle()
    assert "What is your phone number?" in read(shown.face.window)
    assert shown.face.question.property("shown") == "138 0013 8000"


@pytest.mark.fault(111)
def test_elder_mode_keeps_what_was_typed(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question-typed"], "standard", Language.CHINESE)
    tap(shown.face.window, "长辈版")
    settle()
    assert shown.face.display.is_elder
    assert shown.face.question.property("shown") == "138 0013 8000"


def test_help_goes_back_to_the_same_page_with_everything_typed(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question-typed"], "standard", Language.CHINESE)
    tap(shown.face.window, "请人帮我")
    settle()
    assert "12345" in read(shown.face.window)
    tap(shown.face.window, "回去接着办")
    settle()
    assert shown.face.navigator.property("page") == "question"
    assert shown.face.question.property("shown") == "138 0013 8000"


@pytest.mark.fault(103)
@pytest.mark.parametrize(("mode", "warning_s", "wipe_s"), [("standard", 90, 30), ("elder", 180, 60)])
def test_silence_warns_and_then_wipes(exhibition: Open, mode: str, warning_s: int, wipe_s: int) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question-typed"], mode, Language.CHINESE)
    face = shown.face
    face.manual_clock.advance(warning_s + 1)
    face.frame.look()
    settle()
    assert any("您还在吗" in text for text in read(face.window))
    face.manual_clock.advance(wipe_s)
    face.frame.look()
    settle()
    assert face.navigator.property("page") == "attract"
    assert face.question.property("shown") == ""
    assert not face.display.is_elder


@pytest.mark.fault(32, 103)
@pytest.mark.parametrize("first", ["its own look", "a touch"])
def test_a_face_that_stood_still_for_too_long_wipes_before_anybody_sees_more(
    exhibition: Open, first: str
) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["question-typed"], "standard", Language.CHINESE)
    face = shown.face
    at = centre(face.window, "5")
    face.manual_clock.advance(600)  # stopped: no look, no timer, no touch was served meanwhile
    if first == "a touch":
        QTest.mouseClick(face.window, LEFT, NO_KEY, at)
    else:
        face.frame.look()
    settle()
    assert face.navigator.property("page") == "attract"
    assert face.question.property("shown") == ""
    assert not any("138" in text for text in read(face.window))


@pytest.mark.fault(104)
def test_one_touch_stays(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["idle"], "standard", Language.CHINESE)
    tap(shown.face.window, "我还在")
    shown.face.frame.look()
    settle()
    assert not any("您还在吗" in text for text in read(shown.face.window))
    reading = shown.face.navigator.idle()
    assert reading is not None
    assert reading.state is IdleState.ATTENDED


def test_modes_are_not_left_to_the_next(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["home"], "elder", Language.ENGLISH)
    shown.face.navigator.finish()
    assert not shown.face.display.is_elder
    assert shown.face.display.language is Language.CHINESE


TEXT_PAIRS = [
    ("ink", "paper"),
    ("ink", "card"),
    ("ink", "tint"),
    ("inkSoft", "paper"),
    ("inkSoft", "card"),
    ("onPrimary", "primary"),
    ("primary", "card"),
    ("primary", "paper"),
    ("onBar", "bar"),
    ("onGuide", "guide"),
    ("ink", "guideTint"),
    ("good", "goodTint"),
    ("ink", "goodTint"),
    ("trouble", "troubleTint"),
]
LEAST_TEXT = {"standard": 7.0, "dark": 20.0, "light": 20.0, "low": 5.0}
EDGE_PAIRS = [
    ("border", "paper"),
    ("border", "card"),
    ("primary", "card"),
    ("focus", "paper"),
    ("focus", "card"),
]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "elder"])
def test_contrast_of_every_pair(exhibition: Open, mode: str) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["attract"], mode, Language.CHINESE)
    colours = palette(shown)
    for text, ground in TEXT_PAIRS:
        assert contrast(colours[text], colours[ground]) >= LEAST_TEXT[mode], (mode, text, ground)
    for edge, ground in EDGE_PAIRS:
        assert contrast(colours[edge], colours[ground]) >= 3.0, (mode, edge, ground)
    assert contrast(colours["ink"], colours["paper"]) >= (10.0 if mode != "low" else 7.0)


def palette(shown: Exhibition) -> dict[str, QColor]:
    """The colours of the present theme, by name."""
    names = sorted({name for pair in TEXT_PAIRS + EDGE_PAIRS for name in pair})
    properties = "\n".join(f"property color c_{name}: Theme.colours.{name}" for name in names)
    component = QQmlComponent(shown.face.engine)
    component.setData(f"import QtQuick\nimport KioskUi\nQtObject {{ {properties} }}".encode(), "")
    thing = component.create()
    assert thing is not None, component.errorString()
    return {name: thing.property(f"c_{name}") for name in names}


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = colour.redF(), colour.greenF(), colour.blueF()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
