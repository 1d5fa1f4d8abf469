"""The listening end of a network line: what a receipt printer's network card is, on loopback.

One connection at a time, as such cards have it: the next one waits until the first is closed.
"""

from __future__ import annotations

import socket

from devices.transport.listening_end import ListeningEnd


class TcpFarEnd(ListeningEnd):
    """A listener on `host`; port 0 takes a free one, and keeps it over unplugging."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__()
        self.host, self.port = host, port

    def __str__(self) -> str:
        return f"tcp:{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family, backlog=1)
        self.port = listener.getsockname()[1]
        return listener

    def _let_in(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
