"""What a device class promises, as checks that any driver of the class can be put through.

A check gets a `Rig`: the driver under test and hands. Behind the hands is a simulator, whose control
socket does what it is asked to, or a person in front of the real device, who is asked to do it.  A check
returns its evidence, raises `Broken` when the promise is not kept, and `NotRun` when it cannot be tried
here.  Evidence is figures and states; never what a card, a code or a slip says.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, Self

from msgspec import Struct

from devices.duty import Driver
from kiosk.clock import Clock
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus
from kiosk.errors import LinbanError

Evidence = dict[str, Any]
OPENED = frozenset((DeviceState.ONLINE, DeviceState.BUSY, DeviceState.USER_ERROR))
OPEN_WITHIN_S = 6.0


class Broken(LinbanError):
    """A promise of the port was not kept."""


class NotRun(LinbanError):
    """This check cannot be tried on this rig."""


class Hands(ABC):
    """What can be done to the device from outside."""

    simulated: bool
    """Whether a simulator is behind it: then bytes can be counted, spoiled and cut."""

    @abstractmethod
    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """Do it now. Raises `NotRun` when these hands cannot."""

    def fault(self, do: str, at: str | None = None, **details: Any) -> None:
        """Let something go wrong, at once or at a byte or a command (see `devices.fault_script`)."""
        self.do("fault", do=do, **({} if at is None else {"at": at}), **details)

    def state(self) -> dict[str, Any]:
        """What the simulator says of itself. Raises `NotRun` on real hardware."""
        return self.do("state")


@dataclass(kw_only=True)
class Rig(Generic[Driver]):
    """A driver under test, ready to be made any number of times on one port."""

    make: Callable[[], Driver]
    hands: Hands
    clock: Clock
    wire_bytes: int | None = None
    """See `Stage`."""
    cuts: int = 24
    """How many places of a command the cable is pulled at."""

    @contextmanager
    def opened(self) -> Iterator[Driver]:
        """A driver whose device is there and answers. Raises `Broken` when it does not."""
        driver = self.make()
        try:
            self.open(driver)
            yield driver
        finally:
            driver.close()

    def open(self, driver: Driver) -> DeviceStatus:
        """Open, as often as a device thread would within a few seconds."""
        deadline = self.clock.monotonic() + OPEN_WITHIN_S
        while True:
            status = driver.open()
            if status.state in OPENED:
                return status
            if self.clock.monotonic() >= deadline:
                raise Broken(f"does not open: {status.state}, {status.detail}")
            self.wait(0.1)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.wait(threading.Event(), seconds)

    def timed(self, action: Callable[[], Any]) -> tuple[Any, float]:
        """What `action` returned, and the seconds it took."""
        started = self.clock.monotonic()
        return action(), self.clock.monotonic() - started


@dataclass(frozen=True, kw_only=True)
class Work(Generic[Driver]):
    """The ordinary command of a class, by which the checks for every device try it."""

    prepare: Callable[[Hands], None]
    """Lay the card, load the paper: afterwards `run` can succeed."""
    run: Callable[[Driver, float, threading.Event], Any]
    """The command, with its timeout and its cancel; returns the port's outcome."""
    succeeded: Callable[[Any], bool]
    lie: Callable[[Any, Hands], str]
    """What the outcome claims that is not so; "" when it is true. Asked on simulators only."""
    finish: Callable[[Hands], None] = lambda _hands: None
    """Take the card away again, load the paper: as it was before."""
    timeout_s: float = 5.0
    wire_bytes: int = 0
    """About how many bytes one command moves in the direction that the simulator's faults count; 0: no bytes."""


@dataclass(frozen=True, kw_only=True)
class Check(Generic[Driver]):
    """One promise."""

    name: str
    promise: tuple[str, str]
    """In Chinese and in English."""
    run: Callable[[Rig[Driver]], Evidence]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A simulated device that is set up: what its settings table says, and where its hands are."""

    settings: Struct
    control: Path
    wire_bytes: int | None = None
    """Where this line moves another number of bytes than `Work.wire_bytes`; 0: bytes cannot be counted on it."""


class Playable(Protocol):
    """A simulator, as far as a stage needs it."""

    def start(self) -> None: ...
    def serve_control(self, path: Path) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


@contextmanager
def played(simulator: Playable, folder: Path, settings: Callable[[], Struct]) -> Iterator[Stage]:
    """A stage with one simulator on it; `settings` is asked for once it runs, when it knows its address."""
    control = folder / "hands.sock"
    with simulator:
        simulator.start()
        simulator.serve_control(control)
        yield Stage(settings=settings(), control=control)


@dataclass(kw_only=True)
class Contract(Generic[Driver]):
    """Everything that a class promises beyond what every device does."""

    device: DeviceClass
    work: Work[Driver]
    stages: dict[str, Callable[[Path], AbstractContextManager[Stage]]]
    """How to set up a simulator in a folder, by driver, or by `driver/line` where one driver speaks over several
    lines. Raises `NotRun` where this machine cannot."""
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What a person is asked to do for an action of the hands, in Chinese and in English."""
    exclusive: bool = True
    """Whether a second program is kept out of the port."""
    checks: list[Check[Driver]] = field(default_factory=list)

    def check(
        self, name: str, chinese: str, english: str
    ) -> Callable[[Callable[[Rig[Driver]], Evidence]], Callable[[Rig[Driver]], Evidence]]:
        """Add a promise; the function below it tries it."""

        def add(function: Callable[[Rig[Driver]], Evidence]) -> Callable[[Rig[Driver]], Evidence]:
            self.checks.append(Check(name=name, promise=(chinese, english), run=function))
            return function

        return add


def require(kept: bool, otherwise: str) -> None:
    """Raise `Broken` with `otherwise` unless `kept`."""
    if not kept:
        raise Broken(otherwise)
