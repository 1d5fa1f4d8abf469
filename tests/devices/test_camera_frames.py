"""Where frames come from, and what is said when none do."""

from __future__ import annotations

import os
import socket
import stat
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from devices.transport.frame_address import source_at
from devices.transport.frame_source import (
    SourceFault,
    StillsSource,
    V4l2Source,
    capability,
    read_image,
    source_status,
)
from devices.transport.simulated_source import SimulatedSource
from kiosk.clock import ManualClock, SystemClock
from kiosk.domain.device_status import DeviceDetail, DeviceState

NEVER = threading.Event()
GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize(
    ("node", "fault"),
    [
        ("/dev/v4l/by-path/nothing-video-index0", SourceFault.NO_NODE),
        ("/dev/null", SourceFault.NOT_A_CAMERA),
        (__file__, SourceFault.NOT_A_CAMERA),
    ],
)
def test_a_name_without_a_camera_behind_it(node: str, fault: SourceFault) -> None:
    source = V4l2Source(node, 1280, 720)
    assert source.open() is fault
    assert source.next_frame(0.0, NEVER) is None
    assert source.check() is SourceFault.NO_NODE
    source.close()


def test_a_node_whose_camera_was_pulled_out(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    try:
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(81, 250))
    except PermissionError:
        pytest.skip("nodes can only be made by root")
    assert V4l2Source(str(node), 1280, 720).open() is SourceFault.NO_NODE


@pytest.mark.parametrize(
    ("whole", "node", "fault"),
    [
        (0x84A00001, 0x04200001, None),
        (0x84A00001, 0x04A00000, SourceFault.NOT_A_CAMERA),  # the same camera's metadata node
        (0x04000001, 0, None),  # an old driver that says nothing of single nodes
        (0x80000002, 0x00000002, SourceFault.NOT_A_CAMERA),  # an output
    ],
)
def test_what_a_node_says_of_itself(whole: int, node: int, fault: SourceFault | None) -> None:
    answer = struct.pack("=16s32s32sIII12x", b"uvcvideo", b"USB Camera\0junk", b"usb", 1, whole, node)
    assert len(answer) == 104
    assert capability(answer) == ("USB Camera", fault)


def test_each_fault_is_a_status_that_is_not_online() -> None:
    states = {fault: source_status(fault) for fault in SourceFault}
    assert all(status.state is not DeviceState.ONLINE for status in states.values())
    assert states[SourceFault.NO_NODE].state is DeviceState.NO_DEVICE
    assert states[SourceFault.IN_USE].detail is DeviceDetail.PORT_IN_USE
    assert states[SourceFault.NOT_A_CAMERA].detail is DeviceDetail.WRONG_DEVICE
    assert source_status(None).state is DeviceState.ONLINE


def test_stills_come_in_their_order_and_at_their_rate() -> None:
    clock = ManualClock()
    source = StillsSource([GREY, GREY + 1], frames_per_s=10, repeat=False, clock=clock)
    assert source.open() is None
    started = clock.monotonic()
    frames = [source.next_frame(clock.monotonic() + 1, NEVER) for _ in range(3)]
    assert [None if frame is None else int(frame[0, 0]) for frame in frames] == [0, 1, None]
    assert clock.monotonic() - started == pytest.approx(0.1 + 1.0)
    assert source.check() is None


def test_a_still_belongs_to_whoever_took_it() -> None:
    source = StillsSource([GREY])
    source.open()
    first = source.next_frame(float("inf"), NEVER)
    assert first is not None
    first[:] = 9
    second = source.next_frame(float("inf"), NEVER)
    assert second is not None
    assert second[0, 1] == 1


def test_a_folder_that_is_gone_is_a_camera_that_is_gone(tmp_path: Path) -> None:
    assert StillsSource(tmp_path / "none").open() is SourceFault.NO_NODE
    assert StillsSource(tmp_path).open() is SourceFault.NOT_A_CAMERA
    (tmp_path / "a.png").write_bytes(b"no image at all")
    source = StillsSource(tmp_path)
    assert source.open() is None
    assert source.next_frame(SystemClock().monotonic() + 1, NEVER) is None
    assert read_image(tmp_path / "b.png") is None


def test_a_cancelled_wait_ends_at_once() -> None:
    cancel = threading.Event()
    cancel.set()
    source = StillsSource([GREY], frames_per_s=0.1)
    source.open()
    assert source.next_frame(SystemClock().monotonic() + 30, cancel) is None


def test_the_address_says_which_source() -> None:
    assert isinstance(source_at("sim:/tmp/x", 1, 1, SystemClock()), SimulatedSource)
    assert isinstance(source_at("/dev/video0", 640, 480, SystemClock()), V4l2Source)


def test_bytes_that_are_no_frame_end_the_line(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "cam"))
    listener.listen(1)
    source = SimulatedSource(str(tmp_path / "cam"))
    assert source.open() is None
    other, _ = listener.accept()
    other.sendall(b"no frame, and long enough for a head of one")
    assert source.next_frame(SystemClock().monotonic() + 2, NEVER) is None
    assert source.check() is SourceFault.NO_NODE
    other.close()
    listener.close()
    source.close()
