"""Sets up a stage (USB sockets, or a keyboard's event node) and the seats on it."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from devices.id_card.simulator import IdCardReaderSimulator
from devices.transport.tcp_far_end import TcpFarEnd

HERE = Path(__file__).parent
WAIT_S = 15.0
EVENT_NODE = "/dev/input/by-id/usb-scanner-event-kbd"
"""Where `input_stage` shows its keyboard."""


def require_stage() -> None:
    """Skips where the machine has no umockdev (Debian: umockdev, gir1.2-umockdev-1.0)."""
    if shutil.which("umockdev-wrapper") is None or not Path("/usr/bin/python3").exists():
        pytest.skip("no umockdev")
    probe = "import gi; gi.require_version('UMockdev', '1.0'); from gi.repository import UMockdev"
    if subprocess.run(["/usr/bin/python3", "-c", probe], capture_output=True, check=False).returncode:
        pytest.skip("no bindings for umockdev")


class Lines:
    """A process of ours whose lines are waited for."""

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            ["umockdev-wrapper", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(HERE.parent.parent)} | (env or {}),
            cwd=HERE.parent.parent,
        )
        assert self.process.stdout is not None
        self._stream: IO[bytes] = self.process.stdout
        os.set_blocking(self._stream.fileno(), False)
        self._buffer = b""
        self.seen: list[str] = []

    def line(self, timeout_s: float = WAIT_S) -> str:
        """The next line."""
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise AssertionError(f"no line came; seen: {self.seen}")
                data = os.read(self._stream.fileno(), 65536)
                assert data, f"it ended with {self.process.wait(5)}; seen: {self.seen}"
                self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\n")
        self.seen.append(text.decode())
        return self.seen[-1]

    def until(self, wanted: str) -> None:
        """Read lines up to one that begins like this."""
        while not self.line().startswith(wanted):
            pass

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Seat(Lines):
    """The product on the stage."""

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> dict[str, Any]:
        self.tell(command)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        found = json.loads(self.line())
        assert isinstance(found, dict)
        return found

    def until_state(self, state: str) -> float:
        """Wait for a status; the moment it came."""
        while (answer := self.answer()).get("state") != state:
            pass
        return float(answer["at"])


class Stage:
    """The sockets or the node, and everybody who sits before them."""

    def __init__(self, stack: ExitStack, program: str, *arguments: str) -> None:
        self._stack = stack
        self.lines = Lines("/usr/bin/python3", str(HERE / program), *arguments)
        self.root = self.lines.line()
        stack.callback(self._strike)
        self.lines.until("ready")

    def _strike(self) -> None:
        self.lines.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def seat(self, address: str, program: str = "usb_seat.py") -> Seat:
        seat = Seat(sys.executable, str(HERE / program), address, env={"UMOCKDEV_DIR": self.root})
        self._stack.callback(seat.close)
        seat.answer()
        return seat

    def process(self, *arguments: str) -> Lines:
        """Another program of the product on the stage."""
        program = Lines(sys.executable, *arguments, env={"UMOCKDEV_DIR": self.root})
        self._stack.callback(program.close)
        return program

    def conformance(
        self, driver: str, address: str, control: Path, cuts: int, left_out: set[str], wire_bytes: int = 0
    ) -> list[dict[str, Any]]:
        """What came of each check of the driver's contract but those left out."""
        seat = self.process(
            str(HERE / "stage_conformance.py"),
            *(driver, address, str(control), str(cuts), str(wire_bytes)),
            *left_out,
        )
        checks: list[dict[str, Any]] = []
        while (check := json.loads(seat.line(60.0))) is not None:
            print(check)
            checks.append(check)
        return checks


@contextmanager
def staged(kind: str, far_end: TcpFarEnd, bus_path: str = "1-2") -> Iterator[Stage]:
    """A stage with one device of this kind plugged in."""
    with ExitStack() as stack:
        yield Stage(stack, "usb_stage.py", kind, str(far_end.port), bus_path)


@contextmanager
def staged_keyboard(pipe: Path) -> Iterator[Stage]:
    """A stage with a keyboard plugged in, whose events come out of the simulator's pipe."""
    with ExitStack() as stack:
        yield Stage(stack, "input_stage.py", str(pipe))


@pytest.fixture
def far_end() -> TcpFarEnd:
    """Where a stage leads what is written to its sockets."""
    return TcpFarEnd()


@pytest.fixture
def usb_sam(far_end: TcpFarEnd) -> Iterator[IdCardReaderSimulator]:
    """A card reader for a stage, without a card."""
    require_stage()
    with IdCardReaderSimulator(far_end) as simulator:
        simulator.start()
        yield simulator
