"""A real TPM 2.0 in software, and the fixtures of the worlds beside it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from tests.identity.stick_world import platform, root, small_files, terminal, two_terminals  # noqa: F401  (fixtures)
from tests.identity.terminal_world import run_sync, world  # noqa: F401  (fixtures)

_START_S = 10.0


class SoftTpm:
    """An `swtpm` on a local socket; `address` is what the settings would name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A local socket's name may have 107 bytes, and a test's folder is longer than that.
        self.address = f"/tmp/linban-tpm-{folder.parent.name[-24:]}-{id(self):x}"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                f"dir={self.folder}",
                "--server",
                f"type=unixio,path={self.address}",
                "--flags",
                "not-need-init,startup-clear",
            ]
        )
        clock = SystemClock()
        until = clock.monotonic() + _START_S
        while clock.monotonic() < until:
            with socket.socket(socket.AF_UNIX) as line:
                try:
                    line.connect(self.address)
                    return
                except OSError:
                    pass
        raise AssertionError("swtpm did not start")

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        Path(self.address).unlink(missing_ok=True)

    def power_cycle(self) -> None:
        self.stop()
        self.start()

    def clear(self) -> None:
        """What a technician does in the firmware's menu: TPM2_Clear with the lockout hierarchy (Part 3, 24.6)."""
        session = bytes.fromhex("40000009 0000 00 0000".replace(" ", ""))
        body = bytes.fromhex("4000000a") + len(session).to_bytes(4, "big") + session
        command = (
            bytes.fromhex("8002") + (10 + len(body)).to_bytes(4, "big") + bytes.fromhex("00000126") + body
        )
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.address)
            line.sendall(command)
            assert line.recv(4096)[6:10] == bytes(4)


@pytest.fixture
def new_tpm(tmp_path: Path) -> Iterator[Callable[[str], SoftTpm]]:
    if shutil.which("swtpm") is None:
        pytest.skip("swtpm is not installed")
    made: list[SoftTpm] = []

    def make(name: str) -> SoftTpm:
        made.append(SoftTpm(tmp_path / name))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def tpm(new_tpm: Callable[[str], SoftTpm]) -> SoftTpm:
    return new_tpm("tpm")
