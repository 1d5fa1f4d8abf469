"""Sockets to the platform that can be cut from another thread, and deadlines that cut them.

requests limits the pauses of an exchange, not its length: a server that sends a byte every ten seconds
holds a thread for ever.  So every socket that is opened is known here, and a deadline, a cancelled
look-up or the end of the process shuts it down, which ends whatever waits on it at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from kiosk.clock import Clock


class OpenSockets:
    """The sockets of one client."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self.opened = 0
        """How many were opened so far: an exchange that opened none went over an older connection."""
        self._cut = False

    def allow(self) -> None:
        """An exchange begins."""
        with self._lock:
            self._cut = False

    def add(self, opened: socket.socket) -> None:
        """Know one more; one whose exchange was cut while it was still connecting is shut down at once."""
        with self._lock:
            self._sockets.add(opened)
            self.opened += 1
            cut = self._cut
        if cut:
            _shut_down(opened)

    def cut(self) -> None:
        """Shut all of them down, and those that this exchange still opens."""
        with self._lock:
            self._cut = True
            sockets = list(self._sockets)
        for opened in sockets:
            _shut_down(opened)


def _shut_down(opened: socket.socket) -> None:
    """Whoever reads or writes it fails now."""
    with contextlib.suppress(OSError):
        # The base class's method: SSLSocket's own also drops the TLS state under the reader's feet.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


class CuttableAdapter(HTTPAdapter):
    """requests' transport, with every socket it opens known to `sockets`. Never tries again by itself."""

    def __init__(self, sockets: OpenSockets) -> None:
        self._open_sockets = sockets
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See `HTTPAdapter`; the pools get connection classes that report their sockets."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _reporting_pools(self._open_sockets)


def _reporting_pools(sockets: OpenSockets) -> dict[str, Any]:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            if self.sock is not None:
                sockets.add(self.sock)

    class SecureConnection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            if self.sock is not None:
                sockets.add(self.sock)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


class Deadline:
    """Whether the time of an exchange ran out, or somebody called it off."""

    def __init__(self) -> None:
        self.passed = False


@contextlib.contextmanager
def deadline(sockets: OpenSockets, clock: Clock, limit_s: float) -> Iterator[Deadline]:
    """Cut `sockets` when the body is not done after `limit_s`."""
    done = threading.Event()
    state = Deadline()

    def watch() -> None:
        if not clock.wait(done, limit_s):
            state.passed = True
            sockets.cut()

    watcher = threading.Thread(target=watch, name="platform-deadline", daemon=True)
    watcher.start()
    try:
        yield state
    finally:
        done.set()
        watcher.join()
