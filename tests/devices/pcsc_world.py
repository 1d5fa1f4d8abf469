"""A private PC/SC service (pcscd with vsmartcard's virtual reader) and a hand that puts cards into it.

vpcd listens on every address, so service and virtual card live in a network namespace; the service's socket
lies in a folder that both sides see, so the driver under test runs in the test's own process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devices.social_card.simulator import SocialCardReaderSimulator
from kiosk.ipc import IpcClient

_DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_READER_CONF = f"""FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x8C7B
LIBPATH {_DRIVER}
CHANNELID 0x8C7B
"""
_SETUP = 'mount --make-rprivate / && mkdir -p /run/pcscd && mount --bind "$0" /run/pcscd && ip link set lo up'
_HOLD = """
import sys, threading
from kiosk.clock import SystemClock
from devices.transport.slot_address import slot_called
slot = slot_called(sys.argv[1])
slot.open(SystemClock().monotonic() + 2)
with slot.hold(SystemClock().monotonic() + 60, threading.Event()):
    print("held", flush=True)
    sys.stdin.read()
"""
_ROOT = Path(__file__).parents[2]
_START_S = 10.0


class SlotWorld:
    """A slot and a hand, whatever is between the slot and the driver."""

    reader: str
    """What the `reader` setting says."""

    control: Path

    def hand(self, method: str, **params: Any) -> Any:
        """What the card's control socket offers: place_card, lift_card, set, fault, heal, state."""
        with IpcClient(self.control) as client:
            return client.call(method, **params)

    def commands_seen(self) -> int:
        """How many command APDUs the card has got."""
        return int(self.hand("state")["commands"])


class SimulatedWorld(SlotWorld):
    """The slot behind a local socket, without any service."""

    def __init__(self, folder: Path) -> None:
        self.reader = f"sim:{folder / 'slot'}"
        self.control = folder / "slot.sock"
        self.simulator = SocialCardReaderSimulator(folder / "slot")
        self.simulator.start()
        self.simulator.serve_control(self.control)

    def close(self) -> None:
        """Pull the plug."""
        self.simulator.close()


