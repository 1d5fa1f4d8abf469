"""A PDF that was given to us: whether it is one, and how many sheets it takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from devices.sheet_printer.pdf import Document, Unprintable

MAX_PDF_BYTES: Final = 32 * 1024 * 1024
_LOOK_S: Final = 5.0


def load(path: Path) -> Document:
    """Read the file. Raises `Unprintable`.

    Pages are counted by poppler's pdfinfo, which knows broken and packed files; without it the number is
    None, and a print of it stays unconfirmed, because nobody can compare what came out.
    """
    try:
        if path.stat().st_size > MAX_PDF_BYTES:
            raise Unprintable("size")
        data = path.read_bytes()
    except OSError as error:
        raise Unprintable("file") from error
    if not data.startswith(b"%PDF-"):
        raise Unprintable("format")
    return Document(data, _pages(data))


def _pages(data: bytes) -> int | None:
    program = shutil.which("pdfinfo")
    if program is None:
        return None
    try:
        answer = subprocess.run([program, "-"], input=data, capture_output=True, timeout=_LOOK_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unprintable("pages") from error
    found = re.search(rb"^Pages:\s+([0-9]{1,6})\s*$", answer.stdout, re.MULTILINE)
    if answer.returncode != 0 or found is None or int(found[1]) == 0:
        raise Unprintable("pages")
    return int(found[1])
