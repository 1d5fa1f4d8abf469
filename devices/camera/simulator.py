"""A camera that is not there: a counter under a noisy sensor, and hands that hold things before it.

Its frames and the common mishaps of a lens are `devices.simulated_camera`'s.  Beyond those: `garbage` (the next
`frames` pictures are half noise).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.camera import scene
from devices.fault_script import Fault
from devices.simulated_camera import SimulatedCamera
from devices.transport.frame_source import Pixels, read_image
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

FRAMES_PER_S = 15.0
_SCAN_S = 2.0
"""How long a hand holds a code up."""


class CameraSimulator(SimulatedCamera):
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
        super().__init__(link, frames_per_s=frames_per_s, script=script, clock=clock)
        self._empty = scene.counter()
        self._scene = self._empty
        self._sensor = scene.Sensor(self._empty.shape)
        self._garbage_left = 0
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

    # -- the camera ------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return super().state() | {"shown": self._shown}

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._garbage_left = 0
            super().heal()

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "garbage":
            self._garbage_left = int(fault.options.get("frames", 1))
        else:
            super().suffer(fault)

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return super().control_methods() | {
            "show": self._show,
            "scan": self._scan,
            "clear": lambda _params: self.clear(),
            "cover": lambda _params: self.cover(),
            "uncover": lambda _params: self.cover(False),
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

    def _frame(self) -> Pixels:
        view = np.zeros_like(self._scene) + np.uint8(4) if self._covered else self._scene
        frame = self._sensor.take(view)
        if self._garbage_left:
            self._garbage_left -= 1
            half = frame.shape[0] // 2
            frame[half:] = np.random.default_rng(self._frames).integers(0, 256, frame[half:].shape, np.uint8)
        return frame
