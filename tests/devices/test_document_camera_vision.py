"""Finding, straightening and judging sheets in drawn scenes: figures, not impressions."""

from __future__ import annotations

import numpy as np
import pytest

from devices.document_camera import trials
from devices.document_camera.judgement import look
from devices.document_camera.page_finder import find_page, shrink
from devices.document_camera.papers import PaperKind, draw_paper
from devices.document_camera.scene import FULL_SIZE, Placed, Plate, Scene, shoot, true_corners
from devices.document_camera.straighten import (
    A4,
    A5,
    ID_1,
    REGISTER,
    PaperSize,
    aspect_of,
    lines_run_down,
    size_of,
    straighten,
)
from kiosk.ports import CaptureRemark

PX_PER_MM = FULL_SIZE[0] / 360
HALF_SIZE = (1296, 972)


def scene_of(kind: PaperKind, **how: float) -> Scene:
    sheet = draw_paper(kind, 5)
    turn = how.pop("turn_deg", 90.0 if sheet.height_mm > 220 else 0.0)
    return Scene(placed=(Placed(sheet=sheet, turn_deg=turn),), tilt_deg=(5.0, -4.0), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (PaperKind.FORM, A4),
        (PaperKind.ID_CARD, ID_1),
        (PaperKind.REGISTER_PAGE, REGISTER),
        (PaperKind.NOTE, A5),
        (PaperKind.RECEIPT, None),
    ],
)
def test_each_paper_is_found_and_known_by_its_size(kind: PaperKind, size: PaperSize | None) -> None:
    scene = scene_of(kind)
    frame = shoot(scene)
    sight = look(frame, None)
    assert sight.corners is not None
    true = true_corners(scene)
    off = min(float(np.hypot(*(np.roll(sight.corners, k, axis=0) - true).T).max()) for k in range(4))
    assert off < 1.5
    page = straighten(frame, sight.corners, PX_PER_MM)
    assert page.size is size
    sheet = scene.placed[0].sheet
    high, wide = page.pixels.shape[:2]
    assert wide / high == pytest.approx(sheet.width_mm / sheet.height_mm, rel=0.02)
    assert page.dpi == pytest.approx(PX_PER_MM * 25.4, rel=0.05)


@pytest.mark.parametrize("turn_deg", [0.0, 45.0, 90.0, 133.0, 180.0, 270.0])
def test_a_page_never_comes_out_on_its_side(turn_deg: float) -> None:
    frame = shoot(scene_of(PaperKind.NOTE, turn_deg=turn_deg, field_mm=380), HALF_SIZE)
    sight = look(frame, None)
    assert sight.corners is not None
    page = straighten(frame, sight.corners, HALF_SIZE[0] / 380)
    assert page.pixels.shape[0] > page.pixels.shape[1]
    assert not lines_run_down(page.pixels)
    assert lines_run_down(np.rot90(page.pixels).copy())


def test_a4_and_a5_are_told_apart_by_length_only() -> None:
    assert size_of(A4.aspect, 297.0) is A4
    assert size_of(1 / A4.aspect, 210.0) is A5
    assert size_of(A4.aspect, None, long_part=0.8) is A4
    assert size_of(A4.aspect, None, long_part=0.5) is None
    assert size_of(A4.aspect, 150.0) is None
    assert size_of(2.5, None, long_part=0.8) is None


@pytest.mark.parametrize("focal", [0.9, 1.15, 1.5])
def test_the_aspect_survives_a_tilt(focal: float) -> None:
    scene = Scene(
        placed=(Placed(sheet=draw_paper(PaperKind.FORM), turn_deg=90),), tilt_deg=(8, 6), focal=focal
    )
    aspect = aspect_of(np.roll(true_corners(scene), 0, axis=0), *FULL_SIZE)
    assert max(aspect, 1 / aspect) == pytest.approx(A4.aspect, rel=0.012)


@pytest.mark.parametrize("plate", list(Plate))
def test_nothing_is_seen_on_an_empty_plate(plate: Plate) -> None:
    for seed in range(6):
        frame = shoot(Scene(plate=plate, seed=seed, shadow=0.4 * (seed % 2), lamp=0.2), HALF_SIZE)
        assert find_page(shrink(frame)) is None


def test_a_grey_frame_of_nothing_and_a_tiny_one_are_no_page() -> None:
    for shape in ((480, 640, 3), (60, 80, 3), (972, 1296, 3)):
        assert find_page(shrink(np.full(shape, 128, np.uint8))) is None
        assert find_page(shrink(np.random.default_rng(2).integers(0, 256, shape, np.uint8))) is None


def test_light_that_flickers_is_no_movement() -> None:
    scene = scene_of(PaperKind.NOTICE, light=0.9)
    before = look(shoot(scene, HALF_SIZE), None)
    dimmer = np.clip(shoot(scene, HALF_SIZE, frame=1) * 0.9, 0, 255).astype(np.uint8)
    assert CaptureRemark.MOVING not in look(dimmer, before).remarks


def test_a_scene_of_each_kind_is_judged_rightly() -> None:
    report = trials.run(10, seed=4711)
    print("\n".join(report.lines()))
    assert report.right >= 0.9
    assert float(np.median(report.corner_px)) < 0.5


@pytest.mark.soak
def test_three_hundred_scenes_that_nothing_was_tuned_on() -> None:
    report = trials.run(300, seed=31337)
    print("\n".join(report.lines()))
    assert report.right >= 0.95
    for situation in ("good", "shine", "held", "two"):
        assert report.part(situation, "good") >= 0.9
    assert report.part("empty", "no_page") >= 0.95
    assert report.part("glare", "glare") >= 0.8
    assert report.part("blur", "blurred") >= 0.9
    assert float(np.percentile(report.corner_px, 90)) < 2.0
    assert report.elsewhere <= 6
