"""`kiosk simulate line`: the line between a terminal and its platform, as a real program with real faults.

It forwards TCP and can be told, over its control socket, to behave as lines do.  The control socket
speaks `kiosk.ipc`: `set {mode, times?, bytes_per_s?}`, `state {}`.  With `times`, a mode lasts for so many
exchanges and the line is up again afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from kiosk.ipc import IpcServer, Params

log = logging.getLogger(__name__)

_BLOCK_BYTES = 64 * 1024
_TICK_S = 0.05
_PORTAL = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to use this network.</body></html>"


class LineMode(StrEnum):
    """How the line behaves."""

    UP = "up"
    CUT = "cut"
    """New connections are refused, those that exist are reset."""
    BLACKHOLE = "blackhole"
    """Everything is swallowed: no answer, no reset."""
    LOSE_ANSWER = "lose_answer"
    """The request arrives, its answer does not: the connection is reset instead."""
    SLOW = "slow"
    """So many bytes a second each way."""
    PORTAL = "portal"
    """Somebody's sign-in page answers instead of the platform."""
    ERROR500 = "error500"
    """A gateway apologises instead of the platform."""


_CANNED = {
    LineMode.PORTAL: ("200 OK", "text/html; charset=utf-8", _PORTAL),
    LineMode.ERROR500: ("500 Internal Server Error", "text/plain", "upstream failed"),
}
_COUNTED = {LineMode.LOSE_ANSWER, *_CANNED}


@dataclass
class _Counters:
    """What passed so far."""

    connections: int = 0
    refused: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    answers_lost: int = 0
    canned_answers: int = 0


