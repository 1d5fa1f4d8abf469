"""One named thread a device: opens the driver, does what is asked of it, watches it while idle.

Everything a driver does happens on this thread.  It waits on one event, so that work begins at once,
and an idle device costs one question every second and a half.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic

from devices.duty import Driver, Duty
from kiosk.clock import Clock
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceCapabilities, DeviceClass, DeviceState, DeviceStatus
from kiosk.domain.readiness import DeviceReadiness

IDLE_POLL_S = 1.5
"""How late a pulled plug is noticed; with the first try to reopen it stays below two seconds."""
_FIRST_RETRY_S, _LAST_RETRY_S = 0.2, 1.6
_STUCK_AFTER_S = 60.0
"""No call of a driver lasts half as long: a thread that is silent for this long hangs in one."""
_OPENED = frozenset((DeviceState.ONLINE, DeviceState.BUSY, DeviceState.USER_ERROR))

log = logging.getLogger(__name__)


class DeviceThread(Generic[Driver]):
    """Runs one driver. `publish` is called on this thread with each status that differs from the last,
    `tell_event` with each thing that happened unasked.
    """

    def __init__(
        self,
        device: DeviceClass,
        driver: Driver,
        duty: Duty[Driver],
        clock: Clock,
        publish: Callable[[DeviceClass, DeviceStatus], None],
        tell_event: Callable[[DeviceClass, DeviceEvent], None] | None = None,
    ) -> None:
        self.device = device
        self._driver, self._duty, self._clock, self._publish = driver, duty, clock, publish
        self._tell_event = tell_event or (lambda _device, _event: None)
        self._wake = threading.Event()
        self._stopping = False
        self._is_open = False
        self._plug_moved = False
        self._examinations: deque[Callable[[DeviceReadiness], None]] = deque()
        self._status = DeviceStatus(state=DeviceState.STARTING)
        self._beat_at = clock.monotonic()
        self._looked_s = 0.0
        self._thread = threading.Thread(target=self._run, name=device.value, daemon=True)

    @property
    def status(self) -> DeviceStatus:
        """The last one published."""
        return self._status

    @property
    def alive(self) -> bool:
        """False when the thread has died or hangs: then the process must not call itself well."""
        return self._thread.is_alive() and self._clock.monotonic() - self._beat_at < _STUCK_AFTER_S

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def plug_moved(self) -> None:
        """Something was plugged in or pulled out, from any thread: look now instead of after the pause."""
        self._plug_moved = True
        self._wake.set()

    def examine(self, tell: Callable[[DeviceReadiness], None]) -> None:
        """Look at the device when its thread is free, and `tell` what it answered, on that thread."""
        self._examinations.append(tell)
        self._wake.set()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping = True
        self._duty.cancel()
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; True when it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            retry_s = _FIRST_RETRY_S
            while not self._stopping:
                if not self._is_open:
                    retry_s = self._try_to_open(retry_s)
                else:
                    retry_s = _FIRST_RETRY_S
                    self._serve()
        except Exception:
            # A bug in a driver: the thread ends, the watchdog is no longer fed, the process is restarted.
            log.exception("device thread died", extra={"device": self.device.value})
            raise
        finally:
            self._driver.close()
            self._is_open = False
            self._answer_examinations()  # nobody waits for a thread that has ended

    def _try_to_open(self, retry_s: float) -> float:
        self._beat_at = started = self._clock.monotonic()
        status = self._driver.open()
        self._looked_s = self._clock.monotonic() - started
        self._is_open = status.state in _OPENED
        self._tell(status)
        self._answer_examinations()
        if self._duty.wanted(self._is_open):
            self._duty.step(self._driver)
        elif not self._is_open:
            self._pause(retry_s)
        if self._plug_moved:
            self._plug_moved = False
            return _FIRST_RETRY_S
        return min(retry_s * 2, _LAST_RETRY_S)

    def _serve(self) -> None:
        """Work while there is some, then look at the device, then wait."""
        look_at = self._clock.monotonic() + IDLE_POLL_S
        while self._is_open and not self._stopping:
            self._beat_at = self._clock.monotonic()
            if self._plug_moved or self._examinations:
                self._plug_moved = False
                self._look()
                self._answer_examinations()
            elif self._duty.wanted(True):
                pause_s = self._duty.step(self._driver)
                self._pass_on_events()
                if pause_s < 0:
                    self._look()
                elif pause_s:
                    self._pause(pause_s)
                look_at = self._clock.monotonic() + IDLE_POLL_S
            elif (left := look_at - self._clock.monotonic()) > 0:
                self._pause(left)
            else:
                self._look()
                look_at = self._clock.monotonic() + IDLE_POLL_S

    def _look(self) -> None:
        started = self._clock.monotonic()
        status = self._driver.status()
        self._looked_s = self._clock.monotonic() - started
        self._is_open = status.state in _OPENED
        self._tell(status)
        self._pass_on_events()

    def _answer_examinations(self) -> None:
        """Of a device that is not there only that is known: it tells nothing of itself."""
        while self._examinations:
            tell = self._examinations.popleft()
            started = self._clock.monotonic()
            told = self._driver.capabilities() if self._is_open else DeviceCapabilities()
            tell(
                DeviceReadiness(
                    device=self.device,
                    status=self._status,
                    capabilities=told,
                    seconds=round(self._looked_s + self._clock.monotonic() - started, 3),
                )
            )

    def _pass_on_events(self) -> None:
        for event in self._driver.events():
            self._tell_event(self.device, event)

    def tell_busy(self) -> None:
        """Publish that the device is at work, and alive, in a long call; called by its duty, on this thread."""
        self._beat_at = self._clock.monotonic()
        if self._is_open:
            self._tell(
                DeviceStatus(state=DeviceState.BUSY, media=self._status.media, paper=self._status.paper)
            )

    def _tell(self, status: DeviceStatus) -> None:
        if status != self._status:
            self._status = status
            log.info(
                "device status",
                extra={"device": self.device.value, "state": status.state, "detail": status.detail},
            )
            self._publish(self.device, status)

    def _pause(self, seconds: float) -> None:
        self._clock.wait(self._wake, seconds)
        self._wake.clear()
