"""The zstd dictionaries that come with the packs: what every case has in common is not sealed again in each.

A case of 800 bytes is too short for a compressor to learn from, and what is sealed cannot be compressed
later.  So the words that all cases share (the names of the fields, the codes of services and answers, what
addresses look like) lie ready in a dictionary on both sides.  A dictionary is known by its number for ever:
one that was released is never changed, a better one takes the next number (`python -m
kiosk.bench.train_dictionary`), and the platform keeps them all.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

import zstandard

from kiosk.config import PACKAGE_ROOT
from kiosk.domain.entry import EntryHeader
from kiosk.errors import SealingError, SealingFault

NEWEST = 1
"""What cases are sealed with from now on."""
FOLDER = PACKAGE_ROOT / "assets" / "packs" / "dictionaries"

_LEVEL = 7
"""13 µs and 215 bytes a case; level 3 takes 4 µs and 224 bytes, level 19 takes 126 µs and 214."""
_MAGIC = zstandard.FRAME_HEADER
_LONGEST_HEAD_BYTES = 14
"""RFC 8878 §3.1.1.1, without the magic number."""
_of_this_thread = threading.local()


def file_of(number: int) -> Path:
    """Where dictionary `number` is kept."""
    return FOLDER / f"{number}.zdict"


def compress(plaintext: bytes, number: int = NEWEST) -> bytes:
    """`plaintext` by dictionary `number`; a frame without magic and dictionary id, which the envelope names."""
    return _compressor(number).compress(plaintext)


def decompress(compressed: bytes, number: int, limit_bytes: int) -> bytes:
    """The plaintext again. Raises `SealingError`, also for a dictionary that is not here."""
    decompressor = _decompressor(number)
    try:
        # The format's own bound: the announced size is refused before anything is unpacked.
        size = zstandard.get_frame_parameters(_MAGIC + compressed[:_LONGEST_HEAD_BYTES]).content_size
        if size > limit_bytes:
            raise SealingError(SealingFault.FOREIGN)
        return decompressor.decompress(compressed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise SealingError(SealingFault.FOREIGN) from error


def without_header(plaintext: bytes, header: EntryHeader) -> bytes | None:
    """A case without the strings that its header says already; None when that could not be undone.

    Each becomes one control character, which stands in no JSON.
    """
    if any(mark in plaintext for mark in (b"\1", b"\2", b"\3")):
        return None
    for mark, text in _said_twice(header):
        plaintext = plaintext.replace(text, mark)
    return plaintext


def with_header(shortened: bytes, header: EntryHeader, limit_bytes: int) -> bytes:
    """The plaintext that `without_header` shortened. Raises `SealingError` when it would exceed the limit."""
    pairs = _said_twice(header)
    if len(shortened) + sum(shortened.count(mark) * len(text) for mark, text in pairs) > 2 * limit_bytes:
        raise SealingError(SealingFault.FOREIGN)
    for mark, text in reversed(pairs):
        shortened = shortened.replace(mark, text)
    return shortened


def _said_twice(header: EntryHeader) -> list[tuple[bytes, bytes]]:
    texts = (str(header.entry_id), header.service_code, header.pack_version)
    return [(bytes((place,)), f'"{text}"'.encode()) for place, text in enumerate(texts, start=1)]


@lru_cache(maxsize=8)
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    try:
        content = file_of(number).read_bytes()
    except OSError as error:
        raise SealingError(SealingFault.UNKNOWN_SUITE) from error
    return zstandard.ZstdCompressionDict(content)


def _compressor(number: int) -> zstandard.ZstdCompressor:
    """This thread's compressor: to make one costs more than to use it a hundred times."""
    made: dict[int, zstandard.ZstdCompressor] = _of_this_thread.__dict__.setdefault("compressors", {})
    if number not in made:
        dictionary = _dictionary(number)
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL,
            source_size=1024,
            dict_size=len(dictionary),
            format=zstandard.FORMAT_ZSTD1_MAGICLESS,
            write_content_size=True,
            write_dict_id=False,
        )
        made[number] = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters)
    return made[number]


def _decompressor(number: int) -> zstandard.ZstdDecompressor:
    made: dict[int, zstandard.ZstdDecompressor] = _of_this_thread.__dict__.setdefault("decompressors", {})
    if number not in made:
        made[number] = zstandard.ZstdDecompressor(
            dict_data=_dictionary(number), format=zstandard.FORMAT_ZSTD1_MAGICLESS
        )
    return made[number]
