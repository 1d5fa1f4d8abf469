"""A camera above the plate: looks for the sheet in each frame, and takes it once it lies still and is good.

Nothing of a picture outlives the call, but for a small grey one to compare the next frame with.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.document_camera.judgement import Sight, look_small
from devices.document_camera.page_file import encode_page
from devices.document_camera.page_finder import shrink
from devices.document_camera.plate_watch import PlateWatch
from devices.document_camera.straighten import Page, straighten
from devices.transport.frame_address import source_at
from devices.transport.frame_source import FrameSource, SourceFault, source_status
from kiosk.clock import Clock
from kiosk.device_settings import DocumentCameraSettings
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import CaptureRemark, DocumentCamera, NotCaptured, PageCaptured, Preview

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_FRAME_WITHIN_S = 0.8
"""A camera that sends less than a frame in this time is silent."""
_WATCH_EVERY_S = 1.0
_NEVER = float("-inf")
_SILENT_AFTER = 2
"""Missing frames in a row."""
_COMPARE_WITHIN_S = 1.0
"""An older frame says nothing about whether the sheet moves."""
_GOOD_FRAMES = 3
"""Of so many good frames in a row the sharpest is taken."""
MOST_PREVIEW_BYTES = 44_000
"""60 kB once it is text."""
_PREVIEW_QUALITIES = (74, 62, 50, 38, 26)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A frame and what was seen in it."""

    frame: Pixels
    small: Pixels
    sight: Sight


