"""The sync process as it is started: its socket, its signals, and lines that come and go."""

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

from kiosk.clock import SystemClock
from kiosk.config import Settings, load
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient, LineReader, Message, encode
from kiosk.journal.journal import Journal, load_or_create_key
from sync.central.exchange import Platform
from sync.line_simulator import LineMode, LineSimulator

ROOT = Path(__file__).resolve().parents[2]
_TICK = threading.Event()


class SyncProcess:
    """`python -m sync`, and the two things that others have of it: its socket and the journal."""

    def __init__(
        self,
        folder: Path,
        url: str,
        code: str = "4821093377",
        environment: dict[str, str] | None = None,
        more: str = "",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config_file = folder / "linban.toml"
        self.config_file.write_text(
            f'[paths]\nstate_dir = "{folder / "state"}"\nrun_dir = "{folder / "run"}"\n'
            f'[platform]\nurl = "{url}"\nenrolment_code = "{code}"\nheartbeat_s = 1.0\nretry_cap_s = 0.5\n{more}'
        )
        self.settings: Settings = load(self.config_file)
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        self.log = (folder / "sync.log").open("ab")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "sync", "--config", str(self.config_file)]
        self.process = subprocess.Popen(command, env=self.environment, stderr=self.log)
        self.client = self._connect()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.call("status")
        return found

    def until(self, holds: Callable[[dict[str, Any]], bool], within_s: float = 10.0) -> float:
        """Wait for a status; how long it took."""
        started = time.monotonic()
        while not holds(status := self.status()):
            assert time.monotonic() - started < within_s, status
            _TICK.wait(0.02)
        return time.monotonic() - started

    def journal(self) -> Journal:
        key = load_or_create_key(self.settings.journal_key_file)
        return Journal.open(self.settings.journal_file, key, SystemClock())

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Signal it; how long it took to end."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=10)
        self.client.close()
        return time.monotonic() - started

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.client.close()
        self.log.close()

    def _connect(self) -> IpcClient:
        for _ in range(500):
            with contextlib.suppress(IpcError):
                return IpcClient(self.settings.sync_socket)
            assert self.process.poll() is None
            _TICK.wait(0.02)
        raise AssertionError("the sync process does not listen")


@pytest.fixture
def start_sync(tmp_path: Path) -> Iterator[Callable[..., SyncProcess]]:
    started: list[SyncProcess] = []

    def start(url: str, **options: Any) -> SyncProcess:
        started.append(SyncProcess(tmp_path / f"sync-{len(started)}", url, **options))
        return started[-1]

    yield start
    for process in started:
        process.close()


def url_of(line: LineSimulator) -> str:
    return f"http://127.0.0.1:{line.port}"


def online(status: dict[str, Any]) -> bool:
    return bool(status["state"] == "online")


