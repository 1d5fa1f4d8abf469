"""Queues on SQLite that others use, as they are shipped: the yardsticks of `kiosk bench journal`.

They bring the standard library's SQLite, so none of them ever touches a journal's file.  One that is not installed is
left out of the figures.
"""

# ruff: noqa: S608  (a table's name comes from the library that made the table, values are always bound)

from __future__ import annotations

import importlib
import importlib.util
import pickle
from pathlib import Path
from typing import Any, Protocol

PAYLOAD = '{"service":"pension-certification","answers":{"address":"测试市测试区测试路1号"}}' * 8


class Peer(Protocol):
    """A queue in a folder."""

    def put(self) -> None:
        """Add one item, as durably as the queue comes."""
        ...

    def take(self) -> None:
        """Take the next item and acknowledge it."""
        ...

    def fill(self, rows: int, delivered: bool) -> None:
        """Put many items into an empty queue quickly: all pending, or all acknowledged."""
        ...

    def count(self) -> int:
        """How many items are pending."""
        ...

    def close(self) -> None:
        """Close its files."""
        ...


class LiteQueue:
    """litequeue 0.9."""

    module = "litequeue"

    def __init__(self, folder: Path) -> None:
        self._queue: Any = importlib.import_module(self.module).LiteQueue(folder / "litequeue.db")

    def put(self) -> None:
        self._queue.put(PAYLOAD)

    def take(self) -> None:
        self._queue.done(self._queue.pop().message_id)

    def fill(self, rows: int, delivered: bool) -> None:
        self._queue.conn.execute(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
            " INSERT INTO [Queue] SELECT ?, printf('00000000-0000-7000-8000-%012d', n), ?, n, NULL, NULL FROM number",
            (rows, PAYLOAD, 2 if delivered else 0),
        )

    def count(self) -> int:
        return int(self._queue.qsize())

    def close(self) -> None:
        self._queue.close()


class SqlOutbox:
    """sqloutbox 0.6."""

    module = "sqloutbox"

    def __init__(self, folder: Path) -> None:
        self._outbox: Any = importlib.import_module(self.module).Outbox(folder / "sqloutbox.db", "bench")
        self._payload = PAYLOAD.encode()

    def put(self) -> None:
        if self._outbox.enqueue("case", self._payload) is None:
            raise OSError("sqloutbox dropped an item")

    def take(self) -> None:
        sequences = [row.seq for row in self._outbox.fetch_unsynced(1)]
        self._outbox.mark_synced(sequences)
        self._outbox.delete_synced(sequences)

    def fill(self, rows: int, delivered: bool) -> None:
        if delivered:
            raise ValueError("it keeps nothing that was delivered")
        for _ in range(0, rows, 10_000):
            self._outbox.enqueue_batch([("case", self._payload)] * min(rows, 10_000))

    def count(self) -> int:
        return int(self._outbox.pending_count())

    def close(self) -> None:
        self._outbox = None


class PersistQueue:
    """persist-queue 1.1, SQLiteAckQueue."""

    module = "persistqueue"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: Any = self._open()

    def _open(self) -> Any:
        return importlib.import_module(self.module).SQLiteAckQueue(str(self._folder / "persistqueue"))

    def put(self) -> None:
        self._queue.put(PAYLOAD)

    def take(self) -> None:
        self._queue.ack(self._queue.get())

    def fill(self, rows: int, delivered: bool) -> None:
        self._queue._putter.execute(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
            f" INSERT INTO {self._queue._table_name} (data, timestamp, status) SELECT ?, n, ? FROM number",
            (rows, pickle.dumps(PAYLOAD), 5 if delivered else 1),
        )
        self._queue._putter.commit()
        self._queue.close()
        self._queue = self._open()

    def count(self) -> int:
        return int(self._queue.size)

    def close(self) -> None:
        self._queue.close()


class DiskCache:
    """diskcache 5.6, Deque."""

    module = "diskcache"

    def __init__(self, folder: Path) -> None:
        self._deque: Any = importlib.import_module(self.module).Deque(directory=str(folder / "diskcache"))

    def put(self) -> None:
        self._deque.append(PAYLOAD)

    def take(self) -> None:
        self._deque.popleft()

    def fill(self, rows: int, delivered: bool) -> None:
        raise ValueError("it keeps no place for what is being sent")

    def count(self) -> int:
        return len(self._deque)

    def close(self) -> None:
        self._deque.cache.close()


PEERS: dict[str, type[LiteQueue | SqlOutbox | PersistQueue | DiskCache]] = {
    "litequeue": LiteQueue,
    "sqloutbox": SqlOutbox,
    "persist_queue": PersistQueue,
    "diskcache": DiskCache,
}


def installed(name: str) -> bool:
    """Whether the peer is there to be measured."""
    return importlib.util.find_spec(PEERS[name].module) is not None
