"""A line over the network to a listener: receipt printers on port 9100 (raw, "JetDirect").

The network tells less than a plug: a printer that loses its power or its cable says nothing.  The kernel
is told to ask by itself (keepalive) and to give up on bytes that nobody acknowledges, so that a dead line
shows within seconds; until then only a driver's own question finds out.
"""

from __future__ import annotations

import errno
import select
import socket
from typing import Final

from devices.transport.byte_port import PortFault, PortLost
from devices.transport.descriptor_port import DescriptorPort, open_fault
from kiosk.clock import Clock

_CONNECT_S: Final = 1.0
"""On the terminal's own network an answer takes milliseconds, and a first lost packet is sent again after 1 s."""
_IDLE_S, _INTERVAL_S, _PROBES = 3, 1, 3
_UNACKNOWLEDGED_MS: Final = 5000
"""TCP_USER_TIMEOUT (RFC 5482): bytes that are not acknowledged for so long end the connection."""


class TcpPort(DescriptorPort):
    """One connection, made anew on every `open`. A printer serves one at a time: it is this process's alone."""

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        super().__init__(clock)
        self.host, self.port = host, port
        self._socket: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        """See `BytePort`."""
        return self._socket is not None

    def open(self) -> None:
        """See `BytePort`. An address is best: a name is looked up by the resolver, at the resolver's pace."""
        self.close()
        try:
            connected = self._connect()
        except UnicodeError as error:  # a name that no name can be ("a..b"), told so by the codec of names
            raise PortLost(PortFault.ABSENT) from error
        except OSError as error:
            raise PortLost(_open_fault(error)) from error
        connected.setblocking(False)
        self._socket = connected

    def _connect(self) -> socket.socket:
        family, kind, protocol, _, address = socket.getaddrinfo(
            self.host, self.port, type=socket.SOCK_STREAM
        )[0]
        fresh = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
        try:
            fresh.settimeout(_CONNECT_S)
            for level, option, value in _OPTIONS:
                fresh.setsockopt(level, option, value)
            fresh.connect(address)
        except OSError:
            fresh.close()
            raise
        return fresh

    def close(self) -> None:
        """See `BytePort`."""
        closing, self._socket = self._socket, None
        if closing is not None:
            closing.close()

    def check(self) -> None:
        """See `BytePort`: an end of the connection shows once what came before it was read."""
        poll = select.poll()
        poll.register(self._descriptor(), select.POLLIN | select.POLLRDHUP)
        for _descriptor, events in poll.poll(0):
            if events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                raise self._lose()
            if events & select.POLLRDHUP and self._ended():
                raise self._lose()

    def _ended(self) -> bool:
        assert self._socket is not None
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _descriptor(self) -> int:
        if self._socket is None:
            raise PortLost(PortFault.LOST)
        return self._socket.fileno()


_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _INTERVAL_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)
_NOBODY: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT)


def _open_fault(error: OSError) -> PortFault:
    """Nobody there, or somebody who does not listen."""
    if isinstance(error, TimeoutError | socket.gaierror) or error.errno in _NOBODY:
        return PortFault.ABSENT
    # A card that is there refuses while it starts, while its printer is off, and while it serves another.
    return PortFault.REFUSED if error.errno == errno.ECONNREFUSED else open_fault(error)
