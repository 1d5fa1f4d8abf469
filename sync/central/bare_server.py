"""The yardsticks of `sync.bench`: batches over bare TCP into the platform's SQLite file.

    python -m sync.central.bare_server bare DATA      the same rows in the same commit, nothing opened or signed
    python -m sync.central.bare_server whole DATA     the platform's whole intake, without HTTP around it

It uses the platform in DATA, serves one connection, and prints its port.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.domain.entry import iso_utc
from sync.central.api import take_in
from sync.central.exchange import Caller, Platform
from sync.central.server import build_platform
from sync.wire import EntriesRequest, WireEntry, encode

LENGTH = struct.Struct("!I")
_ENTRY = "insert into entry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'stored', '', ?, 1) on conflict do nothing"
_CASE = "insert into case_record values (?, ?, ?, ?, 'received', ?) on conflict do nothing"
_HISTORY = "insert into case_history values (?, ?, 1, 'received', ?) on conflict do nothing"
_CONTENT = "x" * 663
"""As long as the opened case that the platform stores."""


def main() -> None:
    """Serve one connection: a length and a batch in, a length and an answer out after the commit."""
    platform = build_platform(Path(sys.argv[2]) / "central.db", Path(sys.argv[2]))
    answer = {"bare": _bare, "whole": _whole}[sys.argv[1]](platform)
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    connection, _ = listener.accept()
    decoder = msgspec.json.Decoder(EntriesRequest)
    with connection, connection.makefile("rb") as stream:
        while head := stream.read(LENGTH.size):
            body = answer(decoder.decode(stream.read(LENGTH.unpack(head)[0])).entries)
            connection.sendall(LENGTH.pack(len(body)) + body)


def _whole(platform: Platform) -> Callable[[list[WireEntry]], bytes]:
    terminal = platform.store.terminal(_only_terminal(platform))
    assert terminal is not None
    batches = iter(range(1_000_000))
    return lambda entries: encode(
        take_in(platform, Caller(terminal, f"bench-{next(batches)}", 0, None), entries)
    )


def _bare(platform: Platform) -> Callable[[list[WireEntry]], bytes]:
    terminal_id = _only_terminal(platform)

    def store(entries: list[WireEntry]) -> bytes:
        now = platform.store.now()
        with platform.store.transaction() as run:
            run.executemany(_ENTRY, [_row(terminal_id, entry, now) for entry in entries])
            run.executemany(
                _CASE,
                [
                    (terminal_id, entry.receipt_number, entry.id.bytes, entry.service_code, _CONTENT)
                    for entry in entries
                ],
            )
            run.executemany(_HISTORY, [(terminal_id, entry.receipt_number, now) for entry in entries])
        return b"stored"

    return store


def _only_terminal(platform: Platform) -> str:
    with platform.store.reading() as run:
        found = run.execute("select terminal_id from terminal").fetchone()
    assert found is not None, "enrol one first"
    return str(found[0])


def _row(terminal_id: str, entry: WireEntry, now: str) -> tuple[object, ...]:
    return (
        terminal_id,
        entry.id.bytes,
        entry.sequence,
        entry.kind,
        entry.service_code,
        entry.pack_version,
        entry.receipt_number,
        iso_utc(entry.recorded_at),
        entry.boot_id,
        entry.monotonic_ms,
        entry.sealed,
        entry.previous_digest,
        entry.digest,
        now,
    )


if __name__ == "__main__":
    main()
