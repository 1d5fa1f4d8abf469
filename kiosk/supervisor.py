"""Starts the terminal's processes and keeps them alive where there is no systemd.

A process that dies is started again at once (slower when it keeps dying); one that is silent for longer
than its watchdog allows is killed and started again.  The children speak systemd's notification
protocol (`kiosk.notify`), so they run under systemd units without a change.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kiosk import notify

log = logging.getLogger(__name__)

_RESTART_PAUSES_S = (0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 5.0)
"""Pause before the 1st, 2nd, … restart in a row; the last one repeats."""
_LONGEST_AFTER_READY_S = 0.6
"""A process that did its work before it died does not wait longer: it must be back within 2 s."""
_STEADY_S = 10.0
"""A process that lived this long has recovered: the next death counts as the first."""
_STOP_PATIENCE_S = 3.0
_LONGEST_WAIT_FOR_ANOTHER_S = 1.5
_PR_SET_PDEATHSIG = 1


class OnExit(StrEnum):
    """What the end of a process means."""

    RESTART = "restart"
    STOP_ALL = "stop_all"
    """Its orderly end (exit code 0) ends the whole; after a crash it is restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process to keep alive."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    on_exit: OnExit = OnExit.RESTART
    watchdog_s: float | None = None
    log_file: Path | None = None
    """Where its standard error goes; None leaves it on ours."""
    after: str | None = None
    """Started when that process is ready (or a little later, whatever becomes of it): the face first of all."""


