"""One connection to the journal's file: opened safely or not at all, its errors in our words.

What this file insists on, and why:

* an SQLite in which two connections in WAL cannot lose an acknowledged commit (fixed in 3.51.3, 3.50.7
  and 3.44.6; https://sqlite.org/wal.html#the_wal_reset_bug);
* `journal_mode` and `synchronous` are read back, because a file system that refuses WAL, or an I/O error
  while switching, leaves SQLite silently in another mode;
* after an I/O error the connection is thrown away: the kernel may already have dropped the dirty pages,
  so a second sync that succeeds proves nothing;
* the log of another file is never folded into ours (`kiosk.journal.foreign_log`);
* after an allocation that failed it is thrown away too: whether the commit got into the log is not known;
* a file that was set aside by the other process is noticed before each write, because a renamed file can
  still be written to.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlite

from kiosk.errors import JournalError, JournalFault
from kiosk.journal.foreign_log import set_aside_foreign_log
from kiosk.journal.lost_salt import salt_in_log
from kiosk.journal.os_fault import journal_error
from kiosk.journal.right_of_way import RightOfWay

Row = tuple[Any, ...]
Parameters = Sequence[object]

BUSY_TIMEOUT_MS = 5_000
_BUSY_POLL_S = 0.0005
JOURNAL_SIZE_LIMIT_BYTES = 16 * 1024 * 1024
AUTOCHECKPOINT_PAGES = 2_000
"""A checkpoint adds two syncs to the commit that happens to trigger it; 8 MiB of log keeps them rare."""

_FIXED_BRANCHES = {(3, 44): 6, (3, 50): 7}
_FIXED_FROM = (3, 51, 3)
_KEY_BYTES = 32
_FAULTS = {
    5: JournalFault.BUSY,
    6: JournalFault.BUSY,
    7: JournalFault.NO_MEMORY,
    8: JournalFault.READ_ONLY,
    10: JournalFault.INPUT_OUTPUT,
    11: JournalFault.DAMAGED,
    13: JournalFault.DISK_FULL,
    14: JournalFault.INPUT_OUTPUT,  # CANTOPEN
    26: JournalFault.WRONG_KEY,  # NOTADB
}
"""SQLite's primary result codes (https://sqlite.org/rescode.html)."""
_BOUND = (int, float, str, bytes, type(None))
_NOMEM, _CANTOPEN, _IOERR_NOMEM = 7, 14, 3082
_OF_THE_CONNECTION = {JournalFault.INPUT_OUTPUT, JournalFault.NO_MEMORY, JournalFault.NO_DESCRIPTORS}
_RAISED = (sqlite.Error, MemoryError)
"""What the library raises; where it has no memory it is Python's own error, without a code."""


