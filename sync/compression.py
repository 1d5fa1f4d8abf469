"""Bodies on the wire: zstd (RFC 8878) out, zstd or gzip in, and never more than the limit out of either."""

from __future__ import annotations

import zlib

import zstandard

ZSTD = "zstd"
GZIP = "gzip"
_LEVEL = 3
_WORTH_BYTES = 512
"""Below this the frame and the work cost more than they save."""
_MAX_WINDOW_BYTES = 8 * 1024 * 1024
"""What RFC 8878 §3.1.1.1.2 recommends a decoder to allow; a frame may ask for gigabytes."""


class TooMuch(ValueError):
    """A small body that would unfold into more than the limit."""


def compress(body: bytes) -> tuple[bytes, str | None]:
    """The body as it travels and its Content-Encoding; short bodies travel as they are."""
    if len(body) < _WORTH_BYTES:
        return body, None
    return zstandard.ZstdCompressor(level=_LEVEL).compress(body), ZSTD


def decompress(body: bytes, encoding: str | None, limit_bytes: int) -> bytes:
    """The content of a body; raises `TooMuch` beyond the limit and `ValueError` on anything malformed."""
    match (encoding or "identity").strip().lower():
        case "identity" | "":
            content = body
        case "zstd":
            content = _from_zstd(body, limit_bytes)
        case "gzip":
            content = _from_gzip(body, limit_bytes)
        case other:
            raise ValueError(f"unknown content encoding: {other}")
    if len(content) > limit_bytes:
        raise TooMuch(f"more than {limit_bytes} bytes")
    return content


def _from_zstd(body: bytes, limit_bytes: int) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
    try:
        with decompressor.stream_reader(body) as reader:
            return reader.read(limit_bytes + 1)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _from_gzip(body: bytes, limit_bytes: int) -> bytes:
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(content) <= limit_bytes and not decompressor.eof:
        raise ValueError("a gzip body that ends early")
    return content
