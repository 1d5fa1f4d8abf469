"""Several processes that answer on one socket: started, watched, started again, and ended together.

The parent only watches: it holds the listening socket, so that nobody is refused while a worker starts again.  A
worker whose parent is gone ends by itself.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_LIVED_S = 30.0
"""A worker that lived this long did not die of its start."""
_LONGEST_PAUSE_S = 30.0
_END_S = 20.0
_REAPED_S = 5.0


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is started with."""

    database: Path | str = field(repr=False)
    data_dir: Path
    region_code: str
    forward_to: str = ""
    forward_token: str = field(default="", repr=False)


def run_worker(settings: WorkerSettings, listener: socket.socket, parent: Connection | None = None) -> None:
    """Serve until told to stop, or until the parent is gone."""
    from sync.central.background import Background
    from sync.central.forwarding import Forwarder, sink_for
    from sync.central.server import build_platform, uvicorn_server

    _allow_many_connections()
    platform = build_platform(settings.database, settings.data_dir, region_code=settings.region_code)
    forwarder = None
    if settings.forward_to:
        sink = sink_for(settings.forward_to, settings.forward_token)
        forwarder = Forwarder(platform.store, sink)
    server = uvicorn_server(platform)
    if parent is not None:
        watch = threading.Thread(target=_end_with, args=(parent, server), name="parent", daemon=True)
        watch.start()
    background = Background(platform.entries.opener, forwarder)
    background.start()
    try:
        server.run(sockets=[listener])
    finally:
        background.stop()
        platform.store.close()


class Workers:
    """The parent's side."""

    def __init__(self, settings: WorkerSettings, listener: socket.socket, count: int) -> None:
        self._settings, self._listener, self._count = settings, listener, count
        self._context = multiprocessing.get_context("spawn")
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # Held open for as long as this process lives: its end is how a worker knows.
        self._theirs, self._ours = self._context.Pipe(duplex=False)
        self._stopping = threading.Event()
        self._processes: list[Any] = []

    def stop(self, *_: object) -> None:
        """End; may be called from a signal's handler."""
        self._stopping.set()
        os.write(self._woken, b"x")

    def run(self) -> None:
        """Watch the workers until `stop`, SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        pause_s = 0.5
        self._processes = [self._start() for _ in range(self._count)]
        started = time.monotonic()
        while not self._stopping.is_set():
            ready = wait([*(process.sentinel for process in self._processes), self._wake])
            if self._stopping.is_set():
                break
            ended = [process for process in self._processes if process.sentinel in ready]
            for process in ended:
                process.join(_REAPED_S)  # its end is seen a moment before it can be reaped
            alive = [process for process in self._processes if process not in ended]
            log.error("a worker ended; it is started again in %.1f s", pause_s)
            if time.monotonic() - started > _LIVED_S:
                pause_s = 0.5
            wait([self._wake], pause_s)
            pause_s, started = min(pause_s * 2, _LONGEST_PAUSE_S), time.monotonic()
            missing = 0 if self._stopping.is_set() else self._count - len(alive)
            self._processes = [*alive, *(self._start() for _ in range(missing))]
        self._end()

    def _start(self) -> Any:
        arguments = (self._settings, self._listener, self._theirs)
        process = self._context.Process(target=run_worker, args=arguments, name="central-worker")
        process.start()
        return process

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + _END_S
        for process in self._processes:
            process.join(max(deadline - time.monotonic(), 0.1))
            if process.is_alive():
                log.error("a worker does not end; it is killed")
                process.kill()
                process.join()


def _end_with(parent: Connection, server: Any) -> None:
    try:
        parent.recv_bytes()  # nothing is ever sent
    except (EOFError, OSError):
        server.should_exit = True


def _allow_many_connections() -> None:
    """A terminal each is a descriptor each; the shells' usual 1,024 are too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
