"""The platform as a running server: built from a database file and a folder of keys, served by uvicorn."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from kiosk.clock import Clock, SystemClock
from sync.central.api import build_app
from sync.central.background import Background
from sync.central.case_store import CaseStore
from sync.central.engine import UnusableDatabase
from sync.central.entry_store import EntryStore
from sync.central.exchange import Platform
from sync.central.keys import load_or_create_keys
from sync.central.shedding import Shedding
from sync.central.store import Store

DEFAULT_REGION = "370508"
_KEEP_ALIVE_S = 120
"""Longer than the longest usual pause between two heartbeats, so that a terminal need not connect anew."""
_SHUTDOWN_S = 2
_BACKLOG = 4096
"""A county that comes back at once waits here; the kernel cuts it to its own limit."""


def build_platform(
    database: Path | str, data_dir: Path, clock: Clock | None = None, region_code: str = DEFAULT_REGION
) -> Platform:
    """Open the database (a file, or an address) and the keys; all are made when they are not there.

    Raises `UnusableDatabase` and `UnusableKeys`.
    """
    clock = clock or SystemClock()
    keys = load_or_create_keys(data_dir)
    if isinstance(database, Path):
        try:
            database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UnusableDatabase(f"{database.parent}: {error.strerror}") from error
    store = Store(database, clock)
    return Platform(store, EntryStore(store, keys.sealing), CaseStore(store), keys, clock, region_code)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Bound before anybody is told the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP; without
    # it each answer waits 40 ms for the other side's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


def uvicorn_server(platform: Platform) -> uvicorn.Server:
    """The server, quiet: problems go to the log, requests do not (they would name terminals and times)."""
    shedding = Shedding(build_app(platform))
    config = uvicorn.Config(
        shedding,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    shedding.state = server.server_state
    return server


@contextlib.contextmanager
def serving(platform: Platform, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread while the body runs; gives the address. For tests and benchmarks."""
    listener = listen(host, port)
    server = uvicorn_server(platform)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="central", daemon=True)
    background = Background(platform.entries.opener)
    thread.start()
    background.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        background.stop()
        listener.close()
