"""Which characters a printer has type for. All others are drawn: a printer says nothing of a missing glyph."""

from __future__ import annotations

import unicodedata

from devices.slip_printer.models import Repertoire

_LEAD_OF_UNSURE_ROWS = 0xFE
"""Two-byte characters from here on (䶮, the radicals) are absent from cheap firmware."""
_NEVER = frozenset(("Co", "Cn", "Cs", "Cf", "Cc", "Mn", "Me"))


def in_repertoire(char: str, repertoire: Repertoire = Repertoire.GBK) -> bool:
    """Whether a printer with this `repertoire` has `char` in its own type.

    Cheap firmware has the two-byte characters of GBK and no others (SP91 manual); what GB 18030 added later
    (€, ǹ, ⅰ) is blank there too.
    """
    if char.isascii():
        return char.isprintable()
    if repertoire is Repertoire.ASCII or unicodedata.category(char) in _NEVER:
        return False
    try:
        encoded = char.encode("gb18030")
        if repertoire is Repertoire.GB18030:
            return True
        # Decoded, not encoded: the codecs disagree on which dot and which dash stands at one place.
        encoded.decode("gb2312" if repertoire is Repertoire.GB2312 else "gbk")
    except UnicodeError:
        return False
    return len(encoded) == 2 and encoded[0] < _LEAD_OF_UNSURE_ROWS