def require_safe_sqlite(version: str = sqlite.sqlite_version) -> None:
    """Raise `JournalError(UNSAFE_SQLITE)` unless this SQLite keeps acknowledged commits in WAL."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    if (major, minor, patch) >= _FIXED_FROM:
        return
    fixed_patch = _FIXED_BRANCHES.get((major, minor))
    if fixed_patch is None or patch < fixed_patch:
        raise JournalError(JournalFault.UNSAFE_SQLITE, f"SQLite {version}, needed 3.51.3, 3.50.7+ or 3.44.6+")


class Database:
    """The connection. Every method raises `JournalError` and nothing else of the library's."""

    def __init__(self, file: Path, key: bytes) -> None:
        """Open or create `file`; raises `JournalError` and leaves nothing open when it cannot be trusted."""
        require_safe_sqlite()
        if len(key) != _KEY_BYTES:
            raise JournalError(
                JournalFault.MISSING_KEY, f"the page key has {len(key)} bytes, not {_KEY_BYTES}"
            )
        self.file, self._path = file, str(file)
        self._fault: JournalFault | None = None
        self._identity = _prepare_file(file, key)
        self._connection: Any = None
        self._right_of_way = RightOfWay(file)
        try:
            self._connect(key)
        except JournalError as error:
            # While this connection is open: closing it may fold in the log and take it away.
            salt = salt_in_log(file) if error.fault is JournalFault.WRONG_KEY else None
            self._discard()
            if salt is None:
                raise
            self._connect_again(key, salt)

    @property
    def usable(self) -> bool:
        """Whether this connection may still be used; after some faults it may not: close and open again."""
        return self._fault is None

    @property
    def fault(self) -> JournalFault | None:
        """Why this connection may not be used any more, or None while it may."""
        return self._fault

    @property
    def connection(self) -> Any:
        """The library's own connection, for migrations and checks inside this package."""
        return self._connection

    def close(self) -> None:
        """Close; harmless when already closed or thrown away."""
        if self._fault is None:
            self._fault = JournalFault.INPUT_OUTPUT
        self._discard()

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query."""
        self._refuse_when_closed()
        try:
            found: list[Row] = self._connection.execute(sql, parameters).fetchall()
        except _RAISED as error:
            raise self._in_our_words(error, parameters) from error
        finally:
            self._right_of_way.have()
        return found

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of a query, or None."""
        self._refuse_when_closed()
        try:
            cursor = self._connection.execute(sql, parameters)
            found: Row | None = cursor.fetchone()
            # A half-read cursor keeps a read transaction open, which would stop checkpoints.
            cursor.close()
        except _RAISED as error:
            raise self._in_our_words(error, parameters) from error
        finally:
            self._right_of_way.have()
        return found

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[Row]:
        """The rows of a query one by one, for tables that do not fit into memory."""
        self._refuse_when_closed()
        try:
            try:
                cursor = self._connection.execute(sql, parameters)
            finally:
                self._right_of_way.have()
            try:
                yield from cursor
            finally:
                cursor.close()
        except _RAISED as error:
            raise self._in_our_words(error, parameters) from error

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; the number of rows it changed."""
        self._refuse_when_closed()
        try:
            return int(self._connection.execute(sql, parameters).rowcount)
        except _RAISED as error:
            raise self._in_our_words(error, parameters) from error
        finally:
            self._right_of_way.have()

    def run_many(self, sql: str, parameters: Iterable[Parameters]) -> int:
        """Run one statement for each set of parameters; the number of rows all of them changed."""
        self._refuse_when_closed()
        try:
            return max(int(self._connection.executemany(sql, parameters).rowcount), 0)
        except _RAISED as error:
            raise self._in_our_words(error) from error
        finally:
            self._right_of_way.have()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """`BEGIN IMMEDIATE … COMMIT`: one sync at the end, or nothing at all when the body raises.

        When this raises INPUT_OUTPUT the outcome is unknown until the journal was opened again.
        """
        self._refuse_when_closed()
        self.require_in_place()
        try:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            finally:
                self._right_of_way.have()
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # Some errors (disk full, I/O) have already rolled back inside the library, and after an
                # I/O error in the body there is no connection any more.
                with suppress(*_RAISED):
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                raise
        except _RAISED as error:
            raise self._in_our_words(error) from error

    def require_in_place(self) -> None:
        """Raise `JournalError(DAMAGED)` when the other process has set this file aside and started afresh."""
        try:
            status = os.stat(self._path)  # noqa: PTH116  a fifth of Path.stat's cost, before each commit
        except FileNotFoundError as error:
            raise JournalError(JournalFault.DAMAGED, "the file was moved away: open again") from error
        except OSError as error:
            raise journal_error(error) from error
        if (status.st_dev, status.st_ino) != self._identity:
            raise JournalError(JournalFault.DAMAGED, "the file was set aside: open again")

    @property
    def others_wait(self) -> bool:
        """Whether another connection waits for the lock at this moment."""
        return self._right_of_way.is_asked_for()

    def checkpoint(self) -> None:
        """Move what the log holds into the main file as far as possible without making anybody wait."""
        self.row("PRAGMA wal_checkpoint(PASSIVE)")

    def _connect(self, key: bytes, salt: bytes = b"") -> None:
        """Open the library's connection and set it up; when that fails it is still to be discarded."""
        try:
            # Autocommit: every transaction here is opened and closed by name, in `transaction`.
            self._connection = sqlite.connect(
                self._path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, cached_statements=256
            )
            # Over the library's own waiting, whose pauses grow to 100 ms: a resident would wait through many
            # gaps of a sender that commits one batch after the other.
            self._connection.set_busy_handler(_Patience(BUSY_TIMEOUT_MS / 1000, self._right_of_way))
            self._configure(key, salt)
        except _RAISED as error:
            raise _open_error(error, self.file) from error
        finally:
            self._right_of_way.have()

    def _connect_again(self, key: bytes, salt: bytes) -> None:
        """With the salt that the main file has lost: a log of another file, or another key, fails as before."""
        try:
            self._connect(key, salt)
        except JournalError:
            self._discard()
            raise

    def _configure(self, key: bytes, salt: bytes) -> None:
        execute = self._connection.execute
        # The library's own log goes to stderr, a line a page; faults reach the caller as exceptions.
        execute("PRAGMA cipher_log_level = NONE")
        execute(f"PRAGMA key = \"x'{(key + salt).hex()}'\"")
        # No page holds anything personal (cases are sealed before they get here), so wiping every
        # allocation of the library would cost time and protect nothing.
        execute("PRAGMA cipher_memory_security = OFF")
        execute("SELECT count(*) FROM sqlite_master").fetchone()  # the first read proves the key
        mode = self._switch_to_wal()
        execute("PRAGMA synchronous = FULL")
        synchronous = execute("PRAGMA synchronous").fetchone()
        if mode != "wal" or synchronous != (2,):
            raise JournalError(JournalFault.NOT_DURABLE, f"journal_mode {mode}, synchronous {synchronous}")
        execute("PRAGMA foreign_keys = ON")
        # Without it INSERT OR REPLACE deletes a row without asking the triggers.
        execute("PRAGMA recursive_triggers = ON")
        execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES}").fetchone()
        execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}").fetchone()
        execute("PRAGMA secure_delete = ON").fetchone()
        execute("PRAGMA temp_store = MEMORY")
        execute("PRAGMA trusted_schema = OFF")

    def _switch_to_wal(self) -> str:
        row = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        return str(row[0]) if row else "unknown"

    def _refuse_when_closed(self) -> None:
        if self._fault is not None:
            raise JournalError(self._fault, "this connection was closed: open the journal again")

    def _in_our_words(self, error: Exception, parameters: Parameters = ()) -> Exception:
        """What to raise for the library's `error`: a `JournalError`, or itself if it is a constraint or a bug."""
        fault = _fault_of(error, parameters)
        if fault is None:
            return error
        if fault in _OF_THE_CONNECTION:
            self._fault = fault
            self._discard()
        return JournalError(fault, str(error))

    def _discard(self) -> None:
        self._right_of_way.close()
        if self._connection is not None:
            with suppress(*_RAISED):
                self._connection.close()


