"""Real processes that die, hang, refuse to end, and a supervisor that is killed itself."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.supervisor import OnExit, ProcessSpec, Supervisor

READY = (
    "import os, socket, time\n"
    "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
    "s.connect(os.environ['NOTIFY_SOCKET'])\n"
    "s.send(b'READY=1')\n"
)
LIVES = READY + "while True: time.sleep(0.1); s.send(b'WATCHDOG=1')"
HANGS = READY + "time.sleep(600)"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LIVES


def spec(
    name: str, script: str, on_exit: OnExit = OnExit.RESTART, watchdog_s: float | None = None
) -> ProcessSpec:
    return ProcessSpec(
        name=name, arguments=[sys.executable, "-c", script], on_exit=on_exit, watchdog_s=watchdog_s
    )


@contextlib.contextmanager
def running(folder: Path, *specs: ProcessSpec) -> Iterator[Supervisor]:
    supervisor = Supervisor(specs, folder)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(10)
        assert not thread.is_alive()


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> float:
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds
        threading.Event().wait(0.01)
    return time.monotonic() - started


@pytest.mark.fault(26)
def test_process_killed_again_and_again_is_back_within_two_seconds_each_time(tmp_path: Path) -> None:
    with running(tmp_path, spec("a", LIVES)) as supervisor:
        wait_until(lambda: supervisor.ready_at("a") is not None)
        for _ in range(8):
            pid = supervisor.pid("a")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: supervisor.pid("a") != pid)  # noqa: B023 - called before the loop goes on
            took = wait_until(lambda: supervisor.ready_at("a") is not None)
            assert took < 2


@pytest.mark.fault(27)
def test_process_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    with running(tmp_path, spec("a", HANGS, watchdog_s=0.5)) as supervisor:
        wait_until(lambda: supervisor.ready_at("a") is not None)
        first = supervisor.pid("a")
        wait_until(lambda: supervisor.pid("a") not in (None, first))


def test_process_that_reports_alive_is_left_alone(tmp_path: Path) -> None:
    with running(tmp_path, spec("a", LIVES, watchdog_s=1.0)) as supervisor:
        wait_until(lambda: supervisor.ready_at("a") is not None)
        first = supervisor.pid("a")
        threading.Event().wait(2.5)
        assert supervisor.pid("a") == first


@pytest.mark.fault(33)
def test_crash_loop_slows_down(tmp_path: Path) -> None:
    counter = tmp_path / "count"
    script = f"open({str(counter)!r}, 'a').write('x'); raise SystemExit(3)"
    with running(tmp_path, spec("a", script), spec("b", LIVES)) as supervisor:
        wait_until(lambda: supervisor.ready_at("b") is not None)
        threading.Event().wait(2.5)
        assert 3 <= len(counter.read_text()) <= 8


def test_orderly_end_of_the_face_ends_everything(tmp_path: Path) -> None:
    supervisor = Supervisor([spec("other", LIVES), spec("face", "pass", OnExit.STOP_ALL)], tmp_path)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_process_that_ignores_the_end_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, spec("a", DEAF)) as supervisor:
        wait_until(lambda: supervisor.ready_at("a") is not None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_stays_behind_when_the_supervisor_goes(tmp_path: Path, number: signal.Signals) -> None:
    script = (
        "import sys; from pathlib import Path; from kiosk.supervisor import *\n"
        f"s = Supervisor([ProcessSpec(name='a', arguments=[sys.executable, '-c', {LIVES!r}])], Path({str(tmp_path)!r}))\n"
        "stop_on_signals(s)\n"
        "import threading\n"
        "threading.Timer(1.0, lambda: print(s.pid('a'), flush=True)).start()\n"
        "s.run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait(10)
        wait_until(
            lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()
        )
