"""A name written with a finger on the face's own pad."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from kiosk.config import Language
from kiosk.domain.signature import parse_signature
from tests.ui.finger import tap
from ui.gallery.exhibition import Exhibition
from ui.gallery.scenes import SCENES
from ui.remote.eye import visible_elements

PAD = next(scene for scene in SCENES if scene.name == "question-signature")


def write(shown: Exhibition, *strokes: tuple[tuple[float, float], ...]) -> None:
    pad = next(e for e in visible_elements(shown.face.window) if e.role == "Graphic" and "签名" in e.name)
    left, top, width, height = pad.rect
    for stroke in strokes:
        path = [QPoint(round(left + x * width), round(top + y * height)) for x, y in stroke]
        QTest.mousePress(shown.face.window, Qt.MouseButton.LeftButton, pos=path[0])
        for at in path[1:]:
            QTest.mouseMove(shown.face.window, at, 5)
        QTest.mouseRelease(shown.face.window, Qt.MouseButton.LeftButton, pos=path[-1])


@pytest.mark.parametrize("size", ["portrait", "tablet"])
def test_a_name_is_kept_as_strokes_with_times(exhibition: Callable[[str], Exhibition], size: str) -> None:
    shown = exhibition(size)
    shown.show(PAD, "standard", Language.CHINESE)
    write(shown, ((0.2, 0.3), (0.3, 0.7), (0.4, 0.3)), ((0.5, 0.5), (0.8, 0.5)))
    signature = parse_signature(shown.face.question.signature_pad.text)
    assert signature is not None
    assert signature.is_written
    assert [len(stroke) for stroke in signature.strokes] == [3, 2]
    width, height = signature.size
    assert signature.strokes[0][0][0] == pytest.approx(0.2 * width, rel=0.02)
    assert signature.strokes[0][1][1] == pytest.approx(0.7 * height, rel=0.02)
    times = [point[2] for stroke in signature.strokes for point in stroke]
    assert times[0] == 0
    assert times == sorted(times)
    assert times[-1] > 0


def test_a_stroke_is_taken_back_and_the_pad_wiped(exhibition: Callable[[str], Exhibition]) -> None:
    shown = exhibition("portrait")
    shown.show(PAD, "standard", Language.CHINESE)
    write(shown, ((0.2, 0.3), (0.3, 0.7)), ((0.5, 0.5), (0.8, 0.5)))
    tap(shown.face.window, "退一笔")
    signature = parse_signature(shown.face.question.signature_pad.text)
    assert signature is not None
    assert len(signature.strokes) == 1
    tap(shown.face.window, "重写")
    assert shown.face.question.signature_pad.text == ""


def test_a_session_that_ends_leaves_no_signature(exhibition: Callable[[str], Exhibition]) -> None:
    shown = exhibition("portrait")
    shown.show(PAD, "standard", Language.CHINESE)
    write(shown, ((0.2, 0.3), (0.3, 0.7)))
    shown.face.question.forget()
    assert shown.face.question.signature_pad.text == ""
