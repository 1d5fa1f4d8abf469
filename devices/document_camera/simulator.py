"""A document camera that is not there: papers on a plate, and every mishap of a counter.

Its frames and the mishaps of a lens are `devices.simulated_camera`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.document_camera import scene
from devices.document_camera.papers import PaperKind, Sheet, draw_paper, paper_of_picture, paper_of_text
from devices.document_camera.scene import Glare, Placed, Plate, Scene
from devices.fault_script import Fault
from devices.simulated_camera import SimulatedCamera
from devices.transport.frame_source import read_image
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

Pixels = NDArray[np.uint8]

FRAMES_PER_S = 6.0
MOST_SHEETS = 4
_BLURRED_PX = 6.0


class DocumentCameraSimulator(SimulatedCamera):
    """The camera, the plate below it, and what lies there."""

    name = "document-camera"

    def __init__(
        self,
        link: Path,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        frames_per_s: float = FRAMES_PER_S,
        size: tuple[int, int] = scene.FULL_SIZE,
    ) -> None:
        super().__init__(link, frames_per_s=frames_per_s, script=script, clock=clock)
        self._size = size
        self._scene = Scene(jpeg=0)
        self._still: Pixels | None = None
        self._waves = False

    # -- hands -----------------------------------------------------------------------------------------

    def place(
        self, sheet: Sheet, x_mm: float = 0.0, y_mm: float = 0.0, turn_deg: float | None = None
    ) -> None:
        """Lay a sheet down, on top of what lies there; a tall one lies across unless it is turned."""
        with self.lock:
            if len(self._scene.placed) >= MOST_SHEETS:
                raise ValueError("the plate is full")
            turn = (90.0 if sheet.height_mm > 220 else 0.0) if turn_deg is None else turn_deg
            placed = Placed(sheet=sheet, x_mm=x_mm, y_mm=y_mm, turn_deg=turn)
            self.arrange(placed=(*self._scene.placed, placed))

    def take_away(self) -> None:
        """Everything off the plate, and the light as it was."""
        with self.lock:
            self._waves = False
            self.arrange(
                placed=(), glares=(), defocus_px=0.0, shadow=0.0, hand=None, light=Scene().light, lamp=0.0
            )

    def arrange(self, **changes: Any) -> None:
        """Change the scene by its own words."""
        with self.lock:
            self._scene = replace(self._scene, **changes)
            self._still = None
            self.changed()

    def wave(self, waving: bool = True) -> None:
        """Move the papers a little, in every picture."""
        with self.lock:
            self._waves, self._still = waving, None
            self.changed()

    # -- the camera ------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return super().state() | {
            "sheets": len(self._scene.placed),
            "plate": self._scene.plate,
            "glares": len(self._scene.glares),
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return super().control_methods() | {
            "place": self._place,
            "take_away": lambda _params: self.take_away(),
            "glare": self._glare,
            "blur": lambda params: self.arrange(defocus_px=float(params.get("radius_px", _BLURRED_PX))),
            "shadow": lambda params: self.arrange(shadow=float(params.get("depth", 0.4))),
            "hand": self._hand,
            "move": lambda params: self.wave(bool(params.get("on", True))),
            "set": self._set,
            "vanish": lambda params: self.unplug(params.get("for_s")),
        }

    def _place(self, params: Params) -> None:
        if "image" in params:
            picture = read_image(Path(str(params["image"])))
            if picture is None:
                raise ValueError(f"no image: {params['image']}")
            sheet = paper_of_picture(picture, float(params.get("width_mm", 210)))
        elif "text" in params:
            sheet = paper_of_text(str(params["text"]))
        else:
            sheet = draw_paper(PaperKind(params.get("kind", "form")), int(params.get("seed", 0)))
        turn = params.get("turn_deg")
        self.place(
            sheet,
            float(params.get("x_mm", 0)),
            float(params.get("y_mm", 0)),
            None if turn is None else float(turn),
        )

    def _glare(self, params: Params) -> None:
        if not params.get("on", True):
            self.arrange(glares=())
            return
        glare = Glare(
            x_mm=float(params.get("x_mm", 15)),
            y_mm=float(params.get("y_mm", 10)),
            radius_mm=float(params.get("radius_mm", 18)),
        )
        self.arrange(glares=(*self._scene.glares[-3:], glare))

    def _hand(self, params: Params) -> None:
        tip = (float(params.get("x_mm", 0)), float(params.get("y_mm", 80)))
        self.arrange(hand=tip if params.get("on", True) else None)

    def _set(self, params: Params) -> None:
        changes: dict[str, Any] = {
            name: float(params[name]) for name in ("light", "lamp", "warm", "noise") if name in params
        }
        if "plate" in params:
            changes["plate"] = Plate(params["plate"])
        if "tilt_deg" in params:
            across, down = params["tilt_deg"]
            changes["tilt_deg"] = (float(across), float(down))
        self.arrange(**changes)

    def _frame(self) -> Pixels:
        if self._covered:
            dark = np.full((self._size[1], self._size[0], 3), 4, np.uint8)
            return scene.exposed(dark, 1.0, 0, self._frames)
        if self._waves:
            sway = 4.0 * np.sin(self._frames * 1.7)
            everything = range(len(self._scene.placed))
            picture = scene.still(scene.moved(self._scene, sway, sway / 2, everything), self._size)
        else:
            if self._still is None:
                self._still = scene.still(self._scene, self._size)
            picture = self._still
        return scene.exposed(picture, self._scene.noise, self._scene.jpeg, self._frames)
