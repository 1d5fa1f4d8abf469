"""The floor: batches over bare TCP into the platform's tables, with the same commit and nothing else.

    python -m sync.bench.raw_server DATA

Nothing is signed, verified, opened or answered but "stored"; the rows are those that the platform writes
when it takes a batch in.  It serves one connection on a platform of its own in DATA, and prints its port.
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path

import msgspec

from sync.central.entry_store import ENTRY_COLUMNS, entry_row
from sync.central.server import build_platform
from sync.central.store import Store
from sync.wire import Reason, Result, WireEntry

LENGTH = struct.Struct("!I")
_TERMINAL = "bench"
_ENROLLED = (
    "insert into terminal (terminal_id, terminal_number, region_code, public_key, enrolled_at, version)"
    " values (?, '100001', '370508', ?, '', '')"
)


def main() -> None:
    """A length and a batch in, a length and "stored" out after the commit."""
    store = build_platform(Path(sys.argv[1]) / "central.db", Path(sys.argv[1])).store
    with store.transaction() as run:
        run.execute(_ENROLLED, (_TERMINAL, bytes(32)))
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    decoder = msgspec.json.Decoder(list[WireEntry])
    with connection, connection.makefile("rb") as stream:
        while head := stream.read(LENGTH.size):
            _store(store, decoder.decode(stream.read(LENGTH.unpack(head)[0])))
            connection.sendall(LENGTH.pack(6) + b"stored")


def _store(store: Store, entries: list[WireEntry]) -> None:
    now = store.now()
    with store.transaction(_TERMINAL) as run:
        rows = [entry_row(_TERMINAL, entry, Result.STORED, Reason.NONE, now, 1) for entry in entries]
        run.load("entry", ENTRY_COLUMNS, rows)
        run.load("opening", ("terminal_id", "entry_id"), [(_TERMINAL, entry.id.bytes) for entry in entries])
        raised = "update terminal set high_water = ? where terminal_id = ?"
        run.execute(raised, (entries[-1].sequence, _TERMINAL))


if __name__ == "__main__":
    main()
