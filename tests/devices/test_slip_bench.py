"""The goals of a slip's bytes, as far as they do not depend on how busy this machine is."""

from __future__ import annotations

from devices.slip_printer import bench
from devices.slip_printer.models import MODELS


def test_an_ordinary_slip_is_a_twentieth_of_its_picture() -> None:
    assert bench._ordinary()["ratio"]["met"] is True


def test_a_slip_that_must_be_drawn_is_the_same_dots_in_fewer_bytes() -> None:
    figures = bench._all_drawn(MODELS["generic-80-no-qr"])
    assert figures["bytes_ratio"]["met"] is True
    assert figures["differing_decoded"]["met"] is True


def test_awkward_characters_come_out_here_and_not_there() -> None:
    figures = bench._awkward()
    assert figures["question_marks"]["value"] == 0
    assert figures["python_escpos_question_marks"] > 0
