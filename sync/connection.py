"""Sockets to the platform that can be cut from another thread, and deadlines that cut them.

requests limits the pauses of an exchange, not its length: a server that sends a byte every ten seconds
holds a thread for ever.  So every socket that is opened is known here, and a deadline, a cancelled
look-up or the end of the process shuts it down, which ends whatever waits on it at once.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from kiosk.clock import Clock
from sync.resolver import Address, NoAddress, Resolver

# Its warnings about a malformed answer quote the answer, and an answer may speak of a person.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

_NAME_SHARE = 0.6
"""Of the time for connecting, at most so much is spent on finding the address."""
_SHORTEST_TRY_S = 0.5


class OpenSockets:
    """The sockets of one client."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._woken: set[threading.Event] = set()
        self._lock = threading.Lock()
        self.was_cut = threading.Event()
        """Set from a cut until the next exchange begins: for what waits and is no socket."""
        self.opened = 0
        """How many were opened so far: an exchange that opened none went over an older connection."""
        self.last: tuple[str, int, Address] | None = None
        """Host, port and address of the newest one."""

    def allow(self) -> None:
        """An exchange begins."""
        with self._lock:
            self.was_cut.clear()

    def add(self, opened: socket.socket) -> None:
        """Know one more; one whose exchange was cut while it was still connecting is shut down at once."""
        with self._lock:
            self._sockets.add(opened)
        if self.was_cut.is_set():
            _shut_down(opened)

    def opened_to(self, host: str, port: int, address: Address) -> None:
        """A connection stands."""
        self.opened += 1
        self.last = host, port, address

    @contextlib.contextmanager
    def woken_by_cut(self) -> Iterator[threading.Event]:
        """An event that a cut sets, for a wait that something else ends as well."""
        event = threading.Event()
        with self._lock:
            self._woken.add(event)
        try:
            if self.was_cut.is_set():
                event.set()
            yield event
        finally:
            with self._lock:
                self._woken.discard(event)

    @property
    def left_behind(self) -> bool:
        """Whether one of them is bound to an address over which its other end is not reached any more."""
        with self._lock:
            sockets = list(self._sockets)
        return any(_is_left_behind(opened) for opened in sockets)

    def cut(self) -> None:
        """Shut all of them down, and those that this exchange still opens."""
        with self._lock:
            self.was_cut.set()
            sockets, woken = list(self._sockets), list(self._woken)
        for event in woken:
            event.set()
        for opened in sockets:
            _shut_down(opened)


def _shut_down(opened: socket.socket) -> None:
    """Whoever reads or writes it fails now."""
    with contextlib.suppress(OSError):
        # The base class's method: SSLSocket's own also drops the TLS state under the reader's feet.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _is_left_behind(opened: socket.socket) -> bool:
    """Asks the kernel, and sends nothing: a datagram socket that connects is only given its address and route."""
    try:
        here, there = opened.getsockname(), opened.getpeername()
    except OSError:
        return False  # closed, or not connected yet: it will find out itself
    try:
        with socket.socket(opened.family, socket.SOCK_DGRAM) as probe:
            probe.connect(there)
            return bool(probe.getsockname()[0] != here[0])
    except OSError:
        return True


class CuttableAdapter(HTTPAdapter):
    """requests' transport, with every socket it opens known to `sockets`. Never tries again by itself."""

    def __init__(self, sockets: OpenSockets, resolver: Resolver, context: ssl.SSLContext) -> None:
        self._pools = _reporting_pools(sockets, resolver)
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See `HTTPAdapter`; the pools get connection classes that report their sockets."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """See `HTTPAdapter`; the same for what goes through the site's proxy."""
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=self._context, **kwargs
        )
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """See `HTTPAdapter`; nothing to do, because the context says whom to trust: not requests' own bundle."""


class _FinalAnswer(http.client.HTTPResponse):
    """Passes over every interim answer (RFC 9110 §15.2); the library knows 100 alone and takes 103 for the answer."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not http.HTTPStatus.SWITCHING_PROTOCOLS < found[1] < http.HTTPStatus.OK:
                return found
            http.client.parse_headers(self.fp)


def _reporting_pools(sockets: OpenSockets, resolver: Resolver) -> dict[str, Any]:
    class Connection(HTTPConnection):
        response_class = _FinalAnswer

        def _new_conn(self) -> socket.socket:
            return _connect(self, sockets, resolver)

    class SecureConnection(HTTPSConnection):
        response_class = _FinalAnswer

        def _new_conn(self) -> socket.socket:
            return _connect(self, sockets, resolver)

        def connect(self) -> None:
            super().connect()
            if self.sock is not None:
                sockets.add(self.sock)  # TLS has taken the descriptor away from the first one

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


def _connect(connection: HTTPConnection, sockets: OpenSockets, resolver: Resolver) -> socket.socket:
    """A connected socket, or one of urllib3's own errors. Each address gets a share of the time."""
    limit_s = float(connection.timeout) if isinstance(connection.timeout, (int, float)) else 5.0
    host, port = connection.host, int(connection.port or 0)
    try:
        with sockets.woken_by_cut() as woken:
            addresses = resolver.addresses(host, port, limit_s * _NAME_SHARE, woken)
    except NoAddress as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    failure: OSError = OSError("no address")
    for place, address in enumerate(addresses):
        if sockets.was_cut.is_set():
            break
        share_s = max(limit_s / (len(addresses) - place), _SHORTEST_TRY_S)
        try:
            opened = _open(address, share_s, limit_s, connection.socket_options, sockets)
        except OSError as error:
            failure = error
            limit_s = max(limit_s - share_s, _SHORTEST_TRY_S) if isinstance(error, TimeoutError) else limit_s
        else:
            sockets.opened_to(host, port, address)
            return opened
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {host} timed out") from failure
    raise NewConnectionError(connection, f"connecting to {host} failed: {failure}") from failure


def _open(
    address: Address, connect_s: float, then_s: float, options: Any, sockets: OpenSockets
) -> socket.socket:
    opened = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        for option in options or ():
            opened.setsockopt(*option)
        opened.settimeout(connect_s)
        sockets.add(opened)  # before it connects: a cut ends that too
        opened.connect(address.where)
        opened.settimeout(then_s)
    except BaseException:
        opened.close()
        raise
    return opened


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
