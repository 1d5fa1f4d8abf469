"""A photograph or a scan that belongs to a case: named inside the sealed case, so that the chain covers it.

Its bytes are sealed like a case and travel apart from it, in pieces; `digest` is over the sealed bytes, so that
whoever holds them can be asked for exactly these and nobody needs a key to compare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

MAX_ATTACHMENT_BYTES = 8 * 1024 * 1024
"""A page of paper photographed well takes a tenth of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What a case says of something that was handed in with it."""

    digest: bytes
    """SHA-256 of the sealed bytes."""
    media_type: str
    size_bytes: int
    """Of the sealed bytes: what is stored and sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentSeal:
    """What the sealed bytes of an attachment are bound to (HPKE `info`).

    Not to its entry: the case names the attachment by digest inside its own seal, which says whose it is.
    """

    terminal_number: str
    media_type: str

    def binding(self) -> bytes:
        """The canonical bytes that the sealed body is bound to."""
        content = {"attachment": self.media_type, "terminal": self.terminal_number, "v": 1}
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")
