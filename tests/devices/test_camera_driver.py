"""A code camera as a barcode scanner, before a simulated counter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from devices.camera import scene
from devices.camera.camera_watch import CameraWatch
from devices.camera.driver import CodeCamera
from devices.camera.simulator import CameraSimulator
from devices.fault_script import Fault
from kiosk.clock import SystemClock
from kiosk.device_settings import CodeCameraSettings
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ipc import IpcClient
from kiosk.ports import NotScanned, Scan, ScanFault

LINK = "https://example.cn/r/410722360815"
OTHER = "https://example.cn/r/410722360816"
NEVER = threading.Event()


@pytest.fixture
def camera_sim(port: Path) -> Iterator[CameraSimulator]:
    with CameraSimulator(port, frames_per_s=25) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def camera(port: Path, camera_sim: CameraSimulator) -> Iterator[CodeCamera]:
    driver = CodeCamera(CodeCameraSettings(port=f"sim:{port}"), SystemClock())
    assert driver.open().state is DeviceState.ONLINE
    yield driver
    driver.close()


def scan(camera: CodeCamera, timeout_s: float = 3.0) -> Scan | NotScanned | None:
    return camera.next_scan(timeout_s, NEVER)


@pytest.mark.slow
def test_a_code_that_is_held_up_is_one_scan(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.show_code(LINK.encode())
    assert scan(camera) == Scan(text=LINK, symbology="qr")
    assert scan(camera, 3.0) is None  # still there, longer than the window


def test_a_code_that_is_taken_away_and_shown_again_later_is_another_scan(
    camera: CodeCamera, camera_sim: CameraSimulator
) -> None:
    camera_sim.show_code(LINK.encode())
    assert scan(camera) == Scan(text=LINK, symbology="qr")
    camera_sim.clear()
    assert scan(camera, 2.5) is None
    camera_sim.show_code(LINK.encode())
    assert scan(camera) == Scan(text=LINK, symbology="qr")


def test_a_code_that_was_shown_while_nobody_looked_is_still_seen(
    camera: CodeCamera, camera_sim: CameraSimulator
) -> None:
    assert scan(camera, 1.2) is None  # the gate is shut by now
    camera_sim.show_code(LINK.encode())
    threading.Event().wait(0.5)
    assert scan(camera) == Scan(text=LINK, symbology="qr")


def test_a_new_session_reads_the_code_that_lies_there(
    camera: CodeCamera, camera_sim: CameraSimulator
) -> None:
    camera_sim.show_code(LINK.encode())
    assert scan(camera) == Scan(text=LINK, symbology="qr")
    assert scan(camera, 1.0) is None
    camera.forget()
    assert scan(camera) == Scan(text=LINK, symbology="qr")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_on_a_bent_slip(camera: CodeCamera, camera_sim: CameraSimulator, encoding: str) -> None:
    camera_sim.show_code("北京市朝阳区测试路1号".encode(encoding), bend=0.025)
    assert scan(camera) == Scan(text="北京市朝阳区测试路1号", symbology="qr")


def test_a_code_without_a_text_is_named_once(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.show_code(b"\xff\xfe\xff\xfe\xff")
    assert scan(camera) == NotScanned(fault=ScanFault.UNDECODABLE)
    assert scan(camera, 1.0) is None


def test_control_and_hidden_characters_are_out(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.show_code("a\x1b\u202eb\r\nc".encode())
    assert scan(camera) == Scan(text="abc", symbology="qr")


def test_a_corrupt_frame_costs_a_frame(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.arm(Fault(do="garbage", options={"frames": 2}))
    camera_sim.show_code(LINK.encode(), at=(0.5, 0.75))
    assert scan(camera) == Scan(text=LINK, symbology="qr")


def test_a_slow_camera_is_slow_and_no_more(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.arm(Fault(do="slow", options={"gap_s": 0.6}))
    camera_sim.show_code(LINK.encode())
    assert scan(camera, 4.0) == Scan(text=LINK, symbology="qr")
    assert camera.status().state is DeviceState.ONLINE


@pytest.mark.slow
def test_a_still_counter_is_not_decoded_over_and_over(
    camera: CodeCamera, camera_sim: CameraSimulator
) -> None:
    assert camera_sim.state()["shown"] is False
    for _ in range(3):  # the first of these contain the thorough look
        assert scan(camera, 1.0) is None
    asked = camera._decoder._number
    assert scan(camera, 1.0) is None
    assert camera._decoder._number == asked


def test_waiting_ends_at_once_when_cancelled(camera: CodeCamera) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    started = time.monotonic()
    assert camera.next_scan(10, cancel) is None
    assert time.monotonic() - started < 0.7
    timer.join()


def test_a_wait_is_no_longer_than_asked(camera: CodeCamera) -> None:
    started = time.monotonic()
    assert camera.next_scan(0.4, NEVER) is None
    assert time.monotonic() - started < 1.4


@pytest.mark.fault(101)
def test_a_pulled_plug_is_no_scan_and_no_device(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.unplug()
    assert scan(camera, 0.5) is None
    assert camera.status().state is DeviceState.NO_DEVICE
    assert camera.open().state is DeviceState.NO_DEVICE
    camera_sim.plug()
    assert camera.open().state is DeviceState.ONLINE
    camera_sim.show_code(LINK.encode())
    assert scan(camera) == Scan(text=LINK, symbology="qr")


def test_a_camera_that_falls_silent_is_offline(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.arm(Fault(do="silence"))
    assert scan(camera, 0.6) is None
    assert scan(camera, 0.6) is None
    assert camera.status().state is DeviceState.OFFLINE
    camera_sim.heal()
    assert camera.open().state is DeviceState.ONLINE


@pytest.mark.fault(101)
def test_a_frozen_picture_is_told_until_it_moves_again(
    camera: CodeCamera, camera_sim: CameraSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CameraWatch, "frozen_after_s", 0.8)
    camera_sim.arm(Fault(do="freeze"))
    assert scan(camera, 1.5) is None
    for status in (camera.status(), camera.open()):
        assert (status.state, status.detail) == (DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
    camera_sim.heal()
    assert camera.open().state is DeviceState.ONLINE


@pytest.mark.fault(101)
def test_a_covered_lens_is_told_and_passes(
    camera: CodeCamera, camera_sim: CameraSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CameraWatch, "covered_after_s", 0.5)
    camera_sim.arm(Fault(do="black", for_s=1.2))
    assert scan(camera, 1.0) is None
    status = camera.status()
    assert (status.state, status.detail) == (DeviceState.USER_ERROR, DeviceDetail.LENS_COVERED)
    assert scan(camera, 1.0) is None
    assert camera.status().state is DeviceState.ONLINE


def test_an_idle_camera_is_watched_too(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    threading.Event().wait(1.1)
    before = camera_sim.state()["frames"]
    assert camera.status().state is DeviceState.ONLINE
    assert camera_sim.state()["frames"] > before


def test_a_decoder_that_is_killed_is_started_again(camera: CodeCamera, camera_sim: CameraSimulator) -> None:
    camera_sim.show_code(LINK.encode())
    assert scan(camera) == Scan(text=LINK, symbology="qr")
    assert camera._decoder.process_id is not None
    os.kill(camera._decoder.process_id, signal.SIGKILL)
    camera_sim.show_code(OTHER.encode())
    assert scan(camera, 4.0) == Scan(text=OTHER, symbology="qr")


@pytest.mark.slow
def test_a_decoder_that_cannot_start_is_an_engineers_matter_until_it_can(
    port: Path, tmp_path: Path, camera_sim: CameraSimulator
) -> None:
    program = tmp_path / "decoder.py"
    program.write_text("raise SystemExit(1)")
    command = (sys.executable, str(program))
    driver = CodeCamera(CodeCameraSettings(port=f"sim:{port}"), SystemClock(), command=command)
    status = driver.open()
    while status.state is DeviceState.ONLINE:
        driver.next_scan(0.1, NEVER)
        status = driver.status()
    assert (status.state, status.detail) == (DeviceState.HARDWARE_ERROR, DeviceDetail.SELF_TEST_FAILED)
    program.write_text("import sys\nfrom devices.camera.decoder_process import main\nmain(sys.argv[1:])")
    while driver.open().state is not DeviceState.ONLINE:
        pass  # takes its time by itself: a decoder that failed is started again later and later
    camera_sim.show_code(LINK.encode())
    assert scan(driver) == Scan(text=LINK, symbology="qr")
    driver.close()


def test_a_port_without_a_camera() -> None:
    driver = CodeCamera(CodeCameraSettings(port="/dev/null"), SystemClock())
    status = driver.open()
    assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.WRONG_DEVICE)
    assert driver.next_scan(0.2, NEVER) is None
    driver.close()
    driver.close()


def test_hands_over_the_control_socket(
    camera: CodeCamera, camera_sim: CameraSimulator, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    camera_sim.serve_control(tmp_path / "control")
    cv2.imwrite(str(tmp_path / "code.png"), scene.code_picture(OTHER.encode()))
    client = IpcClient(tmp_path / "control")
    try:
        client.call("show", text="测试", encoding="gb18030", width_px=300)
        assert scan(camera) == Scan(text="测试", symbology="qr")
        client.call("show", file=str(tmp_path / "code.png"))
        assert scan(camera) == Scan(text=OTHER, symbology="qr")
        client.call("cover")
        assert client.call("state")["covered"] is True
        client.call("fault", do="unplug", for_s=0.2)
        assert camera.next_scan(0.1, NEVER) is None
        eventually(lambda: camera.open().state is DeviceState.ONLINE)
    finally:
        client.close()


def test_no_picture_library_is_loaded_where_no_camera_is_configured() -> None:
    program = (
        "import sys, devices.host, devices.registry, devices.simulate\n"
        "print([name for name in ('cv2', 'numpy', 'zxingcpp', 'pyzbar', 'segno') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
