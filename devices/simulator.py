"""What every simulator is made of: a line that can be pulled, wire time, faults, and a control socket.

A simulator is a real program: it speaks the device's bytes over a pty (or another `FarEnd`), keeps its state while it runs
and knows nothing of the driver.  Everything happens on one thread (`simulator-…`); the control socket
and tests reach it under one lock.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import select
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from devices.fault_script import Fault, FaultSchedule, parse_fault
from devices.transport.far_end import FarEnd
from devices.transport.pseudo_port import PseudoPort
from kiosk.clock import Clock, SystemClock
from kiosk.ipc import IpcServer, Method, Params

_BITS_A_BYTE = 10
_WIRE_CHUNK = 16
"""Bytes sent at once when the wire time is emulated: 1.4 ms at 115200."""

log = logging.getLogger(__name__)


class Simulator(ABC):
    """One simulated device behind `link` (a pty of that name, or any far end). `start` puts the plug in, `close` ends everything."""

    name: str
    """As `kiosk simulate` knows it."""

    def __init__(
        self,
        link: Path | FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self._clock = clock or SystemClock()
        self._port: FarEnd = link if isinstance(link, FarEnd) else PseudoPort(link)
        self._bytes_a_second = baud / _BITS_A_BYTE if baud else None
        self._line_free_at = 0.0
        self._outgoing = bytearray()
        self._silent = False
        self._dribble_s: float | None = None
        self._pausing = False
        self._once_sent: list[Callable[[], None]] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()
        self._faults = FaultSchedule()
        self._script = list(script)
        self._changed = False
        self._closing = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._control: IpcServer | None = None
        self._thread = threading.Thread(target=self._run, name=f"simulator-{self.name}", daemon=True)

    # -- what a device is ---------------------------------------------------------------------------

    @abstractmethod
    def received(self, data: bytes) -> None:
        """Bytes from the terminal; called on the simulator's thread, under the lock."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What can be seen of the device, as JSON."""

    @abstractmethod
    def control_methods(self) -> dict[str, Method]:
        """What a hand can do to the device; each is called under the lock."""

    def suffer(self, fault: Fault) -> None:
        """Let `fault` happen now; a device adds its own. Raises `ValueError` on an unknown one."""
        if fault.do == "unplug":
            self.unplug(fault.for_s)
        elif fault.do == "silence":
            self._silent = True
            self._outgoing.clear()
            self._later(fault.for_s, self._speak_again)
        elif fault.do == "garbage":
            junk = bytes.fromhex(fault.options["bytes_hex"]) if "bytes_hex" in fault.options else _JUNK
            self._port.write(junk)
        elif fault.do == "pause":
            self._pausing = True
            self._later(0.05 if fault.for_s is None else fault.for_s, self._go_on)
        elif fault.do == "dribble":
            self._dribble_s = float(fault.options.get("gap_s", 0.05))
            self._later(fault.for_s, self._flow_again)
        else:
            raise ValueError(f"{self.name} does not know the fault {fault.do!r}")

    def powered_off(self) -> None:
        """The plug was pulled: what a device forgets then."""

    def accepts_input(self) -> bool:
        """False while a full buffer keeps the device from taking bytes."""
        return True

    # -- running -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Plug in and run."""
        for fault in self._script:
            self.arm(fault)
        self._port.plug()
        self._thread.start()

    def serve_control(self, path: Path) -> None:
        """Listen for hands on a local socket."""
        methods = {name: self._locked(method) for name, method in self._all_methods().items()}
        self._control = IpcServer(path, methods, on_connect=lambda: [("state", self.state())])

    def close(self) -> None:
        """Stop, pull the plug, leave nothing behind."""
        self._closing = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        if self._control is not None:
            self._control.close()
        self._port.unplug()
        for descriptor in (self._wake_read, self._wake_write):
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def unplug(self, for_s: float | None = None) -> None:
        """Pull the plug, for `for_s` seconds or until `plug`."""
        with self.lock:
            self._outgoing.clear()
            self._port.unplug()
            self.powered_off()
            self._later(for_s, self.plug)
            self.changed()

    def plug(self) -> None:
        """Put the plug back in."""
        with self.lock:
            self._port.plug()
            self.changed()

    def arm(self, fault: Fault) -> None:
        """Schedule `fault`, or let it happen at once if it names no byte and no command."""
        with self.lock:
            if fault.byte is None and fault.command is None:
                self.suffer(fault)
            else:
                self._faults.arm(fault)
            self._wake()

    def heal(self) -> None:
        """Disarm every fault and end those that last."""
        with self.lock:
            self._faults.clear()
            self._timers.clear()
            self._speak_again()
            self._flow_again()
            self._go_on()
            self._port.plug()
            self.changed()

    # -- for devices ---------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Queue bytes to the terminal."""
        if self._silent:
            return
        if not self._outgoing:
            self._line_free_at = max(self._line_free_at, self._clock.monotonic())
        self._outgoing += data
        self._wake()

    def after_sending(self, action: Callable[[], None]) -> None:
        """Run `action` once everything queued has gone out."""
        self._once_sent.append(action)
        self._wake()

    def changed(self) -> None:
        """Tell whoever watches the control socket."""
        self._changed = True
        self._wake()

    def command_arrived(self) -> None:
        """Count a command; the faults due at it happen before it is answered."""
        for fault in self._faults.count_command():
            self.suffer(fault)

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` on the simulator's thread after a while."""
        self._later(delay_s, action)

    def sent_bytes(self, count: int) -> None:
        """Bytes went to the terminal; devices whose faults count the other direction override this."""
        for fault in self._faults.count_bytes(count):
            self.suffer(fault)

    def may_send(self, wanted: int) -> int:
        """How many bytes may go out before a fault is due."""
        left = self._faults.bytes_until_next()
        return wanted if left is None else min(wanted, max(left, 0))

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            with self.lock:
                wait_s = self._wait_s()
                port = self._port.descriptor if self.accepts_input() else None
            try:
                waiting = [self._wake_read] if port is None else [self._wake_read, port]
                ready, _, _ = select.select(waiting, [], [], wait_s)
            except (OSError, ValueError):
                continue  # the plug was pulled while waiting on it
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            with self.lock:
                self._step(port is not None and port in ready and port == self._port.descriptor)
                told, self._changed = self._changed, False
                state = self.state() if told and self._control is not None else None
            if state is not None and self._control is not None:
                self._control.notify("state", state)

    def _step(self, readable: bool) -> None:
        now = self._clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
        if readable and (data := self._port.read()):
            if self._bytes_a_second:
                # The question took its time on the wire too.
                self._line_free_at = max(self._line_free_at, now) + len(data) / self._bytes_a_second
            self.received(data)
        self._pump()

    def _pump(self) -> None:
        while self._outgoing and not self._pausing:
            count = self._sendable()
            if count <= 0:
                return
            chunk = bytes(self._outgoing[:count])
            del self._outgoing[:count]
            self._port.write(chunk)
            self.sent_bytes(len(chunk))
        while self._once_sent and not self._outgoing:
            self._once_sent.pop(0)()

    def _rate(self) -> float | None:
        return 1 / self._dribble_s if self._dribble_s else self._bytes_a_second

    def _sendable(self) -> int:
        """How many queued bytes may go out now; what a fault cuts off goes out up to the fault."""
        wanted = len(self._outgoing)
        if rate := self._rate():
            now = self._clock.monotonic()
            chunk = 1 if self._dribble_s else min(_WIRE_CHUNK, wanted)
            if (now - self._line_free_at) * rate < chunk:
                return 0
            wanted = min(wanted, int((now - self._line_free_at) * rate))
        allowed = self.may_send(wanted)
        if allowed == 0:
            for fault in self._faults.count_bytes(0):
                self.suffer(fault)
            return self.may_send(min(wanted, len(self._outgoing)))
        if rate:
            self._line_free_at += allowed / rate
        return allowed

    def _wait_s(self) -> float | None:
        now = self._clock.monotonic()
        waits = [self._timers[0][0] - now] if self._timers else []
        if self._pausing:
            pass  # its timer wakes
        elif self._outgoing and (rate := self._rate()):
            chunk = 1 if self._dribble_s else min(_WIRE_CHUNK, len(self._outgoing))
            waits.append(self._line_free_at + chunk / rate - now)
        elif self._outgoing or self._once_sent:
            waits.append(0.0)
        if self._changed:
            waits.append(0.0)
        return max(0.0, min(waits)) if waits else None

    def _later(self, delay_s: float | None, action: Callable[[], None]) -> None:
        if delay_s is not None:
            heapq.heappush(
                self._timers, (self._clock.monotonic() + delay_s, next(self._timer_numbers), action)
            )
            self._wake()

    def _speak_again(self) -> None:
        self._silent = False

    def _flow_again(self) -> None:
        self._dribble_s = None

    def _go_on(self) -> None:
        self._pausing = False

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b"!")
        except (BlockingIOError, OSError):
            pass  # the pipe is full: the thread is awake anyway; or closed: nobody listens any more

    # -- the control socket --------------------------------------------------------------------------

    def _all_methods(self) -> dict[str, Method]:
        return {
            "state": lambda _params: self.state(),
            "fault": self._control_fault,
            "heal": lambda _params: self.heal(),
            "unplug": lambda params: self.unplug(params.get("for_s")),
            "plug": lambda _params: self.plug(),
        } | self.control_methods()

    def _control_fault(self, params: Params) -> None:
        self.arm(parse_fault(params))

    def _locked(self, method: Method) -> Method:
        def call(params: Params) -> Any:
            with self.lock:
                return method(params) or {}

        return call


_JUNK = bytes.fromhex("00FF13AAAA96AAAAAA9669FFFF7E")
"""Noise with two preambles in it, one of them cut and one with an impossible length."""
