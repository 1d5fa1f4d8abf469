"""What may be handed on of a code, wherever it was read: short, plain text, once.

A code is untrusted input: whoever shows it wrote it.
"""

from __future__ import annotations

import unicodedata

MAX_CODE_BYTES = 4096
SAME_CODE_S = 2.0


def text_of(code: bytes) -> str | None:
    """UTF-8, or else GB 18030; None when the bytes are neither."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return code.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def plain(text: str) -> str:
    """Without control characters, and without those that turn or hide the text around them."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf"))


class Repeats:
    """Tells a code that is held before a reader from one that is shown again."""

    def __init__(self) -> None:
        self._recent: dict[str, float] = {}

    def forget(self) -> None:
        """The next code is new, whatever it says."""
        self._recent.clear()

    def seen(self, text: str, now: float) -> bool:
        """Whether the same code was seen just now; holding it there prolongs the window."""
        self._recent = {known: at for known, at in self._recent.items() if now - at < SAME_CODE_S}
        seen = text in self._recent
        self._recent[text] = now
        return seen
