"""A log of another journal beside ours is set aside before the library opens anything, which would fold it in.

SQLite believes any log that lies beside a file and whose checksums add up; what it held then stands in the main
file, page by page.  SQLCipher gives every page a MAC under a key made from the page key and the salt in the file's
first 16 bytes, so the pages in the log of any other file, of the same key too, do not pass as ours.  Only a log is
set aside whose first frame SQLite would take, while the main file's first page is one of ours.  Where that page
does not read either, a power cut in the first checkpoint looks just the same (`kiosk.journal.lost_salt`), or the key
is the wrong one, and nothing is moved.

The log's layout and checksum: https://sqlite.org/fileformat2.html#walformat.  A page: the encrypted bytes, 16 bytes
of IV and 64 of HMAC-SHA512 over both and the page's number (https://www.zetetic.net/sqlcipher/design/).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from pathlib import Path
from urllib.parse import quote

from sqlcipher3 import dbapi2 as sqlite

from kiosk.durability import sync_path
from kiosk.journal.lost_salt import FRAME_HEADER_BYTES, LOG_HEADER_BYTES, LOG_MAGIC, SALT_BYTES

_MAC_BYTES = 64
_MAC_SALT_MASK = 0x3A
_MAC_KEY_ROUNDS = 2
_CANNOT_LOOK = (7, 14)
"""SQLITE_NOMEM and SQLITE_CANTOPEN say nothing of the file, and what was not looked at is not opened."""
_UNTOLD = ".untold"


def set_aside_foreign_log(file: Path, key: bytes) -> Path | None:
    """Give the log beside `file` another name when it belongs to another file; that name, or None.

    Nothing is read of the main file unless there is a log, and then through the library, which keeps this
    process's locks.  Raises OSError when the name cannot be given, and the library's error or MemoryError when it
    could not be looked at.
    """
    log = _log(file)
    first = _first_frame(log)
    salt = _salt_of_a_whole_file(file, key) if first is not None else None
    if first is None or salt is None or _passes(*first, key, salt):
        return None
    aside = _free_name(file)
    log.rename(aside)
    sync_path(file.parent)
    return aside


def untold(file: Path) -> list[Path]:
    """The logs set aside from beside `file` that nobody has told of yet. Raises OSError."""
    names = (one.name for one in os.scandir(file.parent))
    start = f"{file.name}.foreign-log-"
    return sorted(file.with_name(one) for one in names if one.startswith(start) and one.endswith(_UNTOLD))


def final_name(aside: Path) -> Path:
    """What a log is called once it was told of."""
    return aside.with_name(aside.name.removesuffix(_UNTOLD))


def mark_told(aside: Path) -> None:
    """It stands in the audit log now."""
    aside.rename(final_name(aside))


def _first_frame(log: Path) -> tuple[int, bytes] | None:
    """The number and the bytes of the first page in the log, if SQLite would take it."""
    try:
        with log.open("rb") as opened:
            header = opened.read(LOG_HEADER_BYTES)
            if len(header) < LOG_HEADER_BYTES:
                return None
            magic, _, page_bytes = struct.unpack_from(">III", header)
            if magic not in LOG_MAGIC or not 512 <= page_bytes <= 65536:
                return None
            frame, page = opened.read(FRAME_HEADER_BYTES), opened.read(page_bytes)
    except FileNotFoundError:
        return None
    if len(page) < page_bytes or frame[8:16] != header[16:24]:
        return None
    order = ">" if magic & 1 else "<"
    of_header = _checksum(order, header[:24], (0, 0))
    of_frame = _checksum(order, frame[:8] + page, of_header)
    if of_header != struct.unpack_from(">II", header, 24) or of_frame != struct.unpack_from(">II", frame, 16):
        return None
    return struct.unpack_from(">I", frame)[0], page


def _checksum(order: str, content: bytes, start: tuple[int, int]) -> tuple[int, int]:
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    first, second = start
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second


def _salt_of_a_whole_file(file: Path, key: bytes) -> bytes | None:
    """The main file's salt, if its first page passes under our key; its log is not looked at, and no lock is taken."""
    connection = None
    try:
        connection = sqlite.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA schema_version").fetchone()
        row = connection.execute("PRAGMA cipher_salt").fetchone()
        return bytes.fromhex(row[0]) if row else None
    except sqlite.Error as error:
        if error.sqlite_errorcode & 0xFF in _CANNOT_LOOK:
            raise
        return None  # opening it in earnest will say what it is
    finally:
        if connection is not None:
            connection.close()


def _passes(number: int, page: bytes, key: bytes, salt: bytes) -> bool:
    masked = bytes(byte ^ _MAC_SALT_MASK for byte in salt)
    mac_key = hashlib.pbkdf2_hmac("sha512", key, masked, _MAC_KEY_ROUNDS, len(key))
    in_the_clear = SALT_BYTES if number == 1 else 0
    said = page[in_the_clear:-_MAC_BYTES] + struct.pack("<I", number)
    return hmac.compare_digest(hmac.digest(mac_key, said, "sha512"), page[-_MAC_BYTES:])


def _log(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def _free_name(file: Path) -> Path:
    number = 1
    while any(
        file.with_name(f"{file.name}.foreign-log-{number}{suffix}").exists() for suffix in ("", _UNTOLD)
    ):
        number += 1
    return file.with_name(f"{file.name}.foreign-log-{number}{_UNTOLD}")
