"""A camera that is not there, whatever stands before it: frames when they are asked for, and a lens's mishaps.

It serves frames on a local socket (`devices.transport.simulated_source`); a driver's port is `sim:LINK`.
Faults count the bytes that the camera sends (`byte N`) or the frames it is asked for (`command N`).  Beyond
the common ones: `freeze` (the same picture, to the last bit), `black` (a covered lens), `slow` (`gap_s`
between pictures).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.transport.frame_port import FramePort
from devices.transport.frame_source import Pixels
from devices.transport.simulated_source import ASK, HEAD, MAGIC
from kiosk.clock import Clock
from kiosk.ipc import Method


class SimulatedCamera(Simulator):
    """The sensor and its lens; a class says what there is to see."""

    def __init__(
        self, link: Path, *, frames_per_s: float, script: Sequence[Fault] = (), clock: Clock | None = None
    ) -> None:
        super().__init__(FramePort(link), baud=None, script=script, clock=clock)  # a camera has no baud
        self._interval_s = self._usual_interval_s = 1 / frames_per_s
        self._covered = self._freezes = False
        self._last: Pixels | None = None
        self._due = 0.0
        self._frames = 0

    @abstractmethod
    def _frame(self) -> Pixels:
        """The picture of now, as the sensor gives it."""

    def cover(self, covered: bool = True) -> None:
        """Put a hand on the lens, or take it off."""
        with self.lock:
            self._covered = covered
            self.changed()

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
            "covered": self._covered,
            "frozen": self._freezes,
        }

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._interval_s = self._usual_interval_s
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
        elif fault.do == "slow":
            self._interval_s = float(fault.options.get("gap_s", 1.0))
            self._later(fault.for_s, self._hurry)
        else:
            super().suffer(fault)
        self.changed()

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {
            "freeze": lambda params: self.suffer(Fault(do="freeze", for_s=params.get("for_s"))),
            "thaw": lambda _params: self._thaw(),
        }

    def _send_frame(self) -> None:
        self._frames += 1
        if self._last is None or not self._freezes:
            self._last = self._frame()
        height, width = self._last.shape[:2]
        channels = 1 if self._last.ndim == 2 else self._last.shape[2]
        self.send(HEAD.pack(MAGIC, self._frames, width, height, channels) + self._last.tobytes())

    def _thaw(self) -> None:
        self._freezes = False
        self.changed()

    def _hurry(self) -> None:
        self._interval_s = self._usual_interval_s
