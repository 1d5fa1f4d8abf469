"""`kiosk central` as it runs: several processes on one socket and one PostgreSQL, watched and ended together."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from starlette.requests import Request

from sync.central.command import central
from sync.central.exchange import read_body
from sync.central.server import build_platform, serving
from sync.central.shedding import Shedding

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start_central(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts `kiosk central`; gives the process and its address."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "kiosk", "central", "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(
            [*command, "--data", str(tmp_path / "data"), *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("central platform:"):
                return process, line.split()[-1]
        raise AssertionError(process.stderr.read() if process.stderr else "")

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        process.wait(timeout=30)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def healthy(url: str, within_s: float = 30.0) -> dict[str, Any]:
    deadline, turn = time.monotonic() + within_s, threading.Event()
    while True:
        with contextlib.suppress(requests.RequestException):
            answer = requests.get(f"{url}/v1/health", timeout=5)
            if answer.status_code == 200:
                said: dict[str, Any] = answer.json()
                return said
        assert time.monotonic() < deadline, "it never became healthy"
        turn.wait(0.1)


def children(pid: int) -> list[int]:
    """Worker processes; the interpreter's own resource tracker is none."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.fault(28)
@pytest.mark.slow
def test_a_worker_is_killed_and_starts_again_and_all_end_together(
    start_central: Callable[..., Any], postgres_url: str
) -> None:
    process, url = start_central("--database", postgres_url, "--workers", "2")
    epoch = healthy(url)["epoch"]
    first = children(process.pid)
    assert len(first) == 2
    os.kill(first[0], signal.SIGKILL)
    assert healthy(url)["epoch"] == epoch
    deadline, turn = time.monotonic() + 30, threading.Event()
    while len(now := children(process.pid)) < 2 or first[0] in now:
        assert time.monotonic() < deadline
        turn.wait(0.1)
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in now)


@pytest.mark.slow
def test_workers_do_not_outlive_their_parent(start_central: Callable[..., Any], postgres_url: str) -> None:
    process, url = start_central("--database", postgres_url, "--workers", "2")
    healthy(url)
    workers = children(process.pid)
    process.kill()
    process.wait(timeout=10)
    deadline, turn = time.monotonic() + 30, threading.Event()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        turn.wait(0.1)


@pytest.mark.slow
def test_health_says_when_the_database_is_away(
    start_central: Callable[..., Any], postgres_server: Any, postgres_url: str
) -> None:
    _, url = start_central("--database", postgres_url)
    healthy(url)
    postgres_server.stop("immediate")
    try:
        answer = requests.get(f"{url}/v1/health", timeout=20)
        assert (answer.status_code, answer.json()["title"]) == (503, "database away")
    finally:
        postgres_server.start()
    healthy(url)


@pytest.mark.fault(65)
def test_restored_begins_a_new_epoch(start_central: Callable[..., Any]) -> None:
    process, url = start_central()
    before = healthy(url)["epoch"]
    process.terminate()
    process.wait(timeout=20)
    _, url = start_central("--restored")
    assert healthy(url)["epoch"] != before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--database", "postgresql://nobody@127.0.0.1:1/none"], "PostgreSQL does not answer"),
        (["--database", "oracle://x"], "neither sqlite:///FILE nor postgresql://"),
        (["--workers", "3"], "SQLite lets one process write"),
        (["--forward-to", "ftp://x"], "neither file:FOLDER nor https://"),
    ],
)
def test_what_it_cannot_do_is_a_sentence(options: list[str], sentence: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        central, ["--data", str(tmp_path), "--listen", "127.0.0.1:0", *options], prog_name="kiosk"
    )
    assert result.exit_code in (1, 2)
    assert sentence in " ".join(result.output.split())


def test_a_crowd_is_turned_away_and_told_when_to_come() -> None:
    import asyncio

    async def scene() -> tuple[list[int], list[bytes]]:
        gate = asyncio.Event()

        async def slow(_scope: Any, _receive: Any, send: Any) -> None:
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        app = Shedding(slow, most_waiting=3)
        statuses: list[int] = []
        pauses: list[bytes] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                pauses.extend(value for name, value in message["headers"] if name == b"retry-after")

        async def receive() -> Any:
            raise AssertionError("nothing is read of a request that is turned away")

        calls = [asyncio.create_task(app({"type": "http"}, receive, send)) for _ in range(40)]
        while len(statuses) < 37:
            await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*calls)
        assert (app.waiting, app.shed, app.most_seen) == (0, 37, 3)
        assert app.latest_s() == pytest.approx(1 + 1.5 * 37 / 20)
        return statuses, pauses

    statuses, pauses = asyncio.run(scene())
    assert sorted(statuses) == [200] * 3 + [503] * 37
    assert len(set(pauses)) > 2, "each another moment"
    assert all(1 <= int(pause) <= 600 for pause in pauses)