def test_it_enrols_delivers_and_tells(
    platform: Platform,
    line: LineSimulator,
    start_sync: Callable[..., SyncProcess],
    record_in: Callable[..., list[Any]],
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    assert sync.status()["terminal_number"] == "100001"
    with sync.journal() as journal:
        (receipt,) = record_in(journal, 1)
    sync.client.call("wake")
    told = list(sync.client.notifications(1.0))
    (delivered,) = [message.params for message in told if message.method == "case.delivered"]
    assert delivered["receipt_number"] == receipt.number
    assert delivered["platform_state"] == "received"
    pending = [message.params["pending"] for message in told if message.method == "line.status"]
    assert (1 in pending, pending[-1]) == (True, 0)
    answer = sync.client.call("query", service="case-progress", params={"receipt_number": receipt.number})
    assert (answer["ok"], answer["answer"]["state"]) == (True, "received")
    platform.cases.change_state(receipt.number, platform_state("accepted"))
    _until_state(sync, receipt.number, "accepted")
    assert sync.end() < 1.0
    assert sync.process.returncode == 0


def platform_state(name: str) -> Any:
    from kiosk.domain.case import PlatformState

    return PlatformState(name)


def _until_state(sync: SyncProcess, number: str, state: str) -> None:
    with sync.journal() as journal:
        for _ in range(250):
            found = journal.entries.by_number(number)
            if found is not None and found.platform == state:
                return
            _TICK.wait(0.02)
    raise AssertionError(f"the inbox never said {state}")


@pytest.mark.fault(40)
def test_a_line_that_is_down_at_the_start_and_comes_up(
    platform: Platform,
    line: LineSimulator,
    start_sync: Callable[..., SyncProcess],
    record_in: Callable[..., list[Any]],
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    line.set_mode(LineMode.CUT)
    sync.until(lambda status: bool(status["state"] == "offline"), within_s=4)
    with sync.journal() as journal:
        receipts = record_in(journal, 7)
    sync.client.call("wake")
    sync.until(lambda status: bool(status["pending"] == 7))
    assert sync.status()["fault"] == "no_line"
    query = sync.client.call("query", service="case-progress", params={"receipt_number": receipts[0].number})
    assert query == {"ok": False, "fault": "no_line", "detail": query["detail"]}
    sync.end()
    sync.start()
    assert sync.until(lambda status: bool(status["state"] == "offline"), within_s=4) < 2.5
    line.set_mode(LineMode.UP)
    assert sync.until(online) < 2.5
    sync.until(lambda status: bool(status["pending"] == 0))
    assert {count.stored for count in platform.cases.count()} == {1}
    assert len(platform.cases.count()) == 7


@pytest.mark.fault(45)
def test_a_dead_line_is_known_within_two_seconds_of_the_start(
    line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    sync.end()
    line.set_mode(LineMode.BLACKHOLE)
    sync.start()
    assert sync.until(lambda status: bool(status["state"] == "offline"), within_s=4) < 2.5
    assert sync.status()["fault"] == "timed_out"


@pytest.mark.fault(45)
def test_it_ends_at_once_while_a_request_hangs(
    line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    line.set_mode(LineMode.BLACKHOLE)
    before = sync.status()["last_success_s"]["heartbeat"]
    sync.until(lambda status: bool(status["last_success_s"]["heartbeat"] > before + 1.5))
    assert sync.end() < 1.0
    assert sync.process.returncode == 0


@pytest.mark.fault(45)
def test_a_look_up_on_a_dead_line_keeps_its_deadline_and_can_be_cancelled(
    line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    line.set_mode(LineMode.BLACKHOLE)
    query = {"service": "case-progress", "params": {"receipt_number": "1000010000000080"}}
    started = time.monotonic()
    assert raw_call(sync, "query", {**query, "timeout_s": 0.5})["fault"] == "timed_out"
    assert time.monotonic() - started < 1.5
    answers: list[dict[str, Any]] = []
    ask = lambda: answers.append(raw_call(sync, "query", {**query, "timeout_s": 20, "id": "q1"}))  # noqa: E731
    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(200):
        if sync.client.call("cancel_query", id="q1")["ok"]:
            break
        _TICK.wait(0.01)
    thread.join(timeout=3)
    assert answers == [{"ok": False, "fault": "timed_out", "detail": "cancelled"}]


def raw_call(sync: SyncProcess, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """As the face calls: over a connection of its own, with a `timeout_s` that is the method's, not the call's."""
    reader = LineReader()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(sync.settings.sync_socket))
        connection.sendall(encode(Message(id=1, method=method, params=params)))
        while True:
            for message in reader.feed(connection.recv(65536)):
                if message.id == 1:
                    assert isinstance(message.result, dict)
                    return message.result


@pytest.mark.fault(46)
def test_a_batch_that_hangs_on_a_dead_connection_is_begun_again_when_the_line_is_back(
    platform: Platform,
    line: LineSimulator,
    start_sync: Callable[..., SyncProcess],
    record_in: Callable[..., list[Any]],
) -> None:
    """Its own deadline would be half a minute away."""
    sync = start_sync(url_of(line))
    sync.until(online)
    line.set_mode(LineMode.BLACKHOLE)
    with sync.journal() as journal:
        record_in(journal, 5)
    sync.client.call("wake")
    sync.until(lambda status: bool(status["state"] == "offline"), within_s=18)
    line.set_mode(LineMode.UP)
    sync.until(lambda status: bool(online(status) and status["pending"] == 0), within_s=5)
    assert {count.stored for count in platform.cases.count()} == {1}


@pytest.mark.fault(2, 51)
def test_killed_in_the_middle_of_a_batch_it_goes_on(
    platform: Platform,
    line: LineSimulator,
    start_sync: Callable[..., SyncProcess],
    record_in: Callable[..., list[Any]],
) -> None:
    sync = start_sync(url_of(line))
    sync.until(online)
    line.set_mode(LineMode.BLACKHOLE)
    with sync.journal() as journal:
        record_in(journal, 5)
        sync.client.call("wake")
        for _ in range(250):
            if journal.outbox.summary().leased == 5:
                break
            _TICK.wait(0.02)
        assert journal.outbox.summary().leased == 5
    sync.end(signal.SIGKILL)
    line.set_mode(LineMode.UP)
    sync.start()
    sync.until(lambda status: bool(online(status) and status["pending"] == 0), within_s=20)
    assert {count.stored for count in platform.cases.count()} == {1}
    assert len(platform.cases.count()) == 5


def test_enrolment_by_a_person_and_a_wrong_code(
    platform: Platform, line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line), code="")
    sync.until(lambda status: bool(status["state"] == "not_enrolled"))
    answer = sync.client.call("enrol", code="0000000000")
    assert (answer["ok"], answer["fault"]) == (False, "refused")
    assert sync.status()["state"] == "not_enrolled"
    answer = sync.client.call("enrol", code="4821093377")
    assert (answer["ok"], answer["terminal_number"]) == (True, "100001")
    sync.until(online)


def test_a_wrong_code_in_the_settings_is_tried_once(
    platform: Platform, line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    sync = start_sync(url_of(line), code="0000000000")
    sync.until(lambda status: bool(status["fault"] == "refused"))
    _TICK.wait(1.0)
    with platform.store.reading() as run:
        assert run.execute("select count(*) from enrolment_failure").fetchone() == (1,)


def test_systemd_is_told_and_the_watchdog_fed(
    line: LineSimulator, tmp_path: Path, start_sync: Callable[..., SyncProcess]
) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify.sock"))
    listener.settimeout(10)
    sync = start_sync(
        url_of(line), environment={"NOTIFY_SOCKET": str(tmp_path / "notify.sock"), "WATCHDOG_USEC": "400000"}
    )
    said = [listener.recv(100) for _ in range(3)]
    assert said == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    sync.end()
    rest = []
    with contextlib.suppress(TimeoutError):
        listener.settimeout(0.2)
        while True:
            rest.append(listener.recv(100))
    assert rest[-1] == b"STOPPING=1"
    listener.close()


def test_an_idle_process_does_next_to_nothing(
    line: LineSimulator, start_sync: Callable[..., SyncProcess]
) -> None:
    """A heartbeat a second here, a heartbeat a minute in the field: the budget holds for the busier one."""
    sync = start_sync(url_of(line))
    sync.until(online)
    _TICK.wait(0.5)
    before = _cpu_s(sync.process.pid)
    _TICK.wait(3.0)
    assert (_cpu_s(sync.process.pid) - before) / 3.0 < 0.05


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "linban.toml"
    file.write_text("[platform]\nurll = 'x'\n")
    done = subprocess.run(
        [sys.executable, "-m", "sync", "--config", str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=20,
    )
    assert done.returncode == 2
    assert "urll" in done.stderr
