"""A line with faults for each exchange: a proxy that knows HTTP well enough to hurt it where it is tender.

It reads one request after the other from a connection, asks `choose` which toxic is to be played on it, and lets
the toxic do with request and answer what it likes (`toxics`).  The product's own `sync.line_simulator` has the
modes of a whole line; this one strikes single exchanges at chosen bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_LIMIT_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 64 * 1024
_LINGER_S = 0.05
"""For the transports of what was just ended."""


class LineBroke(Exception):
    """One side of an exchange is gone."""


@dataclass(frozen=True)
class Toxic:
    """Something that befalls an exchange. `play` says whether the connection stays open for the next one."""

    name: str
    play: Callable[[Exchange], Awaitable[bool]]

    def __str__(self) -> str:
        return self.name


class Exchange:
    """A request on its way: its head is read, its body is not."""

    def __init__(
        self, line: ChaosLine, head: bytes, near: asyncio.StreamReader, near_out: asyncio.StreamWriter
    ) -> None:
        self.line, self.head, self.near, self.near_out = line, head, near, near_out
        first, *rest = head.decode("latin-1").split("\r\n")
        self.method, self.target = first.split(" ")[:2]
        fields = [one.partition(":") for one in rest if one]
        self.headers = {name.lower(): value.strip() for name, _, value in fields}
        self.length = int(self.headers.get("content-length", "0"))

    async def body(self, most_bytes: int | None = None) -> bytes:
        """The request's body, or the beginning of it."""
        size = self.length if most_bytes is None else min(self.length, most_bytes)
        return await self.near.readexactly(size) if size else b""

    async def ask(self, request: bytes | None = None) -> bytes:
        """The platform's whole answer to `request`, by default to this one as it came."""
        if request is None:
            request = self.head + await self.body()
        far, far_out = await self._reach()
        try:
            far_out.write(request)
            await far_out.drain()
            return await _answer(far, self.method)
        except (OSError, EOFError) as error:
            raise LineBroke from error
        finally:
            far_out.close()

    async def begin_and_break(self, part: bytes) -> None:
        """Let the platform see the beginning of a request, and then a reset."""
        _, far_out = await self._reach()
        try:
            far_out.write(part)
            await far_out.drain()
            await asyncio.sleep(0.01)
        finally:
            reset(far_out)

    async def send(self, data: bytes) -> None:
        """To the terminal."""
        self.near_out.write(data)
        await self.near_out.drain()

    async def pause(self, seconds: float) -> None:
        """By the clock of the terminal."""
        await asyncio.sleep(seconds / self.line.pace)

    async def until_given_up(self) -> None:
        """Swallow everything until the terminal has had enough."""
        while await self.near.read(_PIECE_BYTES):
            pass

    def reset(self) -> None:
        """RST to the terminal."""
        reset(self.near_out)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_connection("127.0.0.1", self.line.to_port, limit=_LIMIT_BYTES)
        except OSError as error:
            raise LineBroke from error


async def passes(exchange: Exchange) -> bool:
    """Nothing befalls it."""
    await exchange.send(await exchange.ask())
    return True


PASSES = Toxic("passes", passes)
Choose = Callable[[Exchange], Toxic]


class ChaosLine:
    """Listens on loopback and carries to `to_port`. Its loop has a thread; `choose` is called there."""

    def __init__(self, to_port: int, pace: float = 1.0) -> None:
        self.to_port, self.pace = to_port, pace
        self.played: Counter[str] = Counter()
        self.choose: Choose = lambda exchange: PASSES
        self.held: tuple[asyncio.Future[bytes], bytes] | None = None
        """An answer that waits for another exchange's to pass it (`toxics`)."""
        self.last_answers: dict[str, bytes] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="chaos-line", daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """No more faults, and the connections that hang in one are gone."""
        self.choose = lambda exchange: PASSES
        asyncio.run_coroutine_threadsafe(self._end_connections(), self._loop).result(timeout=10)

    def close(self) -> None:
        """Reset everything and end the thread."""
        self.clear()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connected, sock=self._listener, limit=_LIMIT_BYTES)
        )
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0))  # for those that were accepted in this moment
        self._loop.run_until_complete(self._end_connections())
        self._loop.run_until_complete(asyncio.sleep(_LINGER_S))
        self._loop.close()

    async def _end_connections(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connected(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(near, near_out))
        self._tasks.add(task)

        def ended(_: object) -> None:
            self._tasks.discard(task)
            near_out.close()  # also of one that was ended before it began

        task.add_done_callback(ended)

    async def _serve(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(near, near_out):
                pass
            near_out.close()
        except (LineBroke, OSError, EOFError):
            near_out.close()
        except asyncio.CancelledError:
            reset(near_out)

    async def _exchange(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> bool:
        exchange = Exchange(self, await near.readuntil(b"\r\n\r\n"), near, near_out)
        toxic = self.choose(exchange)
        self.played[toxic.name] += 1
        return await toxic.play(exchange)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST rather than with a polite end."""
    with contextlib.suppress(OSError):
        opened = writer.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _answer(far: asyncio.StreamReader, method: str) -> bytes:
    head = await far.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if method == "HEAD" or status in (204, 304):
        length = 0
    return head + await far.readexactly(length)
