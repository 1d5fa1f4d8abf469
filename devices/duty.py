"""What a device is asked to do, and what a duty is given to do it with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from kiosk.clock import Clock
from kiosk.domain.device_status import DeviceClass
from kiosk.ipc import Params
from kiosk.ports import DevicePort

Notify = Callable[[str, dict[str, Any]], None]
Method = Callable[[Params], Any]

Driver = TypeVar("Driver", bound=DevicePort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a duty sits: the ways to the socket, to its device thread and to the clock."""

    device: DeviceClass
    attached: bool
    """Whether a driver is configured; a duty without one answers at once that there is none."""
    notify: Notify
    tell_busy: Callable[[], None]
    """Publish that the device is at work; only from within `step`."""
    clock: Clock
    run_dir: Path
    """The only folder from which a file named over the socket may be taken."""


class Duty(ABC, Generic[Driver]):
    """What one device is asked to do at present.

    `methods` run on the thread of the peer that calls; everything else, but for `cancel`, on the device's.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    def methods(self) -> dict[str, Method]:
        """What the socket offers for this device, by name.

        Two devices may offer the same method (a scanner and a camera both look for codes): both are called.
        The device thread is woken after each call.
        """

    @abstractmethod
    def wanted(self, is_open: bool) -> bool:
        """Whether there is something to do now."""

    @abstractmethod
    def step(self, driver: Driver) -> float:
        """Do one thing; returns the seconds until the next may begin, negative to look at the device first."""

    @abstractmethod
    def cancel(self) -> None:
        """End what is being done, from any thread."""


def text_of(params: Params, name: str) -> str:
    """A parameter that must be a text. Raises `ValueError`, which the peer gets as its answer."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: a text is needed")
    return value
