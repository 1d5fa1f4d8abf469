"""Turning requests away while there are too many: said at once and honestly, before anything is read or verified.

A request whose body stops coming is given up: the terminal that lost its line or its power in the middle of a batch
would else hold its place here for ever, and a hundred of them would make the worker deaf.

Ten thousand terminals that come back together are more than a worker can hear at once.  Those that wait would all
wait too long; so a worker takes as many as it can answer in a few seconds, and tells the others when to come again,
each another moment.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.server import ServerState

MOST_WAITING = 96
"""Requests inside a worker: at a hundred a second the last of them is answered within a second."""
MANY_CONNECTIONS = 2000
"""From here on a connection is closed after its answer: kept open they would only hold memory."""
_WINDOW_S = 10
"""What a pause is reckoned from: how many were turned away and how many were answered in these seconds."""
_SPREAD = 1.5
"""Those who are turned away get half as much time again as they would need one after the other."""
_LATEST_S = 600
LONGEST_PAUSE_S = 30.0
"""Between two pieces of a body; also how long the first may take."""
_SLOWEST_BYTES_PER_S = 1000.0
"""A quarter of what terminals reckon a bad line with (`sync.exchange`)."""
_SLOWEST_PER_S = 20.0
"""Assumed before anything was answered."""
_BODY = b'{"type":"urn:linban:problem:too-many","title":"too many","status":503}'


class _Recently:
    """How often something happened in the last seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds = [0] * _WINDOW_S
        self._now = int(clock())

    def add(self) -> None:
        """It happened."""
        self._turn()
        self._seconds[self._now % _WINDOW_S] += 1

    def count(self) -> int:
        """How often."""
        self._turn()
        return sum(self._seconds)

    def rate(self) -> float:
        """How often a second, of the seconds in which it happened at all."""
        self._turn()
        return sum(self._seconds) / max(sum(1 for number in self._seconds if number), 1)

    def _turn(self) -> None:
        now = int(self._clock())
        for second in range(self._now + 1, min(now, self._now + _WINDOW_S) + 1):
            self._seconds[second % _WINDOW_S] = 0
        self._now = now


class _Body:
    """A request's body, as long as it comes."""

    def __init__(self, receive: Receive, clock: Callable[[], float], longest_pause_s: float) -> None:
        self._receive, self._clock, self._longest_pause_s = receive, clock, longest_pause_s
        self._until = clock() + 2 * longest_pause_s
        self._whole = False
        self.given_up = False

    async def receive(self) -> Message:
        """The next piece; as if the other side had gone, when it does not come."""
        if self._whole:
            return await self._receive()  # who waits for the end of the connection may wait
        pause_s = min(self._longest_pause_s, self._until - self._clock())
        if pause_s <= 0:
            return self._give_up()
        try:
            async with asyncio.timeout(pause_s):
                message = await self._receive()
        except TimeoutError:
            return self._give_up()
        except asyncio.CancelledError:
            # The server ends and has waited long enough: nothing was begun yet, so this is no fault to tell of.
            return self._give_up()
        self._until += len(message.get("body", b"")) / _SLOWEST_BYTES_PER_S
        self._whole = not message.get("more_body", False)
        return message

    def _give_up(self) -> Message:
        self._whole = self.given_up = True
        return {"type": "http.disconnect"}


class Shedding:
    """ASGI middleware; one a worker."""

    def __init__(
        self,
        app: ASGIApp,
        state: ServerState | None = None,
        most_waiting: int = MOST_WAITING,
        clock: Callable[[], float] = time.monotonic,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self._app, self._most_waiting = app, most_waiting
        self._clock, self._longest_pause_s = clock, longest_pause_s
        self.state = state
        self.waiting = 0
        self.shed = 0
        self.most_seen = 0
        self._shed_lately, self._answered_lately = _Recently(clock), _Recently(clock)

    def latest_s(self) -> float:
        """How far those are spread who are turned away now: as long as it takes to hear them all."""
        rate = max(self._answered_lately.rate(), _SLOWEST_PER_S)
        return min(1.0 + _SPREAD * self._shed_lately.count() / rate, _LATEST_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self.waiting >= self._most_waiting:
            self.shed += 1
            self._shed_lately.add()
            await _turn_away(send, self.latest_s())
            return
        self.waiting += 1
        self.most_seen = max(self.most_seen, self.waiting)
        body = _Body(receive, self._clock, self._longest_pause_s)
        try:
            await self._app(scope, body.receive, self._closing(send, body))
        finally:
            self.waiting -= 1
            self._answered_lately.add()

    def _crowded(self) -> bool:
        return self.state is not None and len(self.state.connections) > MANY_CONNECTIONS

    def _closing(self, send: Send, body: _Body) -> Send:
        """Close the connection after the answer where too many are open, or where the rest of a body may still come."""

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and (body.given_up or self._crowded()):
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        return send_and_close


async def _turn_away(send: Send, latest_s: float) -> None:
    """Unsigned: it says nothing that a terminal believes, only when to try again."""
    pause_s = random.randint(1, max(round(latest_s), 2))  # noqa: S311 — spreads a crowd, guards nothing
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"retry-after", str(pause_s).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})