class _Patience:
    """Waits for the other writer in small steps, so that the first gap between two of its commits is taken."""

    def __init__(self, longest_s: float, right_of_way: RightOfWay) -> None:
        self._longest_s, self._since_s = longest_s, 0.0
        self._right_of_way = right_of_way
        self._never = threading.Event()

    def __call__(self, tries: int) -> bool:
        """Whether to try again; the library calls it when the file is locked, with how often it has done so."""
        if tries == 0:
            self._since_s = time.monotonic()
        self._right_of_way.ask()
        self._never.wait(_BUSY_POLL_S)
        return time.monotonic() - self._since_s < self._longest_s


IntegrityError: type[Exception] = sqlite.IntegrityError
"""A constraint or a trigger refused."""

LibraryError: type[Exception] = sqlite.Error
"""Whatever the library raises; only for code that salvages from a damaged file."""


def _fault_of(error: Exception, parameters: Parameters = ()) -> JournalFault | None:
    if isinstance(error, MemoryError):
        return JournalFault.NO_MEMORY
    if isinstance(error, sqlite.InterfaceError) and all(isinstance(one, _BOUND) for one in parameters):
        return JournalFault.NO_MEMORY  # a value that could not be copied "is probably of an unsupported type"
    extended = int(getattr(error, "sqlite_errorcode", 0) or 0)
    code = _NOMEM if extended == _IOERR_NOMEM else extended & 0xFF
    if code == _CANTOPEN and not _has_descriptors():
        return JournalFault.NO_DESCRIPTORS
    return _FAULTS.get(code)


def _has_descriptors() -> bool:
    """Whether one more file could be opened; the library says "cannot open" for every reason."""
    try:
        os.close(os.open("/", os.O_PATH | os.O_CLOEXEC))
    except OSError as error:
        return error.errno not in (errno.EMFILE, errno.ENFILE)
    return True


def _open_error(error: Exception, file: Path) -> JournalError:
    fault = _fault_of(error) or JournalFault.DAMAGED
    if fault is JournalFault.INPUT_OUTPUT and not os.access(file.parent, os.W_OK):
        fault = JournalFault.READ_ONLY  # WAL needs two files beside the main one
    return JournalError(fault, str(error))


def _prepare_file(file: Path, key: bytes) -> tuple[int, int]:
    """Make sure that `file` is one that SQLite should be let near; its device and inode numbers."""
    try:
        status = file.stat()
    except FileNotFoundError:
        status = _create(file)
    except OSError as error:
        raise journal_error(error) from error
    else:
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(JournalFault.DAMAGED, "not a regular file")
        if status.st_size == 0:
            raise JournalError(JournalFault.DAMAGED, "zero length")
        if not os.access(file, os.R_OK | os.W_OK):
            raise JournalError(JournalFault.READ_ONLY, "no permission to read and write the file")
        _let_no_foreign_log_in(file, key)
    return status.st_dev, status.st_ino


def _let_no_foreign_log_in(file: Path, key: bytes) -> None:
    try:
        set_aside_foreign_log(file, key)
    except OSError as error:
        raise journal_error(error) from error
    except _RAISED as error:
        raise _open_error(error, file) from error


def _create(file: Path) -> os.stat_result:
    log = file.with_name(file.name + "-wal")
    if log.exists():
        # SQLite would delete the log of a main file that is gone; it may hold entries.
        raise JournalError(JournalFault.DAMAGED, "the main file is missing, its log is not")
    try:
        # Made here so that nobody else can read it; SQLite gives its log the same mode.
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise journal_error(error) from error
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)
