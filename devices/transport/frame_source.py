"""Where frames come from: a camera on V4L2, or stills. Whoever reads them does not know which.

A source is used from one thread.  A node that is absent, busy, forbidden, no camera, or pulled out is a
`SourceFault`, never an exception, and no call waits longer than its deadline plus a moment.

Facts about cameras (UVC on Linux): a second node of the same camera carries metadata and no pictures, so
the node is asked what it is (VIDIOC_QUERYCAP) before it is opened; format and size count only when set
before the first read; the first frames are badly exposed; buffers that were filled while nobody read hold
old pictures.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_status import DeviceDetail, DeviceState, DeviceStatus

Pixels = NDArray[np.uint8]
"""Height × width (grey), or height × width × 3 (blue, green, red)."""

EXPOSURE_FRAMES = 8
"""Discarded after opening: automatic exposure needs five to ten."""
_SLICE_S = 0.1
"""How late `cancel` is noticed."""
_PAUSE_S = 0.005
_STALE_AFTER_S = 0.25
"""Buffers that waited this long hold the past."""
_BUFFERS = 4
"""V4L2 buffers that OpenCV asks for."""
_FRESH_S = 0.005
"""A frame that had to be waited for this long was not lying in a buffer."""

# linux/videodev2.h: _IOR('V', 0, struct v4l2_capability), 104 bytes.
_VIDIOC_QUERYCAP = 0x80685600
_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_CAN_CAPTURE, _CAN_STREAM, _HAS_DEVICE_CAPS = 0x00000001, 0x04000000, 0x80000000
_VIDEO_MAJOR = 81


class SourceFault(StrEnum):
    """Why no frames come."""

    NO_NODE = "no_node"
    """Absent, or it has vanished."""
    IN_USE = "in_use"
    REFUSED = "refused"
    """Not ours to open."""
    NOT_A_CAMERA = "not_a_camera"
    """Another kind of device, or the camera's metadata node."""
    SILENT = "silent"
    """It is there and sends no frame."""


def source_status(fault: SourceFault | None) -> DeviceStatus:
    """The status behind a fault of a source; online without one."""
    if fault is None:
        return DeviceStatus(state=DeviceState.ONLINE)
    if fault is SourceFault.NO_NODE:
        return DeviceStatus(state=DeviceState.NO_DEVICE)
    detail = {
        SourceFault.IN_USE: DeviceDetail.PORT_IN_USE,
        SourceFault.NOT_A_CAMERA: DeviceDetail.WRONG_DEVICE,
    }.get(fault, DeviceDetail.NONE)
    return DeviceStatus(state=DeviceState.OFFLINE, detail=detail)


class FrameSource(ABC):
    """A camera, as far as its reader cares."""

    @abstractmethod
    def open(self) -> SourceFault | None:
        """Begin; None when frames can be asked for. After a fault everything is closed again."""

    @abstractmethod
    def close(self) -> None:
        """Release the camera. May be called twice."""

    @abstractmethod
    def next_frame(self, deadline: float, cancel: threading.Event) -> Pixels | None:
        """A frame that is newer than the last, the newest there is; None when none came.

        `deadline` is on the clock's monotonic scale.  None says nothing about why: ask `check`.
        The array belongs to the caller.
        """

    @abstractmethod
    def check(self) -> SourceFault | None:
        """Whether the camera is still there, without taking a frame. A fault closes it."""

    @property
    def model(self) -> str:
        """What the camera calls itself, once opened; may be empty."""
        return ""


