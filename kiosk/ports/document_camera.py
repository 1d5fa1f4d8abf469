"""The document camera (高拍仪): a picture of a sheet of paper, straightened and judged."""

from __future__ import annotations

import threading
from abc import abstractmethod
from enum import StrEnum

from msgspec import Struct

from kiosk.ports.device import DevicePort


class CaptureRemark(StrEnum):
    """What stands in the way of a good picture. Each is one sentence to the resident."""

    NO_PAGE = "no_page"
    """No sheet of paper is found on the plate."""
    CUT_OFF = "cut_off"
    """The sheet reaches beyond the picture."""
    GLARE = "glare"
    """有反光，请移动一下."""
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    MOVING = "moving"
    NO_CAMERA = "no_camera"
    CANCELED = "canceled"


class Preview(Struct, frozen=True, kw_only=True):
    """What the camera sees now, small enough to be drawn several times a second."""

    jpeg: bytes
    corners: tuple[tuple[float, float], ...] = ()
    """The sheet's corners as fractions of width and height, clockwise from its top left; () when not found."""
    remark: CaptureRemark | None = None


class PageCaptured(Struct, frozen=True, kw_only=True, tag="captured"):
    """A straightened page. Which end is up cannot be known without reading it."""

    jpeg: bytes
    width_px: int
    height_px: int
    dpi: int = 0
    """Dots an inch of the paper itself; 0 where nothing tells how large it is."""
    remark: CaptureRemark | None = None
    """What is still wrong with it, if the person chose to take it all the same."""


class NotCaptured(Struct, frozen=True, kw_only=True, tag="not_captured"):
    """No picture worth keeping."""

    remark: CaptureRemark


class DocumentCamera(DevicePort):
    """Takes pictures of papers."""

    @abstractmethod
    def preview(self, timeout_s: float, cancel: threading.Event) -> Preview | None:
        """The next picture, small; None when none came in time."""

    @abstractmethod
    def capture(
        self, timeout_s: float, cancel: threading.Event, in_spite_of: frozenset[CaptureRemark] = frozenset()
    ) -> PageCaptured | NotCaptured:
        """Wait until the sheet lies still and take it straight; remarks in `in_spite_of` do not prevent it."""
