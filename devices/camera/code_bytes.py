"""The text of a code, from its bytes: exact, or none at all. Nothing is guessed where the code says it.

A code may name its character set (ECI), or hold kanji or hanzi as such.  Mostly it does neither; then bytes
that are UTF-8 are UTF-8, and others are GB 18030, as platforms here write them.  Three exceptions, each only
on evidence that Chinese text does not show by chance: bytes whose UTF-8 reading is a mixture of rarely used
letters while their GB 18030 reading is common hanzi; bytes that read as Japanese kana in Shift JIS, the set
that the first edition of the QR standard (JIS X 0510) had for every plain byte; and single accented letters
within words in ISO 8859-1, the set of the later editions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from devices.camera.qr_segments import Mode, Part

# AIM ITS/04-023, the extended channel interpretations; GB 2312 and GBK are read as the set that contains both.
_CHARSETS = {
    0: "cp437",
    1: "latin-1",
    2: "cp437",
    3: "latin-1",
    **{number: f"iso8859-{number - 2}" for number in (*range(4, 14), *range(15, 19))},
    20: "cp932",
    21: "cp1250",
    22: "cp1251",
    23: "cp1252",
    24: "cp1256",
    25: "utf-16-be",
    26: "utf-8",
    27: "ascii",
    28: "big5",
    29: "gb18030",
    30: "euc-kr",
    31: "gb18030",
    32: "gb18030",
    33: "utf-16-le",
    34: "utf-32-be",
    35: "utf-32-le",
    170: "ascii",
}
_ALPHABETS = ((0x386, 0x3CE), (0x400, 0x4E9), (0x531, 0x587), (0x5B0, 0x5EA), (0x620, 0x6D5))
"""Greek, Cyrillic, Armenian, Hebrew, Arabic (Uyghur too): the letters that words are written with."""
_OFTEN_WRONG = frozenset({0, 1, 2, 3})
"""Programs name these without meaning it, and write UTF-8 all the same."""


def text_of(data: bytes, parts: Sequence[Part] | None = None) -> str | None:
    """The text, or None when there is none that can be trusted."""
    if parts is None and data.isascii():
        return data.decode("ascii")
    if parts is None or not any(part.charset is not None or part.mode is not Mode.PLAIN for part in parts):
        return _plain(data)
    whole = _utf8(data) if all(part.charset is None for part in parts) else None
    if whole is not None and not _looks_like_hanzi(data, whole):
        return whole  # some programs pack pairs of UTF-8 bytes as if they were kanji
    japanese = any(part.mode is Mode.KANJI for part in parts)
    texts: list[str] = []
    for (mode, charset), run in groupby(parts, key=lambda part: (part.mode, part.charset)):
        piece = b"".join(part.data for part in run)
        text = _piece(piece, mode, charset, japanese)
        if text is None:
            return None
        texts.append(text)
    return "".join(texts)


def _piece(data: bytes, mode: Mode, charset: int | None, japanese: bool) -> str | None:
    if mode is Mode.KANJI:
        # Programs that look at bytes only pack hanzi as kanji where their numbers allow it.
        named = _CHARSETS.get(charset) if charset is not None else None
        return _first(data, named or "cp932", "cp932", "gb18030")
    if mode is Mode.HANZI:
        return _decoded(data, "gb18030")
    if charset is None:
        return (_utf8(data) or _decoded(data, "cp932")) if japanese else _plain(data)
    if charset in _OFTEN_WRONG and (text := _utf8(data)) is not None:
        return text
    return _decoded(data, _CHARSETS[charset]) if charset in _CHARSETS else None


def _plain(data: bytes) -> str | None:
    text = _utf8(data)
    if text is not None:
        return _decoded(data, "gb18030") if _looks_like_hanzi(data, text) else text
    chinese, japanese = _decoded(data, "gb18030"), _decoded(data, "cp932")
    if japanese is not None and _kana_evidence(japanese, chinese):
        return japanese
    western = data.decode("latin-1")
    return western if _is_western(western, chinese) else chinese


def _utf8(data: bytes) -> str | None:
    return _decoded(data, "utf-8")


def _decoded(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return None


def _first(data: bytes, *charsets: str) -> str | None:
    return next((text for charset in charsets if (text := _decoded(data, charset)) is not None), None)


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _looks_like_hanzi(data: bytes, text: str) -> bool:
    """Whether valid UTF-8 is hanzi by accident: runs of pairs of bytes only, and what they spell is no language."""
    strange = [char for char in text if ord(char) >= 0x80]
    if any(ord(char) >= 0x800 for char in strange) or not re.search(r"[^\x00-\x7f]{2}", text):
        return False  # a sign or an accented letter by itself: 25 °C
    chinese = _decoded(data, "gb18030")
    if chinese is None or not all("\u4e00" <= char <= "\u9fff" for char in chinese if ord(char) >= 0x80):
        return False
    return not _spells_something(text, strange)


def _spells_something(text: str, strange: Sequence[str]) -> bool:
    """Letters of one script in words: Cyrillic, Arabic, …, or accented letters among plain ones."""
    if not all(unicodedata.category(char)[0] in "LM" for char in strange):
        return False
    if not all(ord(char) < 0x180 for char in strange):
        return any(all(low <= ord(char) <= high for char in strange) for low, high in _ALPHABETS)
    return bool(re.search(r"[A-Za-z][\u00c0-\u017f]|[\u00c0-\u017f][A-Za-z]", text))


def _is_western(western: str, chinese: str | None) -> bool:
    """Small accented letters, each alone within a word; where it could be hanzi, with a letter behind it too."""
    for place, char in enumerate(western):
        if ord(char) < 0x80:
            continue
        before, after = western[place - 1 : place], western[place + 1 : place + 2]
        if not "ß" <= char <= "ÿ" or char == "÷" or not (before.isascii() and before.isalpha()):
            return False
        if not after.isascii() or (chinese is not None and not after.isalpha()):
            return False
    return True


_KANA = re.compile(r"[\u3041-\u3093\u30a1-\u30f6\u30fc]")
_HALF_KANA = re.compile(r"[\uff61-\uff9f]")
_VOICED = re.compile(r"[\uff73\uff76-\uff84\uff8a-\uff8e]\uff9e|[\uff8a-\uff8e]\uff9f")
_VOICE_MARKS = re.compile(r"[\uff9e\uff9f]")


def _kana_evidence(japanese: str, chinese: str | None) -> bool:
    """Kana in the Japanese reading that cannot be an accident of Chinese bytes."""
    strange = [char for char in japanese if ord(char) >= 0x80]
    kana = len(_KANA.findall(japanese))
    half = len(_HALF_KANA.findall(japanese))
    voiced = len(_VOICED.findall(japanese))
    well_voiced = voiced == len(_VOICE_MARKS.findall(japanese))
    if chinese is None:
        return kana + half > 1 and 2 * (kana + half) >= len(strange) and well_voiced
    hanzi = [char for char in chinese if ord(char) >= 0x80]
    common = sum(_in_gb2312(char) for char in hanzi)
    if kana >= 2 and 3 * kana >= len(strange) - half and 2 * common <= len(hanzi) and well_voiced:
        return True
    # Half-width kana share their bytes with common hanzi; two sound marks, each where one may stand, do not.
    return half == len(strange) and voiced >= 2 and well_voiced
