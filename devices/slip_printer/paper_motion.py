"""How far each operation moves the paper: the mechanical side of the simulated printer."""

from __future__ import annotations

import segno

from devices.slip_printer.interpreter import Kind, Operation

_DEFAULT_SPACING = 34
_DEFAULT_MODULE = 3
_TYPE_DOTS = 24
_CUT_FEED_DOTS = 24


class PaperMotion:
    """Follows the settings that matter for the length of a slip."""

    def __init__(self) -> None:
        self._large, self._spacing, self._module = False, _DEFAULT_SPACING, _DEFAULT_MODULE
        self._height = 0
        self._stored = b""

    def dots(self, operation: Operation) -> int:
        """Dots that the paper moves while `operation` is executed."""
        data = operation.data
        match operation.kind:
            case Kind.CHARACTER:
                self._height = max(self._height, _TYPE_DOTS * (2 if self._large else 1))
            case Kind.SIZE:
                self._large = data[0] == 0x11
            case Kind.SPACING:
                self._spacing = data[0]
            case Kind.QR_MODULE:
                self._module = data[0]
            case Kind.QR_STORE:
                self._stored = data
            case Kind.INIT:
                self.__init__()  # type: ignore[misc]
            case Kind.LINE_FEED:
                return max(self._spacing, self._line())
            case Kind.FEED_DOTS:
                return self._line() + data[0]
            case Kind.FEED_LINES:
                return self._line() + data[0] * self._spacing
            case Kind.RASTER:
                return self._line() + int.from_bytes(data[2:4], "little")
            case Kind.QR_PRINT if self._stored:
                code = segno.make(self._stored, error="m", micro=False, boost_error=False)
                return self._line() + len(code.matrix) * self._module
            case Kind.CUT:
                return self._line() + _CUT_FEED_DOTS
            case _:
                pass
        return 0

    def _line(self) -> int:
        height, self._height = self._height, 0
        return height
