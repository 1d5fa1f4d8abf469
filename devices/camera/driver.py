"""A camera that codes are held before, as one more barcode scanner.

Frames are taken and gated here, on the camera's thread; what is worth a look is decoded in a process of its
own (`decoder_client`).  Nothing of a picture is kept but the last one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np

from devices.camera.camera_watch import CameraWatch
from devices.camera.decoder_client import COMMAND, DecoderClient
from devices.camera.decoder_messages import Answer, Code
from devices.camera.motion_gate import MotionGate, Samples, Verdict, sampled
from devices.code_text import Repeats, plain
from devices.transport.frame_address import source_at
from devices.transport.frame_source import FrameSource, Pixels, SourceFault, source_status
from kiosk.clock import Clock
from kiosk.device_settings import CodeCameraSettings
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import BarcodeScanner, NotScanned, Scan, ScanFault

_FRAME_WITHIN_S = 0.8
"""A camera that sends less than a frame in this time is silent."""
_LOOK_BEYOND_S = 0.7
"""How much later than its time-out `next_scan` may end for a look that has begun."""
_DECODER_WITHIN_S = 1.5
_WATCH_EVERY_S = 1.0
_SILENT_AFTER = 2
"""Missing frames in a row."""
_BURST_CODES, _BURST_S = 5, 1.0
"""More different codes than this in this time are not a hand's."""


class CodeCamera(BarcodeScanner):
    """One camera. `source` and `command` are for tests."""

    def __init__(
        self,
        settings: CodeCameraSettings,
        clock: Clock,
        source: FrameSource | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._clock = clock
        self._source = source or source_at(settings.port, settings.width_px, settings.height_px, clock)
        self._decoder = DecoderClient(settings.symbologies, clock, command)
        self._gate, self._watch = MotionGate(), CameraWatch()
        self._repeats = Repeats()
        self._held: tuple[str, ...] = ()
        """What was read in the picture that has stood still since."""
        self._found: deque[Scan | NotScanned] = deque()
        self._times: deque[float] = deque()
        self._seen_at = 0.0
        self._missing = 0
        self._frozen: Pixels | None = None

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        if (fault := self._source.open()) is not None:
            return source_status(fault)
        if self._frozen is not None:
            frame = self._source.next_frame(self._clock.monotonic() + _FRAME_WITHIN_S, threading.Event())
            if frame is None or np.array_equal(frame, self._frozen):
                return self._give_up(DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
        self._frozen, self._watch, self._missing = None, CameraWatch(), 0
        if self._take(self._clock.monotonic() + _FRAME_WITHIN_S, threading.Event()) is None:
            # There, and silent; or somebody else has it.
            return self._give_up(DeviceState.OFFLINE, DeviceDetail.NONE)
        self._decoder.start()
        if self._decoder.broken:  # perhaps no longer
            self._decoder.await_ready(self._clock.monotonic() + _DECODER_WITHIN_S)
        self.forget()
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._source.close()
        self._decoder.close()

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
            self._frozen = self._watch.last
            return self._give_up(DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
        if self._decoder.broken:
            return self._give_up(DeviceState.HARDWARE_ERROR, DeviceDetail.SELF_TEST_FAILED)
        if self._watch.detail is DeviceDetail.LENS_COVERED:
            return DeviceStatus(state=DeviceState.USER_ERROR, detail=DeviceDetail.LENS_COVERED)
        return DeviceStatus(state=DeviceState.ONLINE)

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return DeviceCapabilities(model=self._source.model)

    def next_scan(self, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
        """See `BarcodeScanner`."""
        deadline = self._clock.monotonic() + timeout_s
        while not self._found and not cancel.is_set() and self._clock.monotonic() < deadline:
            taken = self._take(deadline, cancel)
            if taken is None:
                break
            self._consider(*taken, deadline + _LOOK_BEYOND_S, cancel)
        return self._found.popleft() if self._found else None

    def forget(self) -> None:
        """See `BarcodeScanner`. A code that lies there is read again: it is there now."""
        self._found.clear()
        self._repeats.forget()
        self._times.clear()
        self._held = ()
        self._decoder.forget()
        self._gate.open()

    # -- frames --------------------------------------------------------------------------------------

    def _take(self, deadline: float, cancel: threading.Event) -> tuple[Pixels, Samples] | None:
        started = self._clock.monotonic()
        frame = self._source.next_frame(deadline, cancel)
        now = self._clock.monotonic()
        if frame is None:
            if not cancel.is_set() and now - started >= _FRAME_WITHIN_S / 2:
                self._missing += 1
            return None
        self._missing, self._seen_at = 0, now
        samples = sampled(frame)
        self._watch.see(frame, samples, now)
        return frame, samples

    def _consider(self, frame: Pixels, samples: Samples, deadline: float, cancel: threading.Event) -> None:
        now = self._clock.monotonic()
        if (late := self._decoder.late()) is not None:
            self._hear(late, now)
        verdict = self._gate.judge(samples, now)
        if verdict is Verdict.STILL:
            for text in self._held:
                self._repeats.seen(text, now)  # it is still there: not shown again
            return
        grey = frame if frame.ndim == 2 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
        answer = self._decoder.look(
            grey, settled=verdict is Verdict.SETTLED, deadline=deadline, cancel=cancel
        )
        if answer is not None:
            self._hear(answer, self._clock.monotonic())
        elif not self._decoder.busy:
            self._gate.open()  # nobody has looked at this picture, and nobody will

    def _hear(self, answer: Answer, now: float) -> None:
        held = []
        for code in answer.codes:
            scan = _scan(code)
            key = scan.text if isinstance(scan, Scan) else f"\0{scan.fault}"
            if not key:
                continue
            held.append(key)
            if not self._repeats.seen(key, now) and self._is_by_hand(now):
                self._found.append(scan)
        self._held = tuple(held)

    def _is_by_hand(self, now: float) -> bool:
        while self._times and now - self._times[0] > _BURST_S:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) == _BURST_CODES + 1:
            self._found.append(NotScanned(fault=ScanFault.TOO_FAST))
        return len(self._times) <= _BURST_CODES

    def _give_up(self, state: DeviceState, detail: DeviceDetail) -> DeviceStatus:
        self._source.close()
        return DeviceStatus(state=state, detail=detail)


def _scan(code: Code) -> Scan | NotScanned:
    if code.too_long:
        return NotScanned(fault=ScanFault.TOO_LONG)
    if code.text is None:
        return NotScanned(fault=ScanFault.UNDECODABLE)
    return Scan(text=plain(code.text), symbology=code.symbology)
