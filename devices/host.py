"""Composition of the devices process: a driver, a duty and a thread for each configured device, one socket.

Methods and notifications are listed in README.md of this package.  Nothing that a card, a code or a slip
says is ever logged.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import Any

from devices import readiness, registry
from devices.device_thread import DeviceThread
from devices.duty import Desk, Method
from devices.kind import DeviceKind
from devices.transport.hotplug import HotplugWatch
from kiosk import notify
from kiosk.clock import Clock, SystemClock
from kiosk.config import Settings
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ipc import IpcServer, Params

_STOP_WITHIN_S = 0.8
_LOOK_S = 2.0
"""How often the device threads are looked after; systemd is told no more seldom than it asks."""
_NOT_CONFIGURED = DeviceStatus(state=DeviceState.NO_DEVICE, detail=DeviceDetail.NOT_CONFIGURED)

log = logging.getLogger(__name__)


class Host:
    """The devices process, in one object. `run` returns after `stop`."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._stop = threading.Event()
        self._server: IpcServer | None = None
        self._threads: dict[DeviceClass, DeviceThread[Any]] = {}
        self._methods: dict[str, list[tuple[DeviceClass, Method]]] = {}
        self._hotplug = HotplugWatch(self._plug_moved)
        self._self_test = threading.Thread(target=self._test_everything, name="self-test", daemon=True)
        for kind in registry.KINDS:
            self._add(kind)

    def run(self) -> bool:
        """Serve until `stop` is called, and end within a second after that; False when a device thread died."""
        self.start()
        interval_s = min(notify.watchdog_interval_s() or _LOOK_S, _LOOK_S)
        notify.ready()
        dead: list[str] = []
        while not self._clock.wait(self._stop, interval_s):
            dead = [thread.device.value for thread in self._threads.values() if not thread.alive]
            if dead:
                log.error("device thread is dead", extra={"devices": dead})
                break
            notify.alive()
        notify.stopping()
        self.close()
        return not dead

    def start(self) -> None:
        """Open the socket and start the devices."""
        methods: dict[str, Method] = {name: partial(self._call, name) for name in self._methods}
        methods["status"] = lambda _params: self.statuses()
        methods["readiness"] = lambda _params: readiness.examine(self._threads.values(), self._clock)
        self._server = IpcServer(
            self._settings.devices_socket, methods, self._greeting, slow=frozenset({"readiness"})
        )
        self._hotplug.start()
        for thread in self._threads.values():
            thread.start()
        self._self_test.start()

    def stop(self) -> None:
        """Ask `run` to end, from any thread or a signal handler."""
        self._stop.set()

    def close(self) -> None:
        """Stop every device and hang up."""
        self._hotplug.close()
        for thread in self._threads.values():
            thread.stop()
        deadline = self._clock.monotonic() + _STOP_WITHIN_S
        for thread in self._threads.values():
            if not thread.join(max(deadline - self._clock.monotonic(), 0.01)):
                log.warning("device did not stop in time", extra={"device": thread.device.value})
        if self._self_test.is_alive():
            self._self_test.join(_STOP_WITHIN_S)
        if self._server is not None:
            self._server.close()

    def statuses(self) -> dict[DeviceClass, DeviceStatus]:
        """How every device class is now."""
        return {
            device: self._threads[device].status if device in self._threads else _NOT_CONFIGURED
            for device in DeviceClass
        }

    # -- composition -----------------------------------------------------------------------------------

    def _add(self, kind: DeviceKind) -> None:
        """A duty for every class, so that its methods answer; a thread where there is a driver."""
        driver = registry.make_driver(kind, self._settings.devices, self._clock)
        duty = kind.duty(
            Desk(
                device=kind.device,
                attached=driver is not None,
                notify=self._notify,
                tell_busy=partial(self._tell_busy, kind.device),
                clock=self._clock,
                run_dir=self._settings.paths.run_dir,
            )
        )
        for name, method in duty.methods().items():
            self._methods.setdefault(name, []).append((kind.device, method))
        if driver is not None:
            self._threads[kind.device] = DeviceThread(
                kind.device, driver, duty, self._clock, self._publish, self._tell_event
            )

    def _call(self, name: str, params: Params) -> dict[str, Any]:
        """Let every device that offers `name` do it; what they answer is put together."""
        answer: dict[str, Any] = {}
        for device, method in self._methods[name]:
            answer |= method(params) or {}
            if device in self._threads:
                self._threads[device].wake()
        return answer

    def _test_everything(self) -> None:
        """At opening, without being asked: what the terminal begins its day with stands in the log and is told."""
        report = readiness.examine(self._threads.values(), self._clock)
        not_ready = [device.device.value for device in report.devices if not device.ready]
        log.info("self-test", extra={"ready": report.ready, "not_ready": not_ready})
        self._notify("readiness.report", {"report": report})

    def _plug_moved(self) -> None:
        for thread in self._threads.values():
            thread.plug_moved()

    # -- notifications -----------------------------------------------------------------------------------

    def _greeting(self) -> list[tuple[str, Any]]:
        return [
            ("device.status", {"device": device, "status": status})
            for device, status in self.statuses().items()
        ]

    def _publish(self, device: DeviceClass, status: DeviceStatus) -> None:
        self._notify("device.status", {"device": device, "status": status})

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        if self._server is not None:
            self._server.notify(method, params)

    def _tell_event(self, device: DeviceClass, event: DeviceEvent) -> None:
        self._notify("device.event", {"device": device, "event": event})

    def _tell_busy(self, device: DeviceClass) -> None:
        self._threads[device].tell_busy()
