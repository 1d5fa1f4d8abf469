"""Turning requests away while there are too many: said at once and honestly, before anything is read or verified.

Ten thousand terminals that come back together are more than a worker can hear at once.  Those that wait would all
wait too long; so a worker takes as many as it can answer in a few seconds, and tells the others when to come again,
each another moment.
"""

from __future__ import annotations

import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.server import ServerState

MOST_WAITING = 96
"""Requests inside a worker: at a hundred a second the last of them is answered within a second."""
MANY_CONNECTIONS = 2000
"""From here on a connection is closed after its answer: kept open they would only hold memory."""
_EARLIEST_S = 5
_LATEST_S = 60
_BODY = b'{"type":"urn:linban:problem:too-many","title":"too many","status":503}'


class Shedding:
    """ASGI middleware; one a worker."""

    def __init__(
        self, app: ASGIApp, state: ServerState | None = None, most_waiting: int = MOST_WAITING
    ) -> None:
        self._app, self._most_waiting = app, most_waiting
        self.state = state
        self.waiting = 0
        self.shed = 0
        self.most_seen = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self.waiting >= self._most_waiting:
            self.shed += 1
            await _turn_away(send)
            return
        self.waiting += 1
        self.most_seen = max(self.most_seen, self.waiting)
        try:
            await self._app(scope, receive, self._closing(send) if self._crowded() else send)
        finally:
            self.waiting -= 1

    def _crowded(self) -> bool:
        return self.state is not None and len(self.state.connections) > MANY_CONNECTIONS

    def _closing(self, send: Send) -> Send:
        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        return send_and_close


async def _turn_away(send: Send) -> None:
    """Unsigned: it says nothing that a terminal believes, only when to try again."""
    pause_s = random.randint(_EARLIEST_S, _LATEST_S)  # noqa: S311 — spreads a crowd, guards nothing
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"retry-after", str(pause_s).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})
