"""The document camera from the plate to the file: papers on a simulated plate, the driver, the duty, the host."""

from __future__ import annotations

import base64
import io
import re
import resource
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from devices.document_camera.driver import MOST_PREVIEW_BYTES, PlateCamera
from devices.document_camera.page_file import MOST_BYTES, encode_page
from devices.document_camera.page_pdf import pdf_of
from devices.document_camera.papers import PaperKind, draw_paper
from devices.document_camera.scene import Glare, Plate
from devices.document_camera.simulator import DocumentCameraSimulator
from devices.fault_script import Fault
from devices.host import Host
from devices.transport.frame_source import StillsSource
from kiosk.clock import ManualClock, SystemClock
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, DocumentCameraSettings
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient
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


# -- files ----------------------------------------------------------------------------------------------


def test_the_busiest_page_stays_below_the_cap() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2376, 1680, 3), np.uint8)
    data, width, height, dpi = encode_page(noise, 200.0)
    assert len(data) <= MOST_BYTES
    assert width / dpi == pytest.approx(1680 / 200, rel=0.02)
    assert height / width == pytest.approx(2376 / 1680, rel=0.01)


def test_the_document_holds_each_page_as_it_was_taken_on_paper_of_its_size(tmp_path: Path) -> None:
    files = []
    for number, kind in enumerate((PaperKind.FORM, PaperKind.ID_CARD)):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(encode_page(draw_paper(kind, 1).pixels, 8 * 25.4)[0])
        files.append(file)
    data = pdf_of(files)
    for file in files:
        assert file.read_bytes() in data
    boxes = [tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[0 0 ([^]]+)\]", data)]
    assert boxes[0] == pytest.approx((210 / 25.4 * 72, 297 / 25.4 * 72), rel=0.005)
    assert boxes[1] == pytest.approx((85.6 / 25.4 * 72, 53.98 / 25.4 * 72), rel=0.01)
    for word in (b"/Producer", b"/Creator", b"/CreationDate", b"/Metadata", b"Exif"):
        assert word not in data
    for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n", data), 1):
        assert data[int(place) :].startswith(b"%d 0 obj" % number)


# -- the process ------------------------------------------------------------------------------------------


class Rig:
    """The host, a peer, and what the peer has heard."""

    def __init__(self, tmp_path: Path, port: Path | None) -> None:
        devices = DeviceSettings(document_camera=None if port is None else settings_for(port))
        self.run_dir = tmp_path / "run"
        self.settings = Settings(
            paths=PathSettings(state_dir=tmp_path / "state", run_dir=self.run_dir), devices=devices
        )
        self.documents = self.run_dir / "documents"
        self.host = Host(self.settings)
        self.host.start()
        self.peer = IpcClient(self.settings.devices_socket)

    def wait_for(self, method: str, timeout_s: float = 8.0) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for message in self.peer.notifications(0.05):
                if message.method == method:
                    return message.params
        raise AssertionError(f"no {method}")

    def begin(self) -> None:
        self.peer.call("document_camera.start", session=SESSION)

    def take(self, *in_spite_of: str) -> dict[str, Any]:
        self.peer.call("document_camera.capture", in_spite_of=list(in_spite_of))
        return self.wait_for("document_camera.captured", 14)

    def close(self) -> None:
        self.peer.close()
        self.host.close()


@pytest.fixture
def rig(tmp_path: Path, port: Path, plate: DocumentCameraSimulator) -> Iterator[Rig]:
    rig = Rig(tmp_path, port)
    yield rig
    rig.close()


def test_a_session_sees_the_plate_takes_two_pages_and_gets_one_document(
    rig: Rig, plate: DocumentCameraSimulator
) -> None:
    lay(plate)
    rig.begin()
    preview = rig.wait_for("document_camera.preview")
    assert preview["session"] == SESSION
    assert len(preview["jpeg"]) <= 60_000
    assert base64.b64decode(preview["jpeg"]).startswith(b"\xff\xd8")
    first = rig.take()
    assert (first["session"], first["remark"]) == (SESSION, None)
    file = Path(first["file"])
    assert file.parent == rig.documents / SESSION
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    plate.take_away()
    lay(plate, PaperKind.REGISTER_PAGE)
    second = rig.take()
    assert second["width"] > second["height"]
    bound = rig.peer.call("document_camera.finish")
    assert bound["pages"] == 2
    assert Path(bound["file"]).read_bytes().count(b"/Type /Page ") == 2
    rig.peer.call("document_camera.stop")
    assert not rig.documents.exists()


