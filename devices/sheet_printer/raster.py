"""A PDF as dots, for printers that take no PDF: PWG Raster (PWG 5102.4) and Apple's URF.

Both code a line alike: how often it repeats, then runs and literal pixels.  Poppler draws the pages.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.sheet_printer.pdf import Unprintable
from kiosk.clock import Clock, SystemClock

PWG, URF = "image/pwg-raster", "image/urf"
_SGRAY: Final = 18
_NORMAL_QUALITY: Final = 4
_A4_POINTS: Final = (595, 842)
_PWG_SYNC: Final = b"RaS2"
_URF_SYNC: Final = b"UNIRAST\x00"
_MOST: Final = 128
"""Pixels that one code byte can stand for."""
_DRAW_S: Final = 30.0
"""For all pages, with coding them."""
_END_S: Final = 5.0

Pixels = npt.NDArray[np.uint8]
Shape = tuple[int, ...]
"""Rows and columns."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A finished raster file and its pages."""

    data: bytes
    sheets: int


def rasterize(pdf: bytes, kind: str, dpi: int, clock: Clock | None = None) -> Raster:
    """Draw `pdf` in 8-bit grey as `kind`. Raises `Unprintable`."""
    pages = [(page.shape, _coded(page)) for page in _drawn(pdf, dpi, clock or SystemClock())]
    if not pages:
        raise Unprintable("pages")
    if kind == URF:
        parts = [_URF_SYNC, struct.pack(">I", len(pages))]
        parts += [_urf_header(shape, dpi) + coded for shape, coded in pages]
    else:
        parts = [_PWG_SYNC]
        parts += [_pwg_header(shape, dpi, len(pages)) + coded for shape, coded in pages]
    return Raster(b"".join(parts), len(pages))


def _drawn(pdf: bytes, dpi: int, clock: Clock) -> Iterator[Pixels]:
    """The pages as grey pixels, white is 255, one after another: one alone takes up to 140 MB."""
    program = shutil.which("pdftoppm")
    if program is None:
        raise Unprintable("pdftoppm")
    width, height = (round(points * dpi / 72) for points in _A4_POINTS)
    size = ["-scale-to-x", str(width), "-scale-to-y", str(height)]
    head = f"P5\n{width} {height}\n255\n".encode("ascii")
    with _in_memory(pdf) as file:
        try:
            drawing = subprocess.Popen(
                [program, "-gray", "-r", str(dpi), *size, "-"],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise Unprintable("pdftoppm") from error
        try:
            deadline = clock.monotonic() + _DRAW_S
            while page := _read(drawing, len(head) + width * height, clock, deadline):
                if len(page) != len(head) + width * height or not page.startswith(head):
                    raise Unprintable("pdftoppm")
                yield np.frombuffer(page, np.uint8, offset=len(head)).reshape(height, width)
            if drawing.wait(_END_S) != 0:
                raise Unprintable("pdftoppm")
        except subprocess.TimeoutExpired as error:
            raise Unprintable("pdftoppm") from error
        finally:
            drawing.kill()
            drawing.communicate()


@contextlib.contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    """A file without a name, which no disk ever holds."""
    file = os.memfd_create("pdf")
    try:
        with os.fdopen(os.dup(file), "wb") as writer:
            writer.write(data)
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


def _read(drawing: subprocess.Popen[bytes], count: int, clock: Clock, deadline: float) -> bytes:
    """So many bytes of the drawing, less at its end. Raises `Unprintable` at `deadline`."""
    assert drawing.stdout is not None
    ready, data = select.poll(), bytearray()
    ready.register(drawing.stdout, select.POLLIN)
    while len(data) < count:
        if not ready.poll(max(0.0, deadline - clock.monotonic()) * 1000):
            raise Unprintable("pdftoppm")
        if not (part := os.read(drawing.stdout.fileno(), min(count - len(data), 1 << 20))):
            break
        data += part
    return bytes(data)


def _pwg_header(shape: Shape, dpi: int, pages: int) -> bytes:
    height, width = shape
    header = bytearray(1796)

    def put(offset: int, *values: int) -> None:
        struct.pack_into(f">{len(values)}I", header, offset, *values)

    header[0:10] = b"PwgRaster\x00"
    put(276, dpi, dpi)
    put(340, 1)  # copies: a job attribute says how many
    put(352, *_A4_POINTS)
    put(372, width, height)
    put(384, 8, 8, width, 0, _SGRAY)
    put(420, 1)
    put(452, pages, 1, 1, 0, 0, width, height)
    put(484, _NORMAL_QUALITY)
    name = b"iso_a4_210x297mm"
    header[1732 : 1732 + len(name)] = name
    return bytes(header)


def _urf_header(shape: Shape, dpi: int) -> bytes:
    height, width = shape
    return struct.pack(">8B4xIII8x", 8, 0, 1, _NORMAL_QUALITY, 0, 0, 0, 0, width, height, dpi)


def _coded(page: Pixels) -> bytes:
    """All lines of a page; those that are alike are said once, up to 256 together."""
    parts: list[bytes] = []
    differs = np.any(page[1:] != page[:-1], axis=1)
    starts = np.concatenate(([0], np.flatnonzero(differs) + 1, [len(page)]))
    for start, end in itertools.pairwise(starts):
        line = _coded_line(page[start])
        for first in range(int(start), int(end), 256):
            parts.append(bytes((min(int(end) - first, 256) - 1,)) + line)
    return b"".join(parts)


def _coded_line(line: Pixels) -> bytes:
    """Runs as (count - 1, pixel); what does not repeat as (257 - count, pixels…)."""
    starts = np.concatenate(([0], np.flatnonzero(line[1:] != line[:-1]) + 1))
    lengths = np.diff(np.concatenate((starts, [len(line)])))
    coded, single = bytearray(), bytearray()

    def flush() -> None:
        for first in range(0, len(single), _MOST):
            piece = single[first : first + _MOST]
            # One pixel alone is a run of one: 256 does not fit the byte.
            coded.append(257 - len(piece) if len(piece) > 1 else 0)
            coded.extend(piece)
        single.clear()

    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        value = int(line[start])
        if length == 1:
            single.append(value)
            continue
        flush()
        for first in range(0, length, _MOST):
            coded += bytes((min(length - first, _MOST) - 1, value))
    flush()
    return bytes(coded)
