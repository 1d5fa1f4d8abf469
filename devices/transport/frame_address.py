"""The port of a camera, as settings name it, as a source of frames."""

from __future__ import annotations

from devices.transport.frame_source import FrameSource, V4l2Source
from devices.transport.simulated_source import SimulatedSource
from kiosk.clock import Clock

_SIMULATED = "sim:"


def source_at(port: str, width_px: int, height_px: int, clock: Clock) -> FrameSource:
    """`sim:SOCKET` is a simulated camera, everything else a V4L2 node."""
    if port.startswith(_SIMULATED):
        return SimulatedSource(port.removeprefix(_SIMULATED), clock)
    return V4l2Source(port, width_px, height_px, clock)
