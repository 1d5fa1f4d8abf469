"""The two decoders behind the code camera, asked so that they give bytes and never guess a text.

zxing-cpp is asked first, for the wanted symbologies only: what it is not asked for cannot be attacked.  It
also says where a code is that it cannot read.  zbar is asked through its C interface, because only there
can its guessing of character sets be turned off (ZBAR_CFG_BINARY, zbar.h since 0.23.1); it gives bytes for
QR codes and says nothing about what it could not read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp
from msgspec import Struct

from devices.camera.unbend import Floats, Modules
from devices.transport.frame_source import Pixels

# QR codes as they are printed today (model 2); the families' other members are left out on purpose.
_FORMATS: dict[str, Any] = {
    "qr": zxingcpp.QRCodeModel2,
    "code128": zxingcpp.Code128,
    "ean13": zxingcpp.EAN13,
    "datamatrix": zxingcpp.DataMatrix,
    "pdf417": zxingcpp.PDF417,
}
_NAMES = {
    zxingcpp.QRCodeModel2: "qr",
    zxingcpp.QRCode: "qr",
    zxingcpp.Code128: "code128",
    zxingcpp.EAN13: "ean",
    zxingcpp.DataMatrix: "datamatrix",
    zxingcpp.PDF417: "pdf417",
}
_QR_ONLY = zxingcpp.BarcodeFormats([zxingcpp.QRCodeModel2])
_HISTOGRAM = zxingcpp.Binarizer.GlobalHistogram
SYMBOLOGIES = frozenset(_FORMATS)


class Symbol(Struct, frozen=True, gc=False):
    """A code that was read. (A Struct: made for every hit, and a hit costs a tenth of a millisecond.)"""

    data: bytes
    symbology: str
    origin: Any = None
    """The engine's own object, for what is seldom asked."""
    modules: Modules | None = None
    """As sampled, uncorrected; True is dark."""
    mask: int | None = None
    level: str = ""

    def spare(self) -> float:
        """How much of the error correction was not needed: 1 all, 0 none; 1 where it is not known."""
        try:
            return float((self.origin.extra or {}).get("UEC", 1.0)) if self.origin is not None else 1.0
        except (TypeError, ValueError):
            return 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A QR code that was located and could not be read."""

    corners: Floats
    """Top left, top right, bottom right, bottom left."""
    side: int
    """Modules each way."""


class Zxing:
    """zxing-cpp for some symbologies."""

    def __init__(self, symbologies: Sequence[str]) -> None:
        self._formats = zxingcpp.BarcodeFormats([_FORMATS[name] for name in symbologies])
        self._only_qr = tuple(symbologies) == ("qr",)

    def read(self, image: Pixels, *, histogram: bool = False) -> tuple[list[Symbol], list[Candidate]]:
        """What can be read, and the QR codes that are there and cannot."""
        if histogram:
            found = zxingcpp.read_barcodes(
                image, formats=self._formats, return_errors=True, binarizer=_HISTOGRAM
            )
        else:
            found = zxingcpp.read_barcodes(image, formats=self._formats, return_errors=True)
        if not found:
            return [], []
        symbols = [
            _symbol(code, "qr" if self._only_qr else _NAMES.get(code.format, ""))
            for code in found
            if code.valid
        ]
        return symbols, [] if symbols else _candidates(found)


def read_portrait(image: Pixels) -> Symbol | None:
    """The code in a clean picture that holds nothing else."""
    for code in zxingcpp.read_barcodes(
        image, formats=_QR_ONLY, try_rotate=False, try_downscale=False, try_invert=False
    ):
        if code.valid:
            return _symbol(code, "qr")
    return None


def _symbol(code: Any, symbology: str) -> Symbol:
    data: bytes = code.bytes
    if symbology != "qr" or data.isascii():
        return Symbol(data, symbology, code)
    # Only a code that was read may be asked for its modules: on others the library can crash.
    quiet = np.array(code.to_image(scale=1, add_quiet_zones=True))
    dark_rows = np.flatnonzero((quiet == 0).any(axis=1))
    first, last = int(dark_rows[0]), int(dark_rows[-1]) + 1
    mask = (code.extra or {}).get("DataMask")
    return Symbol(
        data,
        symbology,
        code,
        modules=(quiet == 0)[first:last, first:last],
        mask=int(mask) if mask is not None else None,
        level=str(code.ec_level),
    )


def _candidates(found: Sequence[Any]) -> list[Candidate]:
    """The largest first. Without a version nothing can be straightened."""
    candidates = []
    for code in found:
        version = str((code.extra or {}).get("Version", ""))
        if _NAMES.get(code.format) != "qr" or not version.isdigit() or not 1 <= int(version) <= 40:
            continue
        place = code.position
        corners = np.array(
            [
                (point.x, point.y)
                for point in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
            ],
            np.float32,
        )
        candidates.append(Candidate(corners=corners, side=17 + 4 * int(version)))
    return sorted(candidates, key=lambda each: -np.ptp(each.corners, axis=0).min())


_ZBAR_QR, _CFG_ENABLE, _CFG_BINARY = 64, 0, 4
_Y800 = 0x30303859


class Zbar:
    """zbar for QR codes, as bytes. `Zbar.available` is None where the library is not installed."""

    def __init__(self, wrapper: Any) -> None:
        self._lib = wrapper
        self._scanner = wrapper.zbar_image_scanner_create()
        for symbology, setting, value in (
            (0, _CFG_ENABLE, 0),
            (_ZBAR_QR, _CFG_ENABLE, 1),
            (_ZBAR_QR, _CFG_BINARY, 1),
        ):
            if wrapper.zbar_image_scanner_set_config(self._scanner, symbology, setting, value):
                raise OSError("this zbar cannot give bytes")

    @classmethod
    def available(cls) -> Zbar | None:
        """An instance, if the library is there and new enough; without it the ladder has fewer rungs."""
        try:
            from pyzbar import wrapper

            return cls(wrapper)
        except (ImportError, OSError):
            return None

    def read(self, image: Pixels) -> list[Symbol]:
        """The QR codes in a grey image."""
        image = np.ascontiguousarray(image)
        height, width = image.shape
        picture = self._lib.zbar_image_create()
        try:
            self._lib.zbar_image_set_format(picture, _Y800)
            self._lib.zbar_image_set_size(picture, width, height)
            self._lib.zbar_image_set_data(
                picture, ctypes.cast(image.ctypes.data, ctypes.c_void_p), image.size, None
            )
            if self._lib.zbar_scan_image(self._scanner, picture) < 1:
                return []
            return list(self._symbols(picture))
        finally:
            self._lib.zbar_image_destroy(picture)

    def _symbols(self, picture: Any) -> Any:
        symbol = self._lib.zbar_image_first_symbol(picture)
        while symbol:
            length = self._lib.zbar_symbol_get_data_length(symbol)
            yield Symbol(
                data=ctypes.string_at(self._lib.zbar_symbol_get_data(symbol), length), symbology="qr"
            )
            symbol = self._lib.zbar_symbol_next(symbol)
