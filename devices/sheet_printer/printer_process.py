"""A real `ippeveprinter` as the far end of the network cable: plugged in it runs, unplugged it is dead.

It wants a D-Bus system bus even when it announces itself nowhere (ippeveprinter 2.4), so it gets a private
one.  Both listen on this machine only.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.errors import LinbanError

NEEDED: Final = ("ippeveprinter", "dbus-daemon")
_FREE_S: Final = 5.0
_START_S: Final = 15.0
"""A machine that builds something else starts programs slowly."""
_PLACES: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""ippeveprinter stands in a folder that is on root's path only."""

_BUS: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
_LEASH: Final = '"$@" </dev/null & read _; kill -KILL 0'
"""Ends the program, and what it started, when our end of the pipe is gone: however we ended."""
_ENGINE: Final = """#!/bin/sh
exec '{python}' -m devices.sheet_printer.print_engine '{folder}' "$1"
"""


class NoPrinterProgram(LinbanError, OSError):
    """A program that plays the printer is not installed, or does not start: as with any other port, an `OSError`."""


def missing_programs() -> list[str]:
    """What has to be installed before an A4 printer can be simulated (cups-ipp-utils, dbus)."""
    return [name for name in NEEDED if _find(name) is None]


class PrinterProcess(FarEnd):
    """`ippeveprinter` on `port`, with its state in `folder`. Raises `NoPrinterProgram` when plugged in."""

    def __init__(self, port: int, folder: Path, clock: Clock, formats: str) -> None:
        self.port, self.folder, self.formats = port, folder, formats
        self._clock = clock
        self._bus: subprocess.Popen[bytes] | None = None
        self._printer: subprocess.Popen[bytes] | None = None

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`; the bytes are the process's own affair."""
        return None

    @property
    def plugged(self) -> bool:
        """See `FarEnd`."""
        return self._printer is not None

    @property
    def uri(self) -> str:
        """Its address."""
        return f"ipp://127.0.0.1:{self.port}/ipp/print"

    def plug(self) -> None:
        """See `FarEnd`. Returns when it listens."""
        if self._printer is not None:
            return
        if missing := missing_programs():
            raise NoPrinterProgram(
                f"an A4 printer is played by programs that are not installed: {', '.join(missing)}"
            )
        # What ran before may still be ending: the engine of its last sheet holds the port a moment longer.
        free_by, never = self._clock.monotonic() + _FREE_S, threading.Event()
        while self._listens() and self._clock.monotonic() < free_by:
            self._clock.wait(never, 0.05)
        if self._listens():
            raise NoPrinterProgram(f"another program listens on port {self.port}")
        if self._bus is None:
            self._bus = self._start_bus()
        engine = self.folder / "engine.sh"
        engine.write_text(_ENGINE.format(python=sys.executable, folder=self.folder), encoding="utf-8")
        engine.chmod(0o755)
        spool = self.folder / "spool"
        spool.mkdir(exist_ok=True)
        root = Path(__file__).resolve().parents[2]
        environment = os.environ | {
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self._bus_socket}",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH", "")))),
        }
        command = (
            *("-r", "off", "-n", "localhost", "-p", str(self.port), "-d", str(spool)),
            *("-M", "Linban", "-m", "A4 simulator", "-f", self.formats, "-c", str(engine), "A4"),
        )
        with (self.folder / "printer.log").open("ab") as log:
            self._printer = _start("ippeveprinter", command, environment, log.fileno())
        self._await(self._listens, self._printer)

    def unplug(self) -> None:
        """See `FarEnd`: the power is gone, for the printer and for the sheet that it was printing."""
        if self._printer is not None:
            _end(self._printer)
            self._printer = None

    def freeze(self, frozen: bool) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        if self._printer is not None:
            os.killpg(self._printer.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def close(self) -> None:
        """End everything."""
        self.unplug()
        if self._bus is not None:
            _end(self._bus)
            self._bus = None

    def read(self) -> bytes:
        """See `FarEnd`."""
        return b""

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""

    def _last_words(self) -> str:
        log = self.folder / "printer.log"
        return log.read_text(encoding="utf-8", errors="replace")[-400:] if log.exists() else ""

    @property
    def _bus_socket(self) -> Path:
        return self.folder / "bus"

    def _start_bus(self) -> subprocess.Popen[bytes]:
        config = self.folder / "bus.conf"
        config.write_text(_BUS.format(socket=self._bus_socket), encoding="utf-8")
        bus = _start(
            "dbus-daemon", (f"--config-file={config}", "--nofork"), dict(os.environ), subprocess.DEVNULL
        )
        self._await(self._bus_socket.exists, bus)
        return bus

    def _listens(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _await(self, ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        deadline, never = self._clock.monotonic() + _START_S, threading.Event()
        while not ready():
            if process.poll() is not None or self._clock.monotonic() > deadline:
                raise NoPrinterProgram(f"the printer did not start: {self._last_words()}")
            self._clock.wait(never, 0.02)


def _find(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_PLACES)


def _start(
    name: str, arguments: tuple[str, ...], environment: dict[str, str], output: int
) -> subprocess.Popen[bytes]:
    """Start it in a group of its own, so that what it starts ends with it; it does not outlive us either."""
    program = _find(name)
    assert program is not None
    return subprocess.Popen(
        ("/bin/sh", "-c", _LEASH, name, program, *arguments),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
