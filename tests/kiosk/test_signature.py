"""A signature is strokes with times; what cannot be a hand's writing is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.catalogue.pack import Field, FieldType, LocalText
from kiosk.catalogue.rules import AnswerFault, check_answer
from kiosk.domain.signature import MAX_POINTS, Signature, parse_signature, to_svg

WORDS = LocalText(zh_CN="签名", en="Signature")
FIELD = Field(key="signature", type=FieldType.SIGNATURE, prompt=WORDS, label=WORDS, purpose=WORDS)
WRITTEN = Signature(
    size=(1200, 600),
    strokes=(((100, 100, 0), (400, 300, 90)), ((500, 100, 300), (500, 400, 380), (450, 380, 400))),
)


def test_what_was_written_comes_back_whole() -> None:
    assert parse_signature(WRITTEN.to_text()) == WRITTEN
    assert WRITTEN.ink_mm == pytest.approx(36.06 + 30 + 5.4, abs=0.1)
    assert WRITTEN.seconds == pytest.approx(0.4)
    checked = check_answer(FIELD, WRITTEN.to_text())
    assert (checked.fault, parse_signature(checked.value)) == (None, WRITTEN)


@pytest.mark.parametrize(
    "change",
    [
        {"size": [100, 100]},
        {"strokes": [[[1, 1, 0], [900, 500, 10]], [[1, 1, 5]]]},
        {"strokes": [[[1, 1, 7], [900, 500, 10]]]},
        {"strokes": [[]]},
        {"strokes": [[[0, 0, n] for n in range(MAX_POINTS + 1)]]},
        {"picture": "data:"},
        {"strokes": [[["a", 1, 0]]]},
    ],
    ids=[
        "beyond the pad",
        "back in time",
        "begun before",
        "empty stroke",
        "endless",
        "unknown key",
        "no number",
    ],
)
def test_what_no_hand_can_write_is_refused(change: dict[str, object]) -> None:
    text = json.dumps(json.loads(WRITTEN.to_text()) | change)
    assert parse_signature(text) is None
    assert check_answer(FIELD, text).fault is AnswerFault.NOT_SIGNED


def test_a_dot_is_no_name() -> None:
    dot = Signature(size=(1200, 600), strokes=(((5, 5, 0),),))
    assert check_answer(FIELD, dot.to_text()).fault is AnswerFault.NOT_SIGNED
    assert check_answer(FIELD, "").fault is AnswerFault.EMPTY


def test_the_picture_for_paper_has_every_stroke_and_nothing_else() -> None:
    picture = to_svg(WRITTEN)
    assert picture.count("<polyline") == 2
    assert 'viewBox="0 0 1200 600"' in picture


@given(st.text(max_size=400))
def test_no_text_is_a_crash(text: str) -> None:
    parse_signature(text)
