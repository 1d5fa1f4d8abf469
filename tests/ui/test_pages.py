"""Every page, measured: nothing clipped, nothing too small, everything named, in each mode, language and size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QFontMetricsF

from kiosk.config import Language
from tests.ui.geometry import measure
from ui.gallery.exhibition import Exhibition
from ui.gallery.scenes import SCENES

# Qt's own keyboard is not ours to mend; and it asks for sound that a terminal may not have.
pytestmark = pytest.mark.qt_log_ignore("PopupList_QMLTYPE", "pipewire-0.3")

LOOKS = [
    ("portrait", "standard"),
    ("portrait", "elder"),
    ("landscape", "standard"),
    ("landscape", "elder"),
    ("tablet", "standard"),
]
LEAST_TARGET_MM = {"standard": 14.0, "elder": 20.0}
LEAST_GAP_MM = {"standard": 2.54, "elder": 5.0}
LEAST_CAP_MM = {"standard": 3.5, "elder": 4.8}


@pytest.mark.parametrize(("size", "mode"), LOOKS)
@pytest.mark.parametrize("language", list(Language))
def test_every_page_measured(
    exhibition: Callable[[str], Exhibition], size: str, mode: str, language: Language
) -> None:
    shown = exhibition(size)
    faults: list[str] = []
    for scene in SCENES:
        if scene.name == "question-text" and not (size == "portrait" and mode == "standard"):
            continue  # ten letters abreast have no room for large fingers; pinyin brings its own keys
        shown.show(scene, mode, language)
        page = measure(shown)
        faults += [f"{scene.name}: {fault}" for fault in page.clipped_texts()]
        faults += [f"{scene.name}: {fault}" for fault in page.overlapping_texts()]
        faults += [f"{scene.name}: {fault}" for fault in page.covered_targets()]
        faults += [f"{scene.name}: near the edge: {fault}" for fault in page.near_edge(8)]
        actual = "standard" if scene.name == "out-of-service" else mode
        faults += [f"{scene.name}: small: {f}" for f in page.small_targets(LEAST_TARGET_MM[actual])]
        faults += [f"{scene.name}: close: {f}" for f in page.close_targets(LEAST_GAP_MM[actual])]
        least_px = LEAST_CAP_MM[actual] * page.px_per_mm - 0.6
        faults += [
            f"{scene.name}: small type: {item.property('text')}"
            for item in page.texts
            if QFontMetricsF(item.property("font")).capHeight() < least_px
        ]
        names = Counter(e.name for e in page.targets)
        faults += [f"{scene.name}: no name" for name in names if not name.strip()]
        faults += [f"{scene.name}: named twice: {name}" for name, count in names.items() if count > 1]
        headings = [e.name for e in page.elements if e.role == "Heading"]
        if not headings:
            faults.append(f"{scene.name}: no heading")
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("mode", ["dark", "light", "low"])
def test_every_page_in_other_colours(exhibition: Callable[[str], Exhibition], mode: str) -> None:
    shown = exhibition("portrait")
    for scene in SCENES:
        shown.show(scene, mode, Language.CHINESE)
        assert not shown.picture().isNull()


def test_no_chinese_is_left_on_english_pages(exhibition: Callable[[str], Exhibition]) -> None:
    shown = exhibition("portrait")
    allowed = {"中文", "青石村便民服务站", "测**"}
    left = set()
    for scene in SCENES:
        if scene.name == "out-of-service":
            continue  # a wipe brings the terminal's own language back
        shown.show(scene, "standard", Language.ENGLISH)
        for item in measure(shown).texts:
            text = str(item.property("text"))
            if any("一" <= c <= "鿿" for c in text) and text not in allowed:
                left.add(f"{scene.name}: {text}")
    assert not left


def test_page_root_carries_its_stage_as_name(exhibition: Callable[[str], Exhibition]) -> None:
    shown = exhibition("portrait")
    for scene in SCENES:
        shown.show(scene, "standard", Language.CHINESE)
        page = shown.face.navigator.property("page")
        assert shown.face.window.findChild(QObject, page) is not None, scene.name


def test_elder_mode_offers_at_most_five_choices(exhibition: Callable[[str], Exhibition]) -> None:
    shown = exhibition("portrait")
    for scene in (s for s in SCENES if s.name in ("home", "services")):
        shown.show(scene, "elder", Language.CHINESE)
        notes = [e for e in measure(shown).targets if e.description]
        assert 0 < len(notes) <= 5
