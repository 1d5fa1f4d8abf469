"""A camera that is not there: a counter under a noisy sensor, and hands that hold things before it.

It serves frames on a local socket (see `devices.transport.simulated_source`); the driver's port is
`sim:LINK`.  Faults count the bytes that the camera sends (`byte N`) or the frames it is asked for
(`command N`).  Beyond the common ones: `freeze` (the same picture, to the last bit), `black` (a covered
lens), `garbage` (the next `frames` pictures are half noise), `slow` (`gap_s` between pictures).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.camera import scene
from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.transport.frame_port import FramePort
from devices.transport.frame_source import Pixels, read_image
from devices.transport.simulated_source import ASK, HEAD, MAGIC
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

FRAMES_PER_S = 15.0
_SCAN_S = 2.0
"""How long a hand holds a code up."""


class CameraSimulator(Simulator):
    """The camera, the counter below it, and what lies there."""

    name = "code-camera"

    def __init__(
        self,
        link: Path,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        frames_per_s: float = FRAMES_PER_S,
    ) -> None:
        super().__init__(FramePort(link), baud=None, script=script, clock=clock)  # a camera has no baud
        self._empty = scene.counter()
        self._scene = self._empty
        self._sensor = scene.Sensor(self._empty.shape)
        self._interval_s = self._usual_interval_s = 1 / frames_per_s
        self._covered = self._freezes = False
        self._last: Pixels | None = None
        self._garbage_left = 0
        self._due = 0.0
        self._frames = 0
        self._shown = False

    # -- hands -----------------------------------------------------------------------------------------

    def show_code(self, data: str | bytes, **how: Any) -> None:
        """Hold a QR code before the lens. `how` goes to `scene.shown`."""
        self.show_picture(scene.code_picture(data), **how)

    def show_picture(self, picture: Pixels, **how: Any) -> None:
        """Hold any grey picture before the lens."""
        with self.lock:
            self._scene, self._shown = scene.shown(self._empty, picture, **how), True
            self.changed()

    def clear(self) -> None:
        """Take everything away."""
        with self.lock:
            self._scene, self._shown = self._empty, False
            self.changed()

    def cover(self, covered: bool = True) -> None:
        """Put a hand on the lens, or take it off."""
        with self.lock:
            self._covered = covered
            self.changed()

    # -- the camera ------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """See `Simulator`: each byte asks for a frame."""
        for _ in range(data.count(ASK)):
            self.command_arrived()
            now = self._clock.monotonic()
            self._due = max(now, self._due + self._interval_s)
            self.later(self._due - now, self._send_frame)

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.plugged,
            "frames": self._frames,
            "shown": self._shown,
            "covered": self._covered,
            "frozen": self._freezes,
        }

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._interval_s, self._garbage_left = self._usual_interval_s, 0
            self._covered = self._freezes = False
            super().heal()

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "freeze":
            self._freezes = True
            self._later(fault.for_s, self._thaw)
        elif fault.do == "black":
            self._covered = True
            self._later(fault.for_s, lambda: self.cover(False))
        elif fault.do == "garbage":
            self._garbage_left = int(fault.options.get("frames", 1))
        elif fault.do == "slow":
            self._interval_s = float(fault.options.get("gap_s", 1.0))
            self._later(fault.for_s, self._hurry)
        else:
            super().suffer(fault)
        self.changed()

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {
            "show": self._show,
            "scan": self._scan,
            "clear": lambda _params: self.clear(),
            "cover": lambda _params: self.cover(),
            "uncover": lambda _params: self.cover(False),
            "freeze": lambda params: self.suffer(Fault(do="freeze", for_s=params.get("for_s"))),
            "thaw": lambda _params: self._thaw(),
        }

    def _scan(self, params: Params) -> None:
        """As the scanner's hands do it: show a code for a moment."""
        if "bytes_hex" in params:
            self.show_code(bytes.fromhex(str(params["bytes_hex"])))
        else:
            self._show(params)
        self.later(_SCAN_S, self.clear)

    def _show(self, params: Params) -> None:
        how: dict[str, Any] = {
            name: params[name] for name in ("turn_deg", "width_px", "bend") if name in params
        }
        if "at" in params:
            how["at"] = tuple(params["at"])
        if "file" in params:
            image = read_image(Path(str(params["file"])))
            if image is None:
                raise ValueError(f"no image: {params['file']}")
            self.show_picture(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8), **how)
        elif "text" in params:
            # As bytes: a generator that is given a text chooses a character set by itself.
            self.show_code(str(params["text"]).encode(str(params.get("encoding", "utf-8"))), **how)
        else:
            raise ValueError("show needs `text` or `file`")

    def _send_frame(self) -> None:
        frame = self._frame()
        self._frames += 1
        self.send(HEAD.pack(MAGIC, self._frames, frame.shape[1], frame.shape[0], 1) + frame.tobytes())

    def _frame(self) -> Pixels:
        if self._freezes and self._last is not None:
            return self._last
        view = np.zeros_like(self._scene) + np.uint8(4) if self._covered else self._scene
        frame = self._sensor.take(view)
        if self._garbage_left:
            self._garbage_left -= 1
            half = frame.shape[0] // 2
            frame[half:] = np.random.default_rng(self._frames).integers(0, 256, frame[half:].shape, np.uint8)
        self._last = frame
        return frame

    def _thaw(self) -> None:
        self._freezes = False
        self.changed()

    def _hurry(self) -> None:
        self._interval_s = self._usual_interval_s
