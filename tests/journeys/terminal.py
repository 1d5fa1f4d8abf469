"""A whole terminal for a test: real processes, simulated devices, a line that can be cut, a platform."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk.catalogue.pack import Pack
from kiosk.demo.resident import Resident
from kiosk.demo.world import OFFSCREEN, World, processes
from kiosk.domain.device_status import DeviceClass
from kiosk.supervisor import Supervisor


class Terminal:
    """Everything that runs, and the resident before it."""

    def __init__(self, folder: Path, make: Callable[..., World]) -> None:
        self.world = make(folder, remote=True, face_environment=OFFSCREEN)
        self.supervisor = Supervisor(processes(self.world), self.world.run_dir)
        self.resident = Resident(self.world, self.world.language.value)
        self._thread = threading.Thread(target=self.supervisor.run, name="supervisor")
        self._thread.start()
        try:
            self.resident.wait_until_open()
        except BaseException:
            self.close()
            raise

    def kill(self, process: str) -> None:
        """SIGKILL, and wait until the supervisor has seen it."""
        pid = self.supervisor.pid(process)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while self.supervisor.pid(process) == pid:
            pause(0.002)

    def seconds_until_back(self, process: str) -> float:
        """How long until a killed process does its work again."""
        started = time.monotonic()
        while self.supervisor.pid(process) is None or self.supervisor.ready_at(process) is None:
            assert time.monotonic() - started < 10, f"{process} does not come back"
            pause(0.005)
        return time.monotonic() - started

    def on_platform(self, receipt_number: str | None = None) -> dict[str, Any]:
        """What the platform's own command says."""
        command = [sys.executable, "-m", "sync.central.inspect", "--data", str(self.world.platform_dir)]
        if receipt_number is not None:
            command += ["--receipt", receipt_number]
        answer = subprocess.run(command, capture_output=True, check=True, timeout=20)
        report: dict[str, Any] = json.loads(answer.stdout)
        return report

    def wait_until_stored(self, count: int, patience_s: float = 60.0) -> None:
        """Wait until the platform has `count` cases."""
        deadline = time.monotonic() + patience_s
        while self.on_platform()["cases"] < count and time.monotonic() < deadline:
            pause(0.1)

    def wait_until_acknowledged(self, count: int, patience_s: float = 60.0) -> None:
        """Wait until the journal has `count` acknowledgements: a sender that was killed held its lease for 10 s."""
        deadline = time.monotonic() + patience_s
        while self.in_journal()["acknowledged"] < count and time.monotonic() < deadline:
            pause(0.5)

    def in_journal(self) -> dict[str, Any]:
        """`kiosk queue verify` and `status`, as staff would ask."""
        status = self._queue("status")
        return {**status, "verified": self._queue("verify")["ok"]}

    def _queue(self, word: str) -> dict[str, Any]:
        command = [
            sys.executable,
            "-m",
            "kiosk",
            "queue",
            word,
            "--json",
            "--config",
            str(self.world.config_file),
        ]
        answer: dict[str, Any] = json.loads(
            subprocess.run(command, capture_output=True, check=True, timeout=20).stdout
        )
        return answer

    def close(self) -> None:
        self.resident.close()
        self.supervisor.stop()
        self._thread.join(15)
        assert not self._thread.is_alive()

    def complaints(self) -> str:
        """Whatever the three processes wrote to their logs: warnings of Qt among it."""
        logs = self.world.folder / "logs"
        return "".join(
            (logs / f"{name}.log").read_text(encoding="utf-8") for name in ("ui", "devices", "sync")
        )


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def to_identify(terminal: Terminal, pension: Pack) -> None:
    resident = terminal.resident
    resident.wait_for("attract")
    resident.press(resident.name("start"))
    resident.wait_for("home")
    resident.press(pension.name.in_language(resident.language))
    resident.wait_for("service")
    resident.press(resident.name("begin"))
    resident.wait_for("identify")


def tell(terminal: Terminal, device: DeviceClass, method: str, **params: object) -> None:
    terminal.resident.world_call(terminal.world.simulator_socket(device), method, **params)