class StillsSource(FrameSource):
    """Plays images: the files of a folder in order of their names, or a list of files and arrays.

    `frames_per_s` None gives them as fast as they are asked for.  Without `repeat` the camera falls silent
    after the last one; with it, a folder begins again and a single image is a camera that stands still.
    """

    def __init__(
        self,
        images: Path | Sequence[Path | Pixels],
        *,
        frames_per_s: float | None = None,
        repeat: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._images = images
        self._interval_s = 1 / frames_per_s if frames_per_s else 0.0
        self._repeat = repeat
        self._clock = clock or SystemClock()
        self._frames: list[Path | Pixels] | None = None
        self._next = 0
        self._last_at = 0.0

    def open(self) -> SourceFault | None:
        """See `FrameSource`."""
        if isinstance(self._images, Path):
            if not self._images.is_dir():
                return SourceFault.NO_NODE
            self._frames = sorted(file for file in self._images.iterdir() if file.suffix in _STILLS)
        else:
            self._frames = list(self._images)
        self._next = 0
        self._last_at = self._clock.monotonic() - self._interval_s
        return None if self._frames else self._fail(SourceFault.NOT_A_CAMERA)

    def close(self) -> None:
        """See `FrameSource`."""
        self._frames = None

    def next_frame(self, deadline: float, cancel: threading.Event) -> Pixels | None:
        """See `FrameSource`. A file that is no image is a frame that never came."""
        if self._frames is None or cancel.is_set():
            return None
        now = self._clock.monotonic()
        due = self._last_at + self._interval_s
        if self._next >= len(self._frames):
            due = deadline + 1.0
        wait_s = min(due, deadline) - now
        if wait_s > 0 and self._clock.wait(cancel, wait_s):
            return None
        if due > deadline:
            return None
        self._last_at = max(due, now)
        image = self._frames[self._next]
        self._next += 1
        if self._repeat:
            self._next %= len(self._frames)
        return read_image(image) if isinstance(image, Path) else image.copy()

    def check(self) -> SourceFault | None:
        """See `FrameSource`."""
        if self._frames is None or (isinstance(self._images, Path) and not self._images.is_dir()):
            return self._fail(SourceFault.NO_NODE)
        return None

    def _fail(self, fault: SourceFault) -> SourceFault:
        self.close()
        return fault


_STILLS = frozenset({".png", ".jpg", ".jpeg", ".bmp"})


def read_image(file: Path) -> Pixels | None:
    """The pixels of an image file, blue green red; None when it cannot be read as one."""
    import cv2

    try:
        data = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        image: Any = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None
    return image  # type: ignore[no-any-return]


class V4l2Source(FrameSource):
    """A camera under /dev/v4l/by-path/…-video-index0, read through OpenCV as motion JPEG at full size."""

    def __init__(self, node: str, width_px: int, height_px: int, clock: Clock | None = None) -> None:
        self._node = Path(node)
        self._size = (width_px, height_px)
        self._clock = clock or SystemClock()
        self._capture: Any = None
        self._opened_as: tuple[int, int] | None = None
        self._last_read_at = 0.0
        self._model = ""

    @property
    def model(self) -> str:
        """See `FrameSource`."""
        return self._model

    def open(self) -> SourceFault | None:
        """See `FrameSource`. Takes about a second: exposure has to settle."""
        self.close()
        if (fault := self._identify()) is not None:
            return fault
        import cv2

        capture = cv2.VideoCapture()
        try:
            # One backend only: the others would try the name as a file or an address.
            opened = capture.open(os.path.realpath(self._node), cv2.CAP_V4L2)
        except cv2.error:
            opened = False
        if not opened:
            capture.release()
            return SourceFault.NO_NODE if self._vanished() else SourceFault.IN_USE
        width_px, height_px = self._size
        for key, value in (
            (cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG"))),
            (cv2.CAP_PROP_FRAME_WIDTH, float(width_px)),
            (cv2.CAP_PROP_FRAME_HEIGHT, float(height_px)),
            (cv2.CAP_PROP_BUFFERSIZE, 1.0),
        ):
            capture.set(key, value)
        self._capture = capture
        never = threading.Event()
        for _ in range(EXPOSURE_FRAMES):
            if not self._grab(self._clock.monotonic() + 2.0, never):
                vanished = self._vanished()
                self.close()
                return SourceFault.NO_NODE if vanished else SourceFault.SILENT
        self._last_read_at = self._clock.monotonic()
        return None

    def close(self) -> None:
        """See `FrameSource`."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def next_frame(self, deadline: float, cancel: threading.Event) -> Pixels | None:
        """See `FrameSource`."""
        import cv2

        if self._capture is None:
            return None
        if self._clock.monotonic() - self._last_read_at > _STALE_AFTER_S:
            self._drop_old(cancel)
        if not self._grab(deadline, cancel):
            return None
        self._last_read_at = self._clock.monotonic()
        try:
            good, frame = self._capture.retrieve()
        except cv2.error:
            return None  # half a JPEG: a loose cable does that
        return frame if good else None

    def check(self) -> SourceFault | None:
        """See `FrameSource`."""
        if self._capture is None or self._vanished():
            self.close()
            return SourceFault.NO_NODE
        return None

    def _identify(self) -> SourceFault | None:
        """What stands behind the name, before anything that could hang is opened."""
        try:
            about = self._node.stat()
            if not stat.S_ISCHR(about.st_mode) or os.major(about.st_rdev) != _VIDEO_MAJOR:
                return SourceFault.NOT_A_CAMERA
            descriptor = os.open(self._node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            return SourceFault.REFUSED
        except OSError as error:
            return SourceFault.IN_USE if error.errno == errno.EBUSY else SourceFault.NO_NODE
        try:
            answer = fcntl.ioctl(descriptor, _VIDIOC_QUERYCAP, bytes(_CAPABILITY.size))
        except OSError as error:
            return SourceFault.NO_NODE if error.errno == errno.ENODEV else SourceFault.NOT_A_CAMERA
        finally:
            os.close(descriptor)
        self._model, fault = capability(answer)
        self._opened_as = (about.st_rdev, about.st_ino)
        return fault

    def _vanished(self) -> bool:
        """Whether the node is gone, or another one by the same name since."""
        try:
            about = self._node.stat()
        except OSError:
            return True
        return (about.st_rdev, about.st_ino) != self._opened_as

    def _grab(self, deadline: float, cancel: threading.Event) -> bool:
        """Wait for the next frame, in slices, and keep it in the capture for `retrieve`."""
        import cv2

        while not cancel.is_set() and (left_s := deadline - self._clock.monotonic()) > 0:
            try:
                # Grabs by itself when it says ready.
                ready, _ = cv2.VideoCapture.waitAny([self._capture], int(min(left_s, _SLICE_S) * 1e9) + 1)
            except cv2.error:
                return False
            if ready:
                return True
            if self._vanished():
                return False
            # A device in trouble answers "not ready" at once: without a pause that would be a busy loop.
            self._clock.wait(cancel, _PAUSE_S)
        return False

    def _drop_old(self, cancel: threading.Event) -> None:
        for _ in range(_BUFFERS):
            started = self._clock.monotonic()
            if not self._grab(started + _SLICE_S, cancel) or self._clock.monotonic() - started > _FRESH_S:
                return


def capability(answer: bytes) -> tuple[str, SourceFault | None]:
    """The card's name out of a `struct v4l2_capability`, and whether this node sends pictures."""
    _, card, _, _, whole, this_node = _CAPABILITY.unpack(answer)
    can = this_node if whole & _HAS_DEVICE_CAPS else whole
    model = card.split(b"\0")[0].decode("utf-8", "replace").strip()
    sends = can & _CAN_CAPTURE and can & _CAN_STREAM
    return model, None if sends else SourceFault.NOT_A_CAMERA