class PlateCamera(DocumentCamera):
    """One camera. `source` is for tests."""

    def __init__(
        self, settings: DocumentCameraSettings, clock: Clock, source: FrameSource | None = None
    ) -> None:
        self._clock = clock
        self._source = source or source_at(settings.port, settings.width_px, settings.height_px, clock)
        self._plate_width_mm = settings.plate_width_mm
        self._watch = PlateWatch()
        self._frozen: PlateWatch | None = None
        self._before: Sight | None = None
        self._seen_at = _NEVER
        self._missing = 0

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        if (fault := self._source.open()) is not None:
            return source_status(fault)
        if self._frozen is not None:
            frame = self._source.next_frame(self._clock.monotonic() + _FRAME_WITHIN_S, threading.Event())
            if frame is None or self._frozen.is_last(frame):
                return self._give_up(DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
        # One core of two is the face's.
        cv2.setNumThreads(1)
        # A camera that gives no first picture (another program has it) is not open.
        self._missing = 0 if self._frozen is not None else _SILENT_AFTER - 1
        self._frozen, self._before, self._seen_at = None, None, _NEVER
        self._watch = PlateWatch()
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._source.close()
        self._before = None

    def status(self) -> DeviceStatus:
        """See `DevicePort`. Looks at a frame, if none was looked at just now."""
        if (fault := self._source.check()) is not None:
            return source_status(fault)
        if self._clock.monotonic() - self._seen_at > _WATCH_EVERY_S:
            self._take(self._clock.monotonic() + _FRAME_WITHIN_S, threading.Event())
        if self._source.check() is not None:
            return source_status(SourceFault.NO_NODE)
        if self._missing >= _SILENT_AFTER:
            return self._give_up(DeviceState.OFFLINE, DeviceDetail.NONE)
        if self._watch.detail is DeviceDetail.PICTURE_FROZEN:
            # Opening it anew is what helps most often.
            self._frozen = self._watch
            return self._give_up(DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
        if self._watch.detail is DeviceDetail.LENS_COVERED:
            return DeviceStatus(state=DeviceState.USER_ERROR, detail=DeviceDetail.LENS_COVERED)
        return DeviceStatus(state=DeviceState.ONLINE)

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return DeviceCapabilities(model=self._source.model)

    def preview(self, timeout_s: float, cancel: threading.Event) -> Preview | None:
        """See `DocumentCamera`. A picture that stands still to the last bit is not what is there now: none."""
        seen = self._look(self._clock.monotonic() + timeout_s, cancel)
        if seen is None or self._watch.same:
            return None
        height, width = seen.small.shape[:2]
        page = seen.sight.page
        corners = () if page is None else _fractions(page.corners, width, height)
        return Preview(jpeg=_preview_jpeg(seen.small), corners=corners, remark=seen.sight.remark)

    def capture(
        self, timeout_s: float, cancel: threading.Event, in_spite_of: frozenset[CaptureRemark] = frozenset()
    ) -> PageCaptured | NotCaptured:
        """See `DocumentCamera`."""
        deadline = self._clock.monotonic() + timeout_s
        good: list[_Look] = []
        last = CaptureRemark.NO_CAMERA
        while len(good) < _GOOD_FRAMES:
            compared = self._comparable
            seen = self._look(deadline, cancel)
            if cancel.is_set():
                return NotCaptured(remark=CaptureRemark.CANCELED)
            if seen is None:
                if self._source.check() is not None:
                    last, good = CaptureRemark.NO_CAMERA, []
                break
            if self._watch.same:
                last, good = CaptureRemark.NO_CAMERA, []
                continue
            hindrance = next((remark for remark in seen.sight.remarks if remark not in in_spite_of), None)
            if hindrance is not None:
                last, good = hindrance, []
            elif compared or CaptureRemark.MOVING in in_spite_of:
                good.append(seen)
            else:
                last = CaptureRemark.MOVING  # nobody can tell from one frame
        if not good:
            return NotCaptured(remark=last)
        return self._page(min(good, key=lambda one: one.sight.spread_px))

    # -- frames --------------------------------------------------------------------------------------

    @property
    def _comparable(self) -> bool:
        return self._before is not None and self._clock.monotonic() - self._seen_at < _COMPARE_WITHIN_S

    def _take(self, deadline: float, cancel: threading.Event) -> Pixels | None:
        started = self._clock.monotonic()
        frame = self._source.next_frame(deadline, cancel)
        now = self._clock.monotonic()
        if frame is None:
            if not cancel.is_set() and now - started >= _FRAME_WITHIN_S / 2:
                self._missing += 1
            return None
        self._missing, self._seen_at = 0, now
        self._watch.see(frame, now)
        return frame

    def _look(self, deadline: float, cancel: threading.Event) -> _Look | None:
        before = self._before if self._comparable else None
        frame = self._take(deadline, cancel)
        if frame is None:
            return None
        if frame.ndim == 2:
            frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), np.uint8)
        small = shrink(frame)
        sight = look_small(frame, small, before)
        self._before = sight
        return _Look(frame, small, sight)

    def _page(self, seen: _Look) -> PageCaptured:
        page = self._straightened(seen)
        jpeg, width, height, dpi = encode_page(page.pixels, page.dpi)
        return PageCaptured(jpeg=jpeg, width_px=width, height_px=height, dpi=dpi, remark=seen.sight.remark)

    def _straightened(self, seen: _Look) -> Page:
        """The sheet; what reaches beyond the picture, or was not found, as the camera saw it."""
        frame, sight = seen.frame, seen.sight
        scale = frame.shape[1] / self._plate_width_mm if self._plate_width_mm else None
        if sight.corners is None or sight.page is None:
            return Page(pixels=frame, size=None, dpi=None)
        if sight.page.cut_off:
            height, width = frame.shape[:2]
            left, top = np.clip(sight.corners.min(axis=0), 0, (width - 8, height - 8)).astype(int)
            right, bottom = np.clip(np.ceil(sight.corners.max(axis=0)), (left + 8, top + 8), (width, height))
            return Page(pixels=frame[top : int(bottom), left : int(right)].copy(), size=None, dpi=None)
        return straighten(frame, sight.corners, scale)

    def _give_up(self, state: DeviceState, detail: DeviceDetail) -> DeviceStatus:
        self._source.close()
        return DeviceStatus(state=state, detail=detail)


def _fractions(corners: Floats, width: int, height: int) -> tuple[tuple[float, float], ...]:
    parts = np.clip(corners / (width, height), 0, 1).round(4)
    return tuple((float(x), float(y)) for x, y in parts)


def _preview_jpeg(small: Pixels) -> bytes:
    data = b""
    for quality in _PREVIEW_QUALITIES:
        _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        data = encoded.tobytes()
        if len(data) <= MOST_PREVIEW_BYTES:
            break
    return data