@contextmanager
def no_room_for_files_over(most_bytes: int) -> Iterator[None]:
    """The kernel refuses to write more into one file, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_takes_no_page_and_leaves_no_half_of_one(
    rig: Rig, plate: DocumentCameraSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    lay(plate)
    rig.begin()
    with no_room_for_files_over(4096):
        refused = rig.take()
    assert (refused["file"], refused["remark"]) == (None, "canceled")
    assert list(rig.documents.rglob("*.jpg")) == []
    assert "page not stored" in [record.message for record in caplog.records]
    caplog.clear()
    page = Path(rig.take()["file"])
    with no_room_for_files_over(4096), pytest.raises(IpcError, match="cannot be stored"):
        rig.peer.call("document_camera.finish")
    assert list(rig.documents.rglob("*.*")) == [page]
    assert rig.peer.call("document_camera.finish")["pages"] == 1


def test_a_page_that_is_not_wanted_is_gone_at_once(rig: Rig, plate: DocumentCameraSimulator) -> None:
    lay(plate)
    rig.begin()
    taken = rig.take()
    rig.peer.call("document_camera.discard", file=taken["file"])
    assert not Path(taken["file"]).exists()
    with pytest.raises(IpcError, match="no page"):
        rig.peer.call("document_camera.finish")
    with pytest.raises(IpcError, match="no such page"):
        rig.peer.call("document_camera.discard", file="/etc/passwd")


def test_the_pages_of_a_peer_that_has_gone_are_gone(
    rig: Rig, plate: DocumentCameraSimulator, eventually: Callable[..., None]
) -> None:
    lay(plate)
    rig.begin()
    file = Path(rig.take()["file"])
    rig.peer.call("document_camera.finish")  # the camera rests: nobody looks for the peer all the time
    rig.peer.close()
    eventually(lambda: not file.exists() and not rig.documents.exists(), timeout_s=5)


def test_pages_that_a_killed_process_left_are_gone_at_the_start(tmp_path: Path) -> None:
    left = tmp_path / "run" / "documents" / "old" / "page-001.jpg"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    rig = Rig(tmp_path, None)
    try:
        assert not left.exists()
    finally:
        rig.close()


def test_a_terminal_without_the_camera_says_so_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, None)
    try:
        rig.begin()
        answer = rig.take()
        assert (answer["file"], answer["remark"]) == (None, "no_camera")
    finally:
        rig.close()


def test_a_camera_pulled_out_is_told_to_who_asks_for_a_page(
    rig: Rig, plate: DocumentCameraSimulator, eventually: Callable[..., None]
) -> None:
    lay(plate)
    rig.begin()
    rig.wait_for("document_camera.preview")
    plate.unplug()
    assert rig.take()["remark"] == "no_camera"
    plate.plug()
    rig.wait_for("document_camera.preview")
    assert rig.take()["file"] is not None


def test_previews_come_at_most_eight_times_a_second_and_only_in_a_session(
    rig: Rig, plate: DocumentCameraSimulator
) -> None:
    lay(plate)
    assert [one for one in rig.peer.notifications(0.4) if one.method == "document_camera.preview"] == []
    rig.begin()
    rig.wait_for("document_camera.preview")
    seen, until = 0, time.monotonic() + 2
    while time.monotonic() < until:
        seen += sum(one.method == "document_camera.preview" for one in rig.peer.notifications(0.02))
    assert 1 <= seen <= 17
    rig.peer.call("document_camera.stop")
    list(rig.peer.notifications(0.3))
    assert list(rig.peer.notifications(0.4)) == []


@pytest.mark.parametrize("session", ["../../etc", "a/b", "", ".hidden", "x" * 80])
def test_a_session_whose_name_is_a_path_is_refused(rig: Rig, session: str) -> None:
    with pytest.raises(IpcError):
        rig.peer.call("document_camera.start", session=session)
    with pytest.raises(IpcError, match="no session"):
        rig.peer.call("document_camera.capture", in_spite_of=[])


def test_a_remark_that_does_not_exist_is_refused(rig: Rig) -> None:
    rig.begin()
    with pytest.raises(IpcError):
        rig.peer.call("document_camera.capture", in_spite_of=["ugly"])


def test_hands_play_over_the_control_socket(plate: DocumentCameraSimulator, tmp_path: Path) -> None:
    control = tmp_path / "control.sock"
    plate.serve_control(control)
    with IpcClient(control) as hands:
        hands.call("place", kind="receipt", turn_deg=10)
        hands.call("place", text="测试甲\n社区证明", x_mm=20)
        hands.call("glare", x_mm=5)
        hands.call("hand", on=True)
        hands.call("shadow", depth=0.3)
        hands.call("set", plate="wood", light=0.8)
        state = hands.call("state")
        assert (state["sheets"], state["glares"], state["plate"]) == (2, 1, "wood")
        with pytest.raises(IpcError):
            hands.call("place", kind="banknote")
        with pytest.raises(IpcError):
            hands.call("place", image=str(tmp_path / "nothing.png"))
        hands.call("take_away")
        assert hands.call("state")["sheets"] == 0