@dataclass
class _Child:
    spec: ProcessSpec
    process: subprocess.Popen[bytes] | None = None
    pidfd: int = -1
    started_at: float = 0.0
    last_alive: float = 0.0
    ready_at: float | None = None
    deaths_in_a_row: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps a set of processes alive until `stop` is called or one of them ends the whole."""

    def __init__(self, specs: Sequence[ProcessSpec], run_dir: Path, ready_with: str | None = None) -> None:
        """`ready_with` names the process whose READY is handed on to whoever watches this one."""
        self._ready_with = ready_with
        self._children = {spec.name: _Child(spec) for spec in specs}
        self._selector = selectors.DefaultSelector()
        self._notify_path = run_dir / "notify.sock"
        self._notify = _notification_socket(self._notify_path)
        self._selector.register(self._notify, selectors.EVENT_READ, self._hear)
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        self._stopping = False

    def run(self) -> None:
        """Start everything and watch it; returns when all processes have ended. Blocks."""
        try:
            for child in self._children.values():
                if child.spec.after is None:
                    self._start(child)
                else:
                    child.restart_at = time.monotonic() + _LONGEST_WAIT_FOR_ANOTHER_S
            while not self._stopping:
                for key, _ in self._selector.select(self._next_deadline_s()):
                    key.data(key.fileobj)
                self._restart_due()
                self._kill_silent()
        finally:
            self._stop_all()

    def stop(self) -> None:
        """End everything. May be called from another thread or a signal handler."""
        self._stopping = True
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b".")

    def pid(self, name: str) -> int | None:
        """The process id of a running child, or None while it is being restarted."""
        process = self._children[name].process
        return process.pid if process is not None and process.returncode is None else None

    def ready_at(self, name: str) -> float | None:
        """When (monotonic) a running child said that it does its work; None until then."""
        child = self._children[name]
        return child.ready_at if child.pidfd >= 0 else None

    def _start(self, child: _Child) -> None:
        spec = child.spec
        environment = {**os.environ, **spec.environment, "NOTIFY_SOCKET": str(self._notify_path)}
        environment.pop("WATCHDOG_PID", None)
        environment.pop("WATCHDOG_USEC", None)
        if spec.watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(round(spec.watchdog_s * 1_000_000))
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(spec.log_file.open("ab")) if spec.log_file else None
            child.process = subprocess.Popen(
                list(spec.arguments),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 - one system call, no locks taken
            )
        child.started_at = child.last_alive = time.monotonic()
        child.ready_at, child.restart_at = None, None
        child.pidfd = os.pidfd_open(child.process.pid)
        self._selector.register(child.pidfd, selectors.EVENT_READ, self._reaper(child))
        log.info("%s started, pid %d", spec.name, child.process.pid)

    def _reaper(self, child: _Child) -> Callable[[object], None]:
        def reap(_: object) -> None:
            self._selector.unregister(child.pidfd)
            os.close(child.pidfd)
            child.pidfd = -1
            if child.process is None:
                return
            code = child.process.wait()
            words = f"; its own words are in {child.spec.log_file}" if child.spec.log_file else ""
            log.warning("%s ended with code %d%s", child.spec.name, code, words)
            if code == 0 and child.spec.on_exit is OnExit.STOP_ALL:
                self._stopping = True
                return
            lived = time.monotonic() - child.started_at
            child.deaths_in_a_row = 1 if lived >= _STEADY_S else child.deaths_in_a_row + 1
            pause = _RESTART_PAUSES_S[min(child.deaths_in_a_row, len(_RESTART_PAUSES_S)) - 1]
            if child.ready_at is not None:
                pause = min(pause, _LONGEST_AFTER_READY_S)
            child.restart_at = time.monotonic() + pause

        return reap

    def _restart_due(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if not self._stopping and child.restart_at is not None and child.restart_at <= now:
                self._start(child)

    def _kill_silent(self) -> None:
        """A process that said READY and then nothing for its watchdog time is alive but deaf."""
        now = time.monotonic()
        for child in self._children.values():
            allowed = child.spec.watchdog_s
            if allowed is None or child.ready_at is None or child.process is None or child.pidfd < 0:
                continue
            if now - child.last_alive > allowed:
                log.error("%s was silent for too long; killed", child.spec.name)
                child.last_alive = now
                child.process.kill()

    def _next_deadline_s(self) -> float | None:
        now = time.monotonic()
        due = [child.restart_at - now for child in self._children.values() if child.restart_at is not None]
        due += [
            child.last_alive + child.spec.watchdog_s - now
            for child in self._children.values()
            if child.spec.watchdog_s is not None and child.ready_at is not None and child.pidfd >= 0
        ]
        return max(0.0, min(due)) if due else None

    def _hear(self, _: object) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _flags, _address = self._notify.recvmsg(4096, socket.CMSG_SPACE(12))
                pid = _sender_pid(ancillary)
                for child in self._children.values():
                    if child.process is not None and child.process.pid == pid:
                        child.last_alive = time.monotonic()
                        if child.ready_at is None and b"READY=1" in data:
                            child.ready_at = child.last_alive
                            self._is_ready(child.spec.name)

    def _is_ready(self, name: str) -> None:
        if name == self._ready_with:
            notify.ready()
        for child in self._children.values():
            if child.spec.after == name and child.process is None:
                child.restart_at = time.monotonic()

    def _woken(self, _: object) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 64)

    def _stop_all(self) -> None:
        running = [
            child
            for child in reversed(self._children.values())
            if child.pidfd >= 0 and child.process is not None
        ]
        for child in running:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + _STOP_PATIENCE_S
        for child in running:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s did not end by itself; killed", child.spec.name)
                child.process.kill()
                child.process.wait()
            self._selector.unregister(child.pidfd)
            os.close(child.pidfd)
            child.pidfd = -1
        self._selector.close()
        self._notify.close()
        self._notify_path.unlink(missing_ok=True)
        os.close(self._wake_read)
        wake, self._wake_write = self._wake_write, -1
        os.close(wake)


def stop_on_signals(supervisor: Supervisor) -> None:
    """Let SIGTERM and SIGINT end the whole in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())


def _notification_socket(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    receiver.bind(os.fspath(path))
    return receiver


def _sender_pid(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return int.from_bytes(data[:4], "little")
    return None


def _die_with_parent() -> Callable[[], None]:
    """A function for the child: when the supervisor is killed, nothing of the terminal stays behind."""
    library = ctypes.CDLL(None)

    def before_exec() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return before_exec