class PcscWorld(SlotWorld):
    """One namespace for a whole test run; the service in it comes and goes."""

    reader = "Virtual PCD 00 00"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcsc-"))
        self._run, self._conf = self.folder / "run", self.folder / "conf"
        self._run.mkdir()
        self._conf.mkdir()
        # The library reads this once in a process's life.
        os.environ["PCSCLITE_CSOCK_NAME"] = str(self._run / "pcscd.comm")
        self._anchor = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", f"{_SETUP} && echo ready && exec cat", str(self._run)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._anchor.stdout is not None
        assert self._anchor.stderr is not None
        if self._anchor.stdout.readline() != b"ready\n":
            reason = self._anchor.stderr.read().decode(errors="replace").strip()
            self._end(self._anchor)
            shutil.rmtree(self.folder)
            pytest.skip(f"no network namespace may be made here: {reason}")
        self._service: subprocess.Popen[bytes] | None = None
        self._used = 0
        self.control = self.folder / "card.sock"
        self._simulator = self._inside(
            sys.executable,
            *("-m", "devices.simulate", "social-card-reader"),
            *("--link", "tcp:127.0.0.1:35963", "--control", str(self.control)),
        )
        _wait_for(self.control.exists)
        self.attach_reader()
        self.start_service()

    def start_service(self) -> None:
        """Start the service, as systemd would."""
        assert self._service is None
        for name in ("pcscd.comm", "pcscd.pid"):
            (self._run / name).unlink(missing_ok=True)
        self._service = self._inside("pcscd", "-f", "-c", str(self._conf))
        _wait_for((self._run / "pcscd.comm").exists)

    def stop_service(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the service; killed, it says goodbye to nobody."""
        if self._service is not None:
            self._service.send_signal(number)  # nothing happens if it has ended by itself
            self._service.wait(timeout=10)
        self._service = None

    def freeze_service(self) -> None:
        """The service stops in its tracks and keeps its connections."""
        assert self._service is not None
        self._service.send_signal(signal.SIGSTOP)

    def thaw_service(self) -> None:
        """It goes on."""
        if self._service is not None:
            self._service.send_signal(signal.SIGCONT)

    def detach_reader(self) -> None:
        """The service knows no reader when it starts next."""
        (self._conf / "vpcd").unlink(missing_ok=True)

    def attach_reader(self) -> None:
        """The service knows the virtual reader when it starts next."""
        (self._conf / "vpcd").write_text(_READER_CONF)

    @contextmanager
    def other_program_holds_card(self) -> Iterator[None]:
        """Another process has the card to itself."""
        other = subprocess.Popen(
            [sys.executable, "-c", _HOLD, self.reader],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            yield
        finally:
            self._end(other)

    def restore(self) -> None:
        """As at the beginning: the service runs, the slot is empty, nothing goes wrong."""
        state = self.hand("state")
        self.hand("lift_card")
        self.hand("heal")
        self._let_it_look(state)
        self.hand("set", answers="plain", missing=[], delay_s=0.0)
        self.revive_service()

    def lift(self) -> None:
        """Take the card out, as slowly as a hand does."""
        state = self.hand("state")
        self.hand("lift_card")
        self._let_it_look(state)

    def revive_service(self) -> None:
        """It runs and knows the reader, whatever has become of it."""
        self.thaw_service()
        attached = (self._conf / "vpcd").exists()
        crashed = self._service is not None and self._service.poll() is not None
        if self._service is None or crashed or not attached:
            self.stop_service()
            self.attach_reader()
            self.start_service()

    def _let_it_look(self, state: dict[str, Any]) -> None:
        """Leave the slot empty for long enough that the service notices."""
        # The service looks into the slot every 0.4 s. After a card was lost in the middle of a command it says
        # "empty" at once, but misses the next card if that comes before its own look; hands are not so quick.
        used, self._used = state["commands"] != self._used, state["commands"]
        if used or state["card"]:
            threading.Event().wait(0.5)

    def close(self) -> None:
        """End everything that was started here."""
        self.thaw_service()
        self.stop_service()
        for process in (self._simulator, self._anchor):
            self._end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _inside(self, *command: str) -> subprocess.Popen[bytes]:
        # The death of the test run ends what it started.
        into = ("nsenter", "-t", str(self._anchor.pid), "-n", "-m", f"--wd={_ROOT}")
        guard = ("setpriv", "--pdeathsig", "KILL")
        return subprocess.Popen(
            [*guard, *into, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=_ROOT
        )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait(timeout=10)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def why_not() -> str:
    """Why no such world can be made here; "" when it can."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    for program in ("pcscd", "unshare", "nsenter", "setpriv", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return "" if _DRIVER.exists() else "vsmartcard-vpcd is not installed"


@pytest.fixture(scope="session")
def pcsc_world() -> Iterator[PcscWorld]:
    """The world itself, once for all tests."""
    if reason := why_not():
        pytest.skip(reason)
    world = PcscWorld()
    yield world
    world.close()


@pytest.fixture
def pcsc(pcsc_world: PcscWorld) -> Iterator[PcscWorld]:
    """The world with an empty slot, before and after."""
    yield pcsc_world
    pcsc_world.restore()


@pytest.fixture
def simulated_slot(tmp_path: Path) -> Iterator[SimulatedWorld]:
    """A slot behind a local socket."""
    world = SimulatedWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture(params=["pcsc", "simulated_slot"])
def slot_world(request: pytest.FixtureRequest) -> SlotWorld:
    """Both kinds of slot, one after the other."""
    world = request.getfixturevalue(request.param)
    assert isinstance(world, SlotWorld)
    return world


MOSTLY_SIMULATED = pytest.mark.parametrize(
    "slot_world", ["simulated_slot", pytest.param("pcsc", marks=pytest.mark.slow)], indirect=True
)
"""For tests that say little more on the real service, which needs a second for each card."""


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + _START_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not come up"
        pause.wait(0.02)
