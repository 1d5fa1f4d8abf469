"""libpcsclite.so.1, called directly: its types, its return codes, and a limit on how long a call may hang.

The prototypes are those of winscard.h of pcsc-lite: `DWORD` is `unsigned long` and `LONG` is `long`, so both
have eight bytes on 64-bit Linux (amd64 and arm64 alike) and structures are not packed.

The library waits for the service without any deadline, and for a card through the service: a card or a
driver that never answers would hold the device thread for good.  So each call is watched by a short-lived
thread, which hangs up on the service when the time is over; the call then ends at once.  That is the only
thread here, and it never outlives the call.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_long, c_ubyte, c_ulong, c_void_p
from pathlib import Path
from typing import Any, Final, Self

from devices.transport.card_slot import SlotFault, SlotLost

log = logging.getLogger(__name__)

SCOPE_SYSTEM: Final = 2
SHARE_EXCLUSIVE: Final = 1
T0_OR_T1: Final = 3
LEAVE_CARD: Final = 0
UNPOWER_CARD: Final = 2

STATE_CHANGED: Final = 0x0002
STATE_UNKNOWN: Final = 0x0004
STATE_UNAVAILABLE: Final = 0x0008
STATE_PRESENT: Final = 0x0020
STATE_EXCLUSIVE: Final = 0x0080
STATE_MUTE: Final = 0x0200

_TIMED_OUT: Final = 0x8010000A
_ATR_BYTES: Final = 33
_LOOK_S: Final = 0.05
_RELEASE_S: Final = 0.5
_CANCEL_GRACE_S: Final = 0.3
"""An exchange under way when the session ends is let finish, if it does so soon."""

_FAULTS: Final = {
    0x80100003: SlotFault.NO_SERVICE,  # SCARD_E_INVALID_HANDLE: of a service that has since been restarted
    0x80100006: SlotFault.NO_SERVICE,  # SCARD_E_NO_MEMORY: too many clients
    0x80100009: SlotFault.NO_READER,  # SCARD_E_UNKNOWN_READER
    0x8010000A: SlotFault.TIMED_OUT,  # SCARD_E_TIMEOUT
    0x8010000B: SlotFault.IN_USE,  # SCARD_E_SHARING_VIOLATION
    0x8010000C: SlotFault.NO_CARD,  # SCARD_E_NO_SMARTCARD
    0x8010000D: SlotFault.MUTE,  # SCARD_E_UNKNOWN_CARD
    0x8010000F: SlotFault.MUTE,  # SCARD_E_PROTO_MISMATCH
    0x80100010: SlotFault.MUTE,  # SCARD_E_NOT_READY
    0x80100012: SlotFault.NO_SERVICE,  # SCARD_E_SYSTEM_CANCELLED
    0x80100013: SlotFault.NO_SERVICE,  # SCARD_F_COMM_ERROR: between the library and the service
    0x80100016: SlotFault.FAILED,  # SCARD_E_NOT_TRANSACTED
    0x80100017: SlotFault.NO_READER,  # SCARD_E_READER_UNAVAILABLE
    0x8010001D: SlotFault.NO_SERVICE,  # SCARD_E_NO_SERVICE
    0x8010001E: SlotFault.NO_SERVICE,  # SCARD_E_SERVICE_STOPPED
    0x8010002E: SlotFault.NO_READER,  # SCARD_E_NO_READERS_AVAILABLE
    0x80100065: SlotFault.MUTE,  # SCARD_W_UNSUPPORTED_CARD
    0x80100066: SlotFault.MUTE,  # SCARD_W_UNRESPONSIVE_CARD
    0x80100067: SlotFault.RESET,  # SCARD_W_UNPOWERED_CARD
    0x80100068: SlotFault.RESET,  # SCARD_W_RESET_CARD
    0x80100069: SlotFault.NO_CARD,  # SCARD_W_REMOVED_CARD
    0x8010006A: SlotFault.REFUSED,  # SCARD_W_SECURITY_VIOLATION: polkit says no; or the service died
}


class ReaderState(ctypes.Structure):
    """SCARD_READERSTATE."""

    _fields_ = [
        ("reader", c_char_p),
        ("user_data", c_void_p),
        ("current_state", c_ulong),
        ("event_state", c_ulong),
        ("atr_length", c_ulong),
        ("atr", c_ubyte * _ATR_BYTES),
    ]


class IoRequest(ctypes.Structure):
    """SCARD_IO_REQUEST."""

    _fields_ = [("protocol", c_ulong), ("length", c_ulong)]


_PROTOTYPES: Final[dict[str, list[Any]]] = {
    "SCardEstablishContext": [c_ulong, c_void_p, c_void_p, POINTER(c_long)],
    "SCardReleaseContext": [c_long],
    "SCardListReaders": [c_long, c_char_p, c_void_p, POINTER(c_ulong)],
    "SCardGetStatusChange": [c_long, c_ulong, POINTER(ReaderState), c_ulong],
    "SCardConnect": [c_long, c_char_p, c_ulong, c_ulong, POINTER(c_long), POINTER(c_ulong)],
    "SCardDisconnect": [c_long, c_ulong],
    "SCardTransmit": [
        c_long,
        POINTER(IoRequest),
        c_char_p,
        c_ulong,
        POINTER(IoRequest),
        c_void_p,
        POINTER(c_ulong),
    ],
}


@functools.cache
def load_library() -> ctypes.CDLL | None:
    """The library with its prototypes; None where it is not installed."""
    try:
        library = ctypes.CDLL("libpcsclite.so.1")
        for name, arguments in _PROTOTYPES.items():
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, c_long
    except (OSError, AttributeError) as error:
        log.warning("no card reader can be used: libpcsclite is missing", extra={"cause": str(error)})
        return None
    return library


def fault_of(code: int) -> SlotFault:
    """What a return code means; one that nobody documented is taken for a failed exchange."""
    return _FAULTS.get(code, SlotFault.FAILED)


class Context:
    """One connection to the service. Raises `SlotLost` from every method; dead after NO_SERVICE or TIMED_OUT."""

    _opening = threading.Lock()
    _known: set[int] = set()
    """The inodes of the sockets of all contexts of this process."""

    def __init__(self, limit_s: float) -> None:
        library = load_library()
        if library is None:
            raise SlotLost(SlotFault.NO_SERVICE)
        self._library = library
        self._line: socket.socket | None = None
        self._inode = 0
        self.handle = c_long(0)
        # The library opens its socket one caller at a time, too; ours is the new one.
        if not Context._opening.acquire(timeout=max(limit_s, 0.01)):
            raise SlotLost(SlotFault.NO_SERVICE)
        try:
            with _Watch(self._hang_up, limit_s) as watch:
                code = library.SCardEstablishContext(SCOPE_SYSTEM, None, None, byref(self.handle))
            self._learn_line()
        finally:
            Context._opening.release()
        if (code := code & 0xFFFFFFFF) or watch.fired:
            self.close()
            raise SlotLost(watch.fired or fault_of(code))

    def call(self, name: str, *arguments: Any, limit_s: float, cancel: threading.Event | None = None) -> bool:
        """Call `name`, and hang up if it does not return within `limit_s`; False at a time-out of its own."""
        with _Watch(self._hang_up, limit_s, cancel) as watch:
            code = int(getattr(self._library, name)(*arguments)) & 0xFFFFFFFF
        if watch.fired:
            raise SlotLost(watch.fired)
        if code not in (0, _TIMED_OUT):
            raise SlotLost(fault_of(code))
        return code == 0

    def close(self) -> None:
        """Release it; never raises."""
        if self.handle.value:
            with _Watch(self._hang_up, _RELEASE_S):
                self._library.SCardReleaseContext(self.handle)
            self.handle = c_long(0)
        if self._line is not None:
            self._line.close()
            self._line = None
        Context._known.discard(self._inode)

    def _learn_line(self) -> None:
        for line, inode in _lines_to_service():
            if self._line is None and inode not in Context._known:
                self._line, self._inode = line, inode
                Context._known.add(inode)
            else:
                line.close()

    def _hang_up(self) -> None:
        if self._line is not None:
            _shut(self._line)
            return
        # Still being opened: under the lock, so the one that nobody knows is ours.
        for line, inode in _lines_to_service():
            if inode not in Context._known:
                _shut(line)
            line.close()


class _Watch:
    """Looks at the clock and at `cancel` while a call of the library is under way.

    Real time, whatever clock the driver was given: the card, too, lives in it.
    """

    def __init__(
        self, hang_up: Callable[[], None], limit_s: float, cancel: threading.Event | None = None
    ) -> None:
        self._hang_up, self._cancel = hang_up, cancel
        self._deadline = time.monotonic() + max(limit_s, 0.0) + _LOOK_S
        self._done = threading.Event()
        self.fired: SlotFault | None = None
        self._thread = threading.Thread(target=self._run, name="pcsc-watch", daemon=True)

    def _run(self) -> None:
        cancel_at: float | None = None
        while not self._done.wait(_LOOK_S):
            now = time.monotonic()
            if self._cancel is not None and self._cancel.is_set():
                cancel_at = cancel_at or now + _CANCEL_GRACE_S
            if now >= self._deadline:
                self.fired = SlotFault.TIMED_OUT
            elif cancel_at is not None and now >= cancel_at:
                self.fired = SlotFault.CANCELED
            if self.fired:
                self._hang_up()
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def _lines_to_service() -> list[tuple[socket.socket, int]]:
    """Copies of this process's sockets that lead to the PC/SC service, each with its inode."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError, ValueError):
            target = str(entry.readlink())
            if not target.startswith("socket:["):
                continue
            line = socket.socket(fileno=os.dup(int(entry.name)))
            peer = line.getpeername() if line.family == socket.AF_UNIX else ""
            if isinstance(peer, str) and Path(peer).name == "pcscd.comm":
                found.append((line, int(target[8:-1])))
            else:
                line.close()
    return found


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
