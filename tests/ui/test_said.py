"""What the staff said of a case is read whole, on every screen, however long it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.config import Language
from tests.ui.finger import tap
from tests.ui.geometry import measure
from ui.gallery.exhibition import Exhibition, settle
from ui.gallery.scenes import SCENES
from ui.pages.progress import ProgressModel

SCENE = next(scene for scene in SCENES if scene.name == "progress-said-at-length")


@pytest.mark.parametrize("size", ["portrait", "tablet"])
@pytest.mark.parametrize("mode", ["standard", "elder"])
def test_long_words_are_read_page_by_page(
    exhibition: Callable[[str], Exhibition], size: str, mode: str
) -> None:
    shown = exhibition(size)
    shown.show(SCENE, mode, Language.CHINESE)
    progress = shown.face.navigator.session.view.progress
    assert progress is not None
    whole = progress.words
    assert len(whole) > 250
    read = ""
    for _ in range(20):
        page = measure(shown)
        assert list(page.clipped_texts()) == []
        assert list(page.overlapping_texts()) == []
        (piece,) = (
            text
            for text in (str(one.property("text")) for one in page.texts)
            if text in whole and len(text) > 10
        )
        read += piece
        turners = [one for one in page.targets if one.name.startswith("往下看")]
        if read == whole:
            break
        (turner,) = turners
        tap(shown.face.window, turner.name)
        settle()
        shown.picture()
    assert read == whole


@pytest.mark.parametrize(
    ("text", "length", "pieces"),
    [
        ("", 5, []),
        ("短", 5, ["短"]),
        ("请带照片，再来一次。", 6, ["请带照片，", "再来一次。"]),
        ("一二三四五六七八九十", 4, ["一二三四", "五六七八", "九十"]),
        ("bring the card and a photograph", 12, ["bring the", "card and a", "photograph"]),
        ("abc", 0, ["a", "b", "c"]),
    ],
)
def test_pieces_end_where_a_word_or_a_sentence_does(text: str, length: int, pieces: list[str]) -> None:
    assert ProgressModel.inPieces(None, text, length) == pieces  # type: ignore[arg-type]
