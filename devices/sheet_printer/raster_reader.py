"""Raster files read back into pictures: PWG Raster and URF, as a printer reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image


class NotRaster(ValueError):
    """These bytes are not a raster file, or break off."""


def read_pages(data: bytes) -> Iterator[Image.Image]:
    """Every page in 8-bit grey. Raises `NotRaster`."""
    try:
        if data.startswith(b"UNIRAST\x00"):
            yield from _urf(data)
        elif data.startswith(b"RaS2"):
            yield from _pwg(data)
        else:
            raise NotRaster("no sync word")
    except (struct.error, IndexError) as error:
        raise NotRaster("it breaks off") from error


def count_pages(data: bytes) -> int:
    """How many whole pages there are; 0 in what is no raster file."""
    count = 0
    try:
        for _page in read_pages(data):
            count += 1
    except NotRaster:
        pass
    return count


def _pwg(data: bytes) -> Iterator[Image.Image]:
    at = 4
    while at < len(data):
        width, height = struct.unpack_from(">2I", data, at + 372)
        bits_a_pixel, line_bytes = struct.unpack_from(">2I", data, at + 388)
        pixels, at = _lines(data, at + 1796, height, line_bytes, max(bits_a_pixel // 8, 1))
        yield _picture(pixels, width, height, line_bytes, bits_a_pixel)


def _urf(data: bytes) -> Iterator[Image.Image]:
    (pages,) = struct.unpack_from(">I", data, 8)
    at = 12
    for _ in range(pages):
        bits_a_pixel = data[at]
        width, height = struct.unpack_from(">2I", data, at + 12)
        line_bytes = width * bits_a_pixel // 8
        pixels, at = _lines(data, at + 32, height, line_bytes, max(bits_a_pixel // 8, 1))
        yield _picture(pixels, width, height, line_bytes, bits_a_pixel)


def _lines(data: bytes, at: int, height: int, line_bytes: int, unit: int) -> tuple[bytes, int]:
    """The pixels of one page, and where the next one begins."""
    pixels = bytearray()
    while len(pixels) < height * line_bytes:
        repeat, at = data[at] + 1, at + 1
        line = bytearray()
        while len(line) < line_bytes:
            code, at = data[at], at + 1
            if code == 128:
                line += b"\xff" * (line_bytes - len(line))
            elif code < 128:
                line += data[at : at + unit] * (code + 1)
                at += unit
            else:
                line += data[at : at + unit * (257 - code)]
                at += unit * (257 - code)
            if at > len(data):
                raise NotRaster("it breaks off")
        if len(line) != line_bytes:
            raise NotRaster("a line is too long")
        pixels += line * repeat
    return bytes(pixels), at


def _picture(pixels: bytes, width: int, height: int, line_bytes: int, bits: int) -> Image.Image:
    if bits == 1:
        # PWG black_1: 1 is ink.
        image = Image.frombytes("1", (line_bytes * 8, height), bytes(255 - byte for byte in pixels))
        return image.crop((0, 0, width, height)).convert("L")
    mode = {8: "L", 24: "RGB"}.get(bits)
    if mode is None:
        raise NotRaster(f"{bits} bits a pixel")
    return Image.frombytes(mode, (width, height), pixels).convert("L")