@dataclass(eq=False)
class _Connection:
    """One connection being forwarded."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def reset(self) -> None:
        """End both sides with RST rather than with a polite end."""
        for writer in (self.near, self.far):
            if writer is None:
                continue
            with contextlib.suppress(OSError):
                opened = writer.get_extra_info("socket")
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class LineSimulator:
    """Forwards from `listen` to `to`. Runs an event loop in its own thread; its methods may be called from any."""

    def __init__(self, listen: tuple[str, int], to: tuple[str, int]) -> None:
        self._to = to
        self._mode = LineMode.UP
        self._times: int | None = None
        self._bytes_per_s = 8000
        self._counters = _Counters()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._mode_changed = asyncio.Event()
        self._address = listen
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)
        self._thread.start()
        self._on_loop(self._listen())

    @property
    def port(self) -> int:
        """Where it listens, also while it refuses."""
        return self._address[1]

    def set_mode(self, mode: LineMode, times: int | None = None, bytes_per_s: int | None = None) -> None:
        """Behave so from now on; returns when it does."""
        self._on_loop(self._set_mode(mode, times, bytes_per_s))

    def state(self) -> dict[str, Any]:
        """Mode and counters."""
        return {"mode": self._mode, "times": self._times, "port": self.port, **vars(self._counters)}

    def close(self) -> None:
        """Reset everything and end the thread."""
        self._on_loop(self._set_mode(LineMode.CUT, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, *self._address, reuse_address=True)
            # The same port every time, also when it was chosen by the kernel: a line comes back where it was.
            self._address = self._server.sockets[0].getsockname()[:2]

    async def _set_mode(self, mode: LineMode, times: int | None, bytes_per_s: int | None) -> None:
        self._mode, self._times = mode, times if mode in _COUNTED else None
        self._bytes_per_s = bytes_per_s or self._bytes_per_s
        self._mode_changed.set()
        self._mode_changed = asyncio.Event()
        if mode is LineMode.CUT:
            if self._server is not None:
                self._server.close()
                self._server = None
            await self._reset_all()
            return
        await self._listen()
        if mode in _CANNED:
            await self._reset_all()  # a kept connection would still reach the platform

    async def _reset_all(self) -> None:
        tasks = []
        for connection in list(self._connections):
            connection.reset()
            tasks += list(connection.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        self._counters.connections += 1
        try:
            if self._mode in _CANNED:
                await self._answer_canned(reader, writer)
            else:
                await self._forward(connection, reader)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _answer_canned(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, content_type, text = _CANNED[self._mode]
        self._count_down()
        await reader.readuntil(b"\r\n\r\n")
        self._counters.canned_answers += 1
        body = text.encode("utf-8")
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode("ascii") + body)
        await writer.drain()

    async def _forward(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        try:
            far_reader, connection.far = await asyncio.open_connection(*self._to)
        except OSError:
            self._counters.refused += 1
            connection.reset()
            return
        connection.tasks = {
            asyncio.create_task(self._pump(reader, connection.far, self._pass_up)),
            asyncio.create_task(
                self._pump(far_reader, connection.near, lambda data: self._pass_down(connection, data))
            ),
        }
        try:
            await asyncio.wait(connection.tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in connection.tasks:
                task.cancel()
            connection.far.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
    ) -> None:
        with contextlib.suppress(OSError):
            swallowed = False
            while data := await reader.read(_BLOCK_BYTES):
                # What lost a byte stays dead, also when the line is up again: its peer has forgotten it.
                swallowed = swallowed or self._mode is LineMode.BLACKHOLE
                if swallowed:
                    continue
                if not passes(data):
                    return
                await self._write(writer, data)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Write at the line's pace; a change of mode ends the pause, not the data."""
        while data and self._mode is LineMode.SLOW:
            size = max(int(self._bytes_per_s * _TICK_S), 1)
            piece, data = data[:size], data[size:]
            writer.write(piece)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._mode_changed.wait(), len(piece) / self._bytes_per_s)
        writer.write(data)
        await writer.drain()

    def _pass_up(self, data: bytes) -> bool:
        self._counters.bytes_up += len(data)
        return True

    def _pass_down(self, connection: _Connection, data: bytes) -> bool:
        if self._mode is LineMode.LOSE_ANSWER:
            self._counters.answers_lost += 1
            self._count_down()
            connection.reset()
            return False
        self._counters.bytes_down += len(data)
        return True

    def _count_down(self) -> None:
        if self._times is None:
            return
        self._times -= 1
        if self._times <= 0:
            self._mode, self._times = LineMode.UP, None


def serve_control(simulator: LineSimulator, path: Path) -> IpcServer:
    """Let other programs set the line's mode over a local socket."""

    def set_mode(params: Params) -> dict[str, Any]:
        times, pace = params.get("times"), params.get("bytes_per_s")
        simulator.set_mode(
            LineMode(params["mode"]),
            None if times is None else int(times),
            None if pace is None else int(pace),
        )
        return simulator.state()

    return IpcServer(path, {"set": set_mode, "state": lambda params: simulator.state()})


@click.command(name="line")
@click.option(
    "--listen",
    required=True,
    metavar="HOST:PORT",
    help="Where the terminal connects to; port 0 takes a free one.",
)
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Where the platform listens.")
@click.option(
    "--control",
    type=click.Path(path_type=Path),
    default=None,
    help="Local socket through which the mode is set.",
)
def simulate_line(listen: str, target: str, control: Path | None) -> None:
    """Play the line between a terminal and the platform: up, cut, blackhole, lose_answer, slow, portal, error500.

    \b
    Example:
      kiosk simulate line --listen 127.0.0.1:8001 --to 127.0.0.1:8600 --control /tmp/line.sock
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        simulator = LineSimulator(_address(listen, "--listen"), _address(target, "--to"))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {listen}: {error.strerror}") from error
    server = serve_control(simulator, control) if control is not None else None
    click.echo(f"line: 127.0.0.1:{simulator.port} -> {target}")
    ended.wait()
    if server is not None:
        server.close()
    simulator.close()


def _address(text: str, option: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint=option)
    return host, int(port)
