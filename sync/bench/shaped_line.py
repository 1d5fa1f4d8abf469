"""A line with a delay and a width, and a count of what passed: a proxy in user space, for measuring only.

The kernel of a container has no netem, so each block of bytes is held until the line would have carried it:
its turn on the line by the width, and half the round trip on top.  Both directions have their own width.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

_BLOCK_BYTES = 1448
"""What one segment carries: the grain in which the width is kept."""
_BUFFER_BYTES = 64 * 1024
"""Of the sockets on both sides, so that a sender feels the line and not the proxy's memory."""


class ShapedLine:
    """Listens on a free port of loopback and carries bytes to `to_port`."""

    def __init__(self, to_port: int, round_trip_s: float = 0.0, bytes_per_s: float = float("inf")) -> None:
        self.bytes_up = self.bytes_down = 0
        self._to_port = to_port
        self._delay_s, self._bytes_per_s = round_trip_s / 2, bytes_per_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._free_at = {"up": 0.0, "down": 0.0}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="shaped-line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Drop everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._listener.close()

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.start_server(self._carry, sock=self._listener))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _carry(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far, far_out = await asyncio.open_connection("127.0.0.1", self._to_port)
        for writer in (near_out, far_out):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Cut off at the end of the run, when a connection is still open: nobody waits for it any more.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._one_way(near, far_out, "up"), self._one_way(far, near_out, "down"))

    async def _one_way(self, source: asyncio.StreamReader, out: asyncio.StreamWriter, way: str) -> None:
        # Two halves, so that what is under way does not keep the next block from being read.
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)
        arriving = asyncio.ensure_future(self._arrive(under_way, out))
        try:
            while block := await source.read(_BLOCK_BYTES):
                now = self._loop.time()
                self._free_at[way] = max(self._free_at[way], now) + len(block) / self._bytes_per_s
                if self._free_at[way] - now > 0.001:
                    await asyncio.sleep(self._free_at[way] - now)
                self._count(way, len(block))
                await under_way.put((self._free_at[way] + self._delay_s, block))
        except OSError:
            pass
        await under_way.put((0.0, b""))
        await arriving

    async def _arrive(self, under_way: asyncio.Queue[tuple[float, bytes]], out: asyncio.StreamWriter) -> None:
        try:
            while True:
                due, block = await under_way.get()
                if not block:
                    break
                if due > self._loop.time():
                    await asyncio.sleep(due - self._loop.time())
                out.write(block)
                await out.drain()
        except OSError:
            pass
        out.close()

    def _count(self, way: str, size: int) -> None:
        if way == "up":
            self.bytes_up += size
        else:
            self.bytes_down += size
