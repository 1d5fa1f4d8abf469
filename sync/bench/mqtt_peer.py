"""The peer that queues in a broker: paho-mqtt → mosquitto → a subscriber that commits to SQLite.

What it proves is less: the sender's queue is in memory only, the broker acknowledges before it has saved, and
only the subscriber's commit (WAL, FULL) is on a disk.  The subscriber acknowledges after its commit, as one that
must not lose anything has to.  The time is until the last commit.

Two subscribers are measured: one that commits each message as it comes, which is what the protocol hands out and
what our goal was set against, and one that we wrote to gather what has come, up to 200 rows a commit.

    python -m sync.bench.mqtt_peer PORT DATABASE COUNT ROWS_A_COMMIT      the subscriber
"""

from __future__ import annotations

import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sync.bench.terminal import served

_TOPIC = "linban/cases"
EACH, GATHERED = 1, 200
"""Rows a commit."""
_IN_FLIGHT = 100
"""More made it no faster."""
_START_S = 10.0


def measure(folder: Path, bodies: list[bytes], rows_a_commit: int = EACH) -> dict[str, object] | None:
    """Items a second until committed; None where the broker or the library is missing."""
    try:
        import paho.mqtt.client  # noqa: F401
    except ImportError:
        return None
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        return None
    folder.mkdir()
    port = _free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
        f"persistence_location {folder}/\nmax_queued_messages 0\nmax_inflight_messages 0\n",
        "ascii",
    )
    broker = subprocess.Popen([mosquitto, "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        database = folder / "subscriber.db"
        subscriber = ["sync.bench.mqtt_peer", str(port), str(database), str(len(bodies))]
        subscriber.append(str(rows_a_commit))
        done: queue.Queue[float] = queue.Queue()
        with served(subscriber, str.strip):
            started = time.perf_counter()
            _publish(port, bodies, lambda: done.put(time.perf_counter()))
            elapsed_s = done.get(timeout=300) - started
        return {
            "items_per_s": round(len(bodies) / elapsed_s),
            "durability": "sender in memory, broker saves later, subscriber SQLite WAL FULL,"
            f" {rows_a_commit} rows a commit at most",
        }
    finally:
        broker.terminate()
        broker.wait(timeout=10)


def _publish(port: int, bodies: list[bytes], finished: Callable[[], object]) -> None:
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    all_committed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bench-terminal", protocol=mqtt.MQTTv311)
    client.max_inflight_messages_set(_IN_FLIGHT)
    client.max_queued_messages_set(0)

    def committed(*_: object) -> None:
        finished()
        all_committed.set()

    client.on_message = committed
    client.connect("127.0.0.1", port)
    client.subscribe("linban/done", qos=1)
    client.loop_start()
    for body in bodies:
        client.publish(_TOPIC, body, qos=1)
    all_committed.wait(300)
    client.loop_stop()
    client.disconnect()


def main() -> None:
    """Commit what comes, and say when all of it is committed."""
    import sqlite3

    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    port, file, count, rows_a_commit = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    arrived: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bench-platform", protocol=mqtt.MQTTv311)
    client.manual_ack_set(True)
    client.on_message = lambda _client, _data, message: arrived.put((message.mid, bytes(message.payload)))

    def subscribed(*_: object) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    client.on_subscribe = subscribed
    client.connect("127.0.0.1", port)
    client.subscribe(_TOPIC, qos=1)
    client.loop_start()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table entry (id text primary key, body text not null)")
    stored = 0
    while stored < count:
        rows = [arrived.get()]
        while len(rows) < rows_a_commit and not arrived.empty():
            rows.append(arrived.get())
        connection.execute("begin immediate")
        connection.executemany(
            "insert or ignore into entry values (?, ?)",
            [(f"{stored + place:08d}", row.decode()) for place, (_, row) in enumerate(rows)],
        )
        connection.execute("commit")
        for number, _ in rows:
            client.ack(number, 1)
        stored += len(rows)
    client.publish("linban/done", b"", qos=1)
    threading.Event().wait(300)  # until it is ended


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            threading.Event().wait(0.05)


if __name__ == "__main__":
    main()
