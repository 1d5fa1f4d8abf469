"""A log of another journal beside ours is set aside before the library opens anything, which would fold it in.

SQLite believes any log that lies beside a file and whose checksums add up; what it held then stands in the main
file, page by page.  SQLCipher gives every page a MAC under a key made from the page key and the salt in the file's
first 16 bytes, so the pages in the log of any other file, of the same key too, do not pass as ours.  Only a log is
set aside whose first frame SQLite would take, while the main file's first page is one of ours.  Where that page
does not read either, it may be the salt that is lost (`kiosk.journal.lost_salt`), or the key is the wrong one: then
the log goes only if it reads under our key with a salt that none of the main file's pages was written with.

The log's layout and checksum: https://sqlite.org/fileformat2.html#walformat.  A page: the encrypted bytes, 16 bytes
of IV and 64 of HMAC-SHA512 over both and the page's number (https://www.zetetic.net/sqlcipher/design/).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlcipher3 import dbapi2 as sqlite

from kiosk.journal.lost_salt import FRAME_HEADER_BYTES, LOG_HEADER_BYTES, LOG_MAGIC, SALT_BYTES, salt_in_log

_PAGE_BYTES = 4096
_MAC_BYTES = 64
_MAC_SALT_MASK = 0x3A
_MAC_KEY_ROUNDS = 2
_UNTOLD = ".untold"


def set_aside_foreign_log(file: Path, key: bytes) -> Path | None:
    """Give the log beside `file` another name when it belongs to another file; that name, or None.

    Nothing is read of the main file unless there is a log, and then through the library, which keeps this
    process's locks.  Raises OSError when the name cannot be given.
    """
    log = _log(file)
    first = _first_frame(log)
    if first is None or not _is_foreign(file, key, *first):
        return None
    aside = _free_name(file)
    log.rename(aside)
    _sync(file.parent)
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


def _is_foreign(file: Path, key: bytes, number: int, page: bytes) -> bool:
    salt = _salt_of_a_whole_file(file, key)
    if salt is not None:
        return not _passes(number, page, key, salt)
    of_log = salt_in_log(file)
    return of_log is not None and _passes(number, page, key, of_log) and not _belongs(file, key, of_log)


def _belongs(file: Path, key: bytes, salt: bytes) -> bool:
    """Whether the salt in the log is the one that `file` has lost: one of its pages at least passes."""
    pages = 0
    try:
        pages = file.stat().st_size // _PAGE_BYTES
        connection = _opened_alone(file, key + salt)
        try:
            failed = len(connection.execute("PRAGMA cipher_integrity_check").fetchall())
        finally:
            connection.close()
    except (sqlite.Error, MemoryError, OSError):
        return False
    return pages <= 1 or failed < pages


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
    except OSError:
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
    """The main file's salt, if its first page passes under our key; its log is not looked at."""
    try:
        connection = _opened_alone(file, key)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
            row = connection.execute("PRAGMA cipher_salt").fetchone()
            return bytes.fromhex(row[0]) if row else None
        finally:
            connection.close()
    except (sqlite.Error, MemoryError):
        return None  # opening it in earnest will say what it is


def _opened_alone(file: Path, key: bytes) -> Any:
    """A connection that reads the main file as it lies there, without its log and without locks of its own."""
    connection = sqlite.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return connection


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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
