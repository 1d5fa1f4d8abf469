"""A private NUT for tests: `upsd` and NUT's own `dummy-ups` in a folder, on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from devices.power.driver import NutSupply
from devices.transport.address import port_at

NUT = Path("/lib/nut")
# Debian's /usr/sbin/upsd is a script that asks /etc/nut whether it may; the program itself is here.
needs_nut = pytest.mark.skipif(
    not ((NUT / "upsd").exists() and (NUT / "dummy-ups").exists()), reason="nut-server is not installed"
)
SUPPLY = 'ups.mfr: Dummy\nups.model: Loop \\"1000\\"\nups.serial: 000000\nbattery.charge: {charge}\nups.status: {status}\n'


class RealNut:
    """`upsd`, its driver, and a hand on the file that the driver reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.script("TIMER 600\n", OL=100)
        files = {
            "ups.conf": "[kiosk]\ndriver = dummy-ups\nport = kiosk.dev\nmode = dummy-loop\npollinterval = 1\n",
            "upsd.conf": f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 2\n",
            "upsd.users": "",
        }
        for name, text in files.items():
            (folder / name).write_text(text, encoding="ascii")
            (folder / name).chmod(0o640)
        folder.chmod(0o700)

    def script(self, pause: str, **phases: int) -> None:
        """What the driver plays: a status (`OB_LB` for two words) and its charge, one after the other."""
        text = "".join(
            SUPPLY.format(status=status.replace("_", " "), charge=charge) + pause
            for status, charge in phases.items()
        )
        (self.folder / "kiosk.dev").write_text(text, encoding="ascii")

    def start(self, *names: str) -> None:
        arguments = {"dummy-ups": ["-a", "kiosk", "-u", "root", "-F"], "upsd": ["-u", "root", "-F"]}
        places = dict.fromkeys(("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH"), str(self.folder))
        for name in names:
            self._running[name] = subprocess.Popen(
                [str(NUT / name), *arguments[name]],
                env=os.environ | places,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def signal(self, name: str, number: signal.Signals) -> None:
        self._running[name].send_signal(number)

    def kill(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.wait(timeout=5)

    def close(self) -> None:
        for name in list(self._running):
            with contextlib.suppress(ProcessLookupError):
                self._running[name].send_signal(signal.SIGCONT)
            self.kill(name)

    def driver(self) -> NutSupply:
        return NutSupply(port_at(f"tcp:127.0.0.1:{self.port}"), "kiosk")
