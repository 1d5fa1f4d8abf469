"""The first bytes of a page that the power left in the middle: the one spot of the file that no page MAC can mend.

SQLCipher keeps its salt in the clear in the first 16 bytes of page 1 and derives the key of every page's MAC from
it.  A power cut while the log is being folded into the main file may leave garbage in that sector; then nothing
can be read, though the log, synced before, holds the whole page 1 with the same salt in front.

The log's layout: https://sqlite.org/fileformat2.html#walformat (32 bytes of header with the page size at 8; each
frame 24 bytes, the page's number first, then the page).
"""

from __future__ import annotations

import struct
from pathlib import Path

SALT_BYTES = 16
LOG_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
LOG_MAGIC = (0x377F0682, 0x377F0683)


def salt_in_log(file: Path) -> bytes | None:
    """The salt in front of page 1 in the log beside `file`, or None.

    The main file is not opened here: closing it again would give up the locks of this process.
    """
    try:
        with file.with_name(file.name + "-wal").open("rb") as log:
            header = log.read(LOG_HEADER_BYTES)
            if len(header) < LOG_HEADER_BYTES:
                return None
            magic, _, page_bytes = struct.unpack_from(">III", header)
            if magic not in LOG_MAGIC or not 512 <= page_bytes <= 65536:
                return None
            while len(frame := log.read(FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES:
                if struct.unpack_from(">I", frame)[0] == 1:
                    salt = log.read(SALT_BYTES)
                    return salt if len(salt) == SALT_BYTES else None
                log.seek(page_bytes, 1)
    except OSError:
        return None
    return None
