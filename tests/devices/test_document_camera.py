"""The document camera from the plate to the file: papers on a simulated plate, the driver, the duty, the host."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from devices.document_camera.driver import MOST_PREVIEW_BYTES, PlateCamera
from devices.document_camera.page_file import MOST_BYTES
from devices.document_camera.papers import PaperKind, draw_paper
from devices.document_camera.scene import Glare, Plate
from devices.document_camera.simulator import DocumentCameraSimulator
from devices.fault_script import Fault
from devices.transport.frame_source import StillsSource
from kiosk.clock import ManualClock, SystemClock
from kiosk.device_settings import DocumentCameraSettings
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ports import CaptureRemark, NotCaptured, PageCaptured

HALF_SIZE = (1296, 972)
SESSION = "s-0001"


def settings_for(port: Path) -> DocumentCameraSettings:
    return DocumentCameraSettings(port=f"sim:{port}", plate_width_mm=360)


@pytest.fixture
def plate(port: Path) -> Iterator[DocumentCameraSimulator]:
    with DocumentCameraSimulator(port, size=HALF_SIZE, frames_per_s=25) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def camera(port: Path, plate: DocumentCameraSimulator) -> Iterator[PlateCamera]:
    driver = PlateCamera(settings_for(port), SystemClock())
    assert driver.open().state is DeviceState.ONLINE
    yield driver
    driver.close()


def lay(plate: DocumentCameraSimulator, kind: PaperKind = PaperKind.FORM, **where: float) -> None:
    plate.place(draw_paper(kind, 3), **where)


# -- the driver ---------------------------------------------------------------------------------------


def test_a_form_on_the_plate_becomes_an_upright_a4_page(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate, turn_deg=93.0)
    page = camera.capture(5, never)
    assert isinstance(page, PageCaptured)
    assert page.remark is None
    assert page.height_px / page.width_px == pytest.approx(297 / 210, rel=0.004)
    assert page.dpi == pytest.approx(1296 / 360 * 25.4, rel=0.05)
    assert len(page.jpeg) <= MOST_BYTES
    with Image.open(io.BytesIO(page.jpeg)) as image:
        assert image.size == (page.width_px, page.height_px)
        assert not image.getexif()


def test_a_card_keeps_its_own_size(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate, PaperKind.ID_CARD, turn_deg=20.0)
    page = camera.capture(5, never)
    assert isinstance(page, PageCaptured)
    assert page.width_px / page.height_px == pytest.approx(85.6 / 53.98, rel=0.02)
    assert page.width_px / page.dpi * 25.4 == pytest.approx(85.6, rel=0.03)


def test_an_empty_plate_is_no_page(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    preview = camera.preview(2, never)
    assert preview is not None
    assert (preview.remark, preview.corners) == (CaptureRemark.NO_PAGE, ())
    assert camera.capture(1, never) == NotCaptured(remark=CaptureRemark.NO_PAGE)


def test_the_preview_is_small_and_shows_the_corners(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    plate.arrange(plate=Plate.WOOD)
    lay(plate, PaperKind.NOTICE)
    preview = camera.preview(2, never)
    assert preview is not None
    assert len(preview.jpeg) <= MOST_PREVIEW_BYTES
    assert cv2.imdecode(np.frombuffer(preview.jpeg, np.uint8), cv2.IMREAD_COLOR) is not None
    xs, ys = zip(*preview.corners, strict=True)
    wide, high = 297 / 360, 210 / 270
    expected = [(0.5 - wide / 2, 0.5 - high / 2), (0.5 + wide / 2, 0.5 - high / 2)]
    assert list(zip(xs, ys, strict=True))[:2] == [pytest.approx(corner, abs=0.005) for corner in expected]


@pytest.mark.parametrize(
    ("mishap", "remark"),
    [
        ({"glares": (Glare(x_mm=20, y_mm=10, radius_mm=20),)}, CaptureRemark.GLARE),
        ({"defocus_px": 5.0}, CaptureRemark.BLURRED),
        ({"light": 0.2}, CaptureRemark.TOO_DARK),
    ],
)
def test_a_bad_picture_is_taken_only_in_spite_of_it(
    camera: PlateCamera,
    plate: DocumentCameraSimulator,
    never: threading.Event,
    mishap: dict[str, Any],
    remark: CaptureRemark,
) -> None:
    lay(plate)
    plate.arrange(**mishap)
    assert camera.capture(2, never) == NotCaptured(remark=remark)
    page = camera.capture(5, never, frozenset({remark}))
    assert isinstance(page, PageCaptured)
    assert page.remark is remark


def test_what_one_puts_up_with_does_not_excuse_the_rest(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate)
    plate.arrange(glares=(Glare(x_mm=20, y_mm=10, radius_mm=20),), defocus_px=6.0)
    assert camera.capture(2, never, frozenset({CaptureRemark.GLARE})) == NotCaptured(
        remark=CaptureRemark.BLURRED
    )


def test_paper_that_moves_is_waited_for(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate, PaperKind.NOTE)
    plate.wave()
    assert camera.capture(1.0, never) == NotCaptured(remark=CaptureRemark.MOVING)
    plate.wave(False)
    assert isinstance(camera.capture(5, never), PageCaptured)


def test_a_sheet_beyond_the_picture_is_cut_off_and_still_taken_if_wished(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate, x_mm=110.0)
    assert camera.capture(0.6, never) == NotCaptured(remark=CaptureRemark.CUT_OFF)
    page = camera.capture(5, never, frozenset({CaptureRemark.CUT_OFF}))
    assert isinstance(page, PageCaptured)
    assert (page.remark, page.dpi) == (CaptureRemark.CUT_OFF, 0)


def test_the_whole_picture_is_taken_in_spite_of_no_page(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    page = camera.capture(5, never, frozenset({CaptureRemark.NO_PAGE}))
    assert isinstance(page, PageCaptured)
    assert (page.width_px, page.height_px) == HALF_SIZE


def test_a_capture_ends_at_once_when_canceled(camera: PlateCamera, plate: DocumentCameraSimulator) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    started = time.monotonic()
    assert camera.capture(10, cancel) == NotCaptured(remark=CaptureRemark.CANCELED)
    assert time.monotonic() - started < 1.0
    timer.join()


def test_a_camera_pulled_out_under_a_capture_takes_nothing(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate)
    plate.arm(Fault(do="unplug", byte=5_000_000))
    outcome = camera.capture(5, never)
    assert outcome == NotCaptured(remark=CaptureRemark.NO_CAMERA)
    assert camera.status().state is DeviceState.NO_DEVICE
    assert camera.capture(0.3, never) == NotCaptured(remark=CaptureRemark.NO_CAMERA)
    plate.plug()
    assert camera.open().state is DeviceState.ONLINE
    assert isinstance(camera.capture(5, never), PageCaptured)


def test_a_frozen_picture_is_never_taken_for_the_plate(
    camera: PlateCamera, plate: DocumentCameraSimulator, never: threading.Event
) -> None:
    lay(plate)
    assert camera.preview(2, never) is not None
    plate.suffer(Fault(do="freeze"))
    camera.preview(2, never)
    assert camera.preview(2, never) is None
    assert camera.capture(0.5, never) == NotCaptured(remark=CaptureRemark.NO_CAMERA)


def test_a_frozen_camera_is_a_fault_of_the_hardware_until_it_moves() -> None:
    clock, never = ManualClock(), threading.Event()
    noise = np.random.default_rng(1).integers(60, 200, (480, 640, 3), np.uint8)
    frozen = StillsSource([noise], frames_per_s=1, clock=clock)
    camera = PlateCamera(DocumentCameraSettings(port="/dev/none"), clock, frozen)
    camera.open()
    for _ in range(8):
        camera.preview(2, never)
    status = camera.status()
    assert (status.state, status.detail) == (DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
    assert camera.open().detail is DeviceDetail.PICTURE_FROZEN
    frozen._images = [noise[::-1].copy(), noise]
    assert camera.open().state is DeviceState.ONLINE


def test_a_covered_lens_is_something_a_hand_can_put_right() -> None:
    clock, never = ManualClock(), threading.Event()
    black = [np.full((480, 640, 3), level, np.uint8) for level in (2, 3)]
    camera = PlateCamera(
        DocumentCameraSettings(port="/dev/none"), clock, StillsSource(black, frames_per_s=1, clock=clock)
    )
    camera.open()
    preview = camera.preview(2, never)
    for _ in range(4):
        camera.preview(2, never)
    assert preview is not None
    assert preview.remark is CaptureRemark.TOO_DARK
    status = camera.status()
    assert (status.state, status.detail) == (DeviceState.USER_ERROR, DeviceDetail.LENS_COVERED)


def test_a_camera_that_is_not_there_is_a_status(tmp_path: Path) -> None:
    for port in (f"sim:{tmp_path / 'nothing'}", str(tmp_path / "video-index0")):
        camera = PlateCamera(DocumentCameraSettings(port=port), SystemClock())
        assert camera.open().state is DeviceState.NO_DEVICE
        camera.close()
