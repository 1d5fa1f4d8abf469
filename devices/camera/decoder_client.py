"""Has pictures decoded by a process that may die of them (see `decoder_process`).

A process that dies, hangs or answers nonsense is ended and started again, later each time; the picture that
it died of is tried once more, and then left out.  Used from one thread, the camera's.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from devices.camera.decoder_messages import MESSAGE_BYTES, Answer, Order, decode_answer, encode
from devices.transport.frame_source import Pixels
from kiosk.clock import Clock

COMMAND = (sys.executable, "-m", "devices.camera.decoder_process")
HANGS_AFTER_S = 4.0
"""No look is allowed a tenth of that."""
STARTS_WITHIN_S = 20.0
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.1, 5.0
_SLICE_S = 0.05
_ONE_CORE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Small equations on many threads only keep the cores from the screen."""
_TRIES = 2
_BROKEN_AFTER = 3
"""Starts in a row that led to nothing."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    line: socket.socket
    waiting_since: float
    """Since it was started, or since it was last asked."""
    ready: bool = False
    unanswered: int = 0
    """The number of the order that it still works on."""


class DecoderClient:
    """Owns the process and the memory that it reads pictures from."""

    def __init__(self, symbologies: Sequence[str], clock: Clock, command: Sequence[str] = COMMAND) -> None:
        self._symbologies, self._clock, self._command = tuple(symbologies), clock, tuple(command)
        self._memory: int | None = None
        self._shared: mmap.mmap | None = None
        self._child: _Child | None = None
        self._number = 0
        self._pause_s = _FIRST_PAUSE_S
        self._start_at = 0.0
        self._vain_starts = 0
        self._late: Answer | None = None
        self._unwanted = 0
        """The number of an order whose answer nobody waits for any more."""
        self.skipped = 0
        """Pictures that were left out because the process died of them."""

    @property
    def broken(self) -> bool:
        """Whether no process can be started at all."""
        return self._vain_starts >= _BROKEN_AFTER

    @property
    def process_id(self) -> int | None:
        """Of the process, while there is one."""
        return self._child.process.pid if self._child else None

    def start(self) -> None:
        """Begin to start the process, so that it is there when it is needed."""
        if self._child is None and self._clock.monotonic() >= self._start_at:
            self._spawn()

    def await_ready(self, deadline: float) -> bool:
        """Wait until the process can be asked; True when it can."""
        return self._await_child(deadline, threading.Event())

    def close(self) -> None:
        """End the process and give the memory back."""
        self._end_child()
        if self._shared is not None:
            self._shared.close()
            self._shared = None
        if self._memory is not None:
            os.close(self._memory)
            self._memory = None

    @property
    def busy(self) -> bool:
        """Whether a look that was given up is still going on."""
        return self._child is not None and self._child.unanswered != 0

    def late(self) -> Answer | None:
        """The answer to a look that was given up, once, when it has come by now. Does not wait."""
        if self._late is None and self.busy:
            self._keep(self._hear(self._clock.monotonic()))
        answer, self._late = self._late, None
        return answer

    def forget(self) -> None:
        """Nobody wants the answer to what was asked so far."""
        self._late, self._unwanted = None, self._number

    def look(self, grey: Pixels, *, settled: bool, deadline: float, cancel: threading.Event) -> Answer | None:
        """What is in a picture; None when that cannot be said (dead, starting, canceled, too late).

        Too late is late only: see `busy` and `late`.
        """
        for _ in range(_TRIES):
            if not self._await_child(deadline, cancel):
                return None
            self._order(grey, settled)
            answer = self._answer(deadline, cancel)
            if answer is not None:
                self._pause_s = _FIRST_PAUSE_S
                return answer
            if self._child is not None:
                return None  # canceled or too late; it still works
        self.skipped += 1
        log.warning("a picture was left out: the decoder died of it twice")
        return None

    # -- the memory ----------------------------------------------------------------------------------

    def _order(self, grey: Pixels, settled: bool) -> None:
        assert self._child is not None
        height, width = grey.shape
        shared = self._room(grey.size)
        np.copyto(np.frombuffer(shared, np.uint8, grey.size).reshape(grey.shape), grey)
        self._number += 1
        self._child.unanswered = self._number
        self._child.waiting_since = self._clock.monotonic()
        try:
            self._child.line.sendall(encode(Order(self._number, width, height, settled)))
        except OSError:
            self._died()

    def _room(self, size: int) -> mmap.mmap:
        if self._memory is None:
            self._memory = os.memfd_create("linban-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            # Memory that the other side could shrink would end this side with a bus error.
            fcntl.fcntl(self._memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        if self._shared is None or len(self._shared) < size:
            os.ftruncate(self._memory, max(size, os.fstat(self._memory).st_size))
            self._shared = mmap.mmap(self._memory, os.fstat(self._memory).st_size)
        return self._shared

    # -- the process ---------------------------------------------------------------------------------

    def _spawn(self) -> None:
        self._room(1)
        assert self._memory is not None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [*self._command, str(theirs.fileno()), str(self._memory), *self._symbologies]
        try:
            process = subprocess.Popen(
                arguments,
                pass_fds=(theirs.fileno(), self._memory),
                stdin=subprocess.DEVNULL,
                env={**os.environ, **_ONE_CORE},
            )
        except OSError:
            ours.close()
            self._postpone()
            return
        finally:
            theirs.close()
        self._child = _Child(process, ours, self._clock.monotonic())

    def _await_child(self, deadline: float, cancel: threading.Event) -> bool:
        """Wait until there is a process that is ready and has answered all that it was asked."""
        while not cancel.is_set() and (now := self._clock.monotonic()) < deadline:
            if self._child is None:
                if now < self._start_at:
                    self._clock.wait(cancel, min(self._start_at, deadline) - now)
                else:
                    self._spawn()
            elif self._child.ready and not self._child.unanswered:
                return True
            else:
                self._keep(self._hear(min(now + _SLICE_S, deadline)))
        return False

    def _keep(self, answer: Answer | None) -> None:
        if answer is not None and answer.number > self._unwanted:
            self._late = answer

    def _answer(self, deadline: float, cancel: threading.Event) -> Answer | None:
        wanted = self._number
        while self._child is not None and not cancel.is_set():
            now = self._clock.monotonic()
            answer = self._hear(min(now + _SLICE_S, deadline))
            if answer is not None and answer.number == wanted:
                return answer
            if self._clock.monotonic() >= deadline:
                return None
        return None

    def _hear(self, until: float) -> Answer | None:
        """One message, if one comes; notices that the process is dead or hangs."""
        child = self._child
        if child is None:
            return None
        ready, _, _ = select.select([child.line], [], [], max(until - self._clock.monotonic(), 0))
        if not ready:
            allowed_s = HANGS_AFTER_S if child.ready else STARTS_WITHIN_S
            if self._clock.monotonic() - child.waiting_since > allowed_s:
                self._died()
            return None
        try:
            message = child.line.recv(MESSAGE_BYTES)
            answer = decode_answer(message) if message else None
        except (OSError, msgspec.DecodeError):
            answer = None
        if answer is None:
            self._died()
            return None
        if not child.ready:
            child.ready, self._vain_starts = True, 0
        elif answer.number == child.unanswered:
            child.unanswered = 0
        return answer

    def _died(self) -> None:
        ready = self._child is not None and self._child.ready
        self._end_child()
        log.warning("the decoder process ended", extra={"was_ready": ready})
        if not ready:
            self._vain_starts += 1
        self._postpone()

    def _postpone(self) -> None:
        self._start_at = self._clock.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LAST_PAUSE_S)

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.line.close()
            self._child.process.kill()
            self._child.process.wait()
            self._child = None