async def _told(app: Any, receive: Any) -> list[Any]:
    """The headers of the answer to a request whose body is received like this."""
    headers: list[Any] = []

    async def send(message: Any) -> None:
        headers.extend(message.get("headers", []))

    await app({"type": "http"}, receive, send)
    return headers


async def _reads_all(_scope: Any, receive: Any, send: Any) -> None:
    """An application that reads a body to its end or until the other side is gone."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize("pieces", [0, 2])
def test_an_upload_whose_line_died_holds_its_place_for_a_moment_only(pieces: int) -> None:
    import asyncio

    async def scene() -> None:
        left = [{"type": "http.request", "body": b"x", "more_body": True}] * pieces

        async def receive() -> Any:
            return left.pop() if left else await asyncio.Event().wait()

        app = Shedding(_reads_all, longest_pause_s=0.05)
        headers = await asyncio.wait_for(_told(app, receive), 5.0)
        assert (b"connection", b"close") in headers, "what comes of it later is no request"
        assert app.waiting == 0

    asyncio.run(scene())


def test_an_upload_that_drips_is_given_up_and_a_slow_one_is_not() -> None:
    import asyncio

    async def scene(piece: bytes, count: int) -> list[Any]:
        now, sent = 0.0, 0

        async def receive() -> Any:
            nonlocal now, sent
            now, sent = now + 20.0, sent + 1
            return {"type": "http.request", "body": piece, "more_body": sent < count}

        return await _told(Shedding(_reads_all, clock=lambda: now), receive)

    assert (b"connection", b"close") in asyncio.run(scene(b"x", 200))
    assert asyncio.run(scene(bytes(64 * 1024), 64)) == [], "four megabytes at three kilobytes a second"


def test_an_answer_may_take_longer_than_a_body() -> None:
    import asyncio

    async def scene() -> None:
        async def receive() -> Any:
            if not begun.is_set():
                begun.set()
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def waits(_scope: Any, receive: Any, send: Any) -> None:
            await receive()
            asyncio.get_running_loop().call_later(0.1, gone.set)
            assert (await receive())["type"] == "http.disconnect"
            assert gone.is_set(), "it was the other side that went"
            await send({"type": "http.response.start", "status": 200, "headers": []})

        begun, gone = asyncio.Event(), asyncio.Event()
        assert await _told(Shedding(waits, longest_pause_s=0.02), receive) == []

    asyncio.run(scene())


def test_the_distribution_spreads_every_table_of_a_terminal(postgres_url: str) -> None:
    """Each table that is spread has `terminal_id` in every unique index; each that has it and is not is named."""
    import re

    import psycopg

    from sync.central.database import open_database

    open_database(postgres_url).close()
    printed = CliRunner().invoke(central, ["--print-distribution"]).output
    spread = re.findall(r"create_distributed_table\('(\w+)', 'terminal_id'", printed)
    with psycopg.connect(postgres_url) as connection:
        indexes = connection.execute(
            "select tablename, indexdef from pg_indexes where schemaname = 'public' and indexdef like 'CREATE UNIQUE%'"
        ).fetchall()
        assert all("terminal_id" in definition for table, definition in indexes if table in spread)
        having = connection.execute(
            "select table_name from information_schema.columns where column_name = 'terminal_id'"
            " and table_schema = 'public'"
        ).fetchall()
        dropped = connection.execute(
            "select conname from pg_constraint where contype = 'f' and conrelid = 'entry'::regclass"
        ).fetchall()
    apart = re.findall(r"[a-z_]+", printed.partition("across terminals:")[2].partition("And opening")[0])
    assert {table for (table,) in having} == {*spread, *apart, "opening"}
    assert [name for (name,) in dropped] == ["entry_terminal_id_fkey"]
    assert {"entry", "case_record", "inbox", "seen_nonce"} <= set(spread)


def test_a_server_that_ends_while_a_body_still_comes_tells_of_no_fault(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = build_platform(tmp_path / "central.db", tmp_path)
    begun = threading.Event()

    async def noticed(request: Request) -> bytes:
        begun.set()
        return await read_body(request)

    monkeypatch.setattr("sync.central.api.read_body", noticed)
    with serving(platform) as url:
        half = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        half.sendall(b"POST /v1/enrol HTTP/1.1\r\nhost: h\r\ncontent-length: 500\r\n\r\n{")
        assert begun.wait(5)
    half.close()
    platform.store.close()
    told = capfd.readouterr().err
    assert "timeout graceful shutdown" in told, "nothing was on its way, so nothing was tried"
    assert "Exception" not in told and "Traceback" not in told
