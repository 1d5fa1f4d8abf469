"""The document camera in its process: a session's pages, the files they become, and what is left of them."""

from __future__ import annotations

import base64
import re
import resource
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.document_camera.page_file import MOST_BYTES, encode_page
from devices.document_camera.page_pdf import pdf_of
from devices.document_camera.papers import PaperKind, draw_paper
from devices.document_camera.simulator import DocumentCameraSimulator
from devices.host import Host
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, DocumentCameraSettings
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient

HALF_SIZE = (1296, 972)
SESSION = "s-0001"


def settings_for(port: Path) -> DocumentCameraSettings:
    return DocumentCameraSettings(port=f"sim:{port}", plate_width_mm=360)


@pytest.fixture
def plate(port: Path) -> Iterator[DocumentCameraSimulator]:
    with DocumentCameraSimulator(port, size=HALF_SIZE, frames_per_s=25) as simulator:
        simulator.start()
        yield simulator


def lay(plate: DocumentCameraSimulator, kind: PaperKind = PaperKind.FORM, **where: float) -> None:
    plate.place(draw_paper(kind, 3), **where)


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
