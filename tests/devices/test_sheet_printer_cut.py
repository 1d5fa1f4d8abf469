"""The cable to the A4 printer is cut after every so many bytes: what is said afterwards is true each time."""

from __future__ import annotations

import select
import socket
import threading
from collections import Counter
from pathlib import Path

import pytest

from devices.sheet_printer.pdf import compose
from devices.sheet_printer.print_job import Timing
from kiosk.domain.printing import PrintVerdict
from tests.devices.print_world import ONE_SHEET, a_driver, a_printer, needs_printer, never, unnoticed

_CUTS = 18
_AWAY_S = 0.4


class CutLine:
    """A line to the printer that breaks when `left` bytes have passed, for a while or for good."""

    def __init__(self, port: int) -> None:
        self.passed = 0
        self.left: int | None = None
        self.for_good = False
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ending = threading.Event()
        self._dead = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def uri(self) -> str:
        return f"ipp://127.0.0.1:{self._listener.getsockname()[1]}/ipp/print"

    def close(self) -> None:
        self._ending.set()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        pairs: dict[socket.socket, socket.socket] = {}
        while not self._ending.is_set():
            ready, _, _ = select.select([self._listener, *pairs], [], [], 0.02)
            for line in ready:
                if line is self._listener:
                    near, _ = self._listener.accept()
                    if self._dead.is_set():
                        near.close()
                        continue
                    far = socket.create_connection(("127.0.0.1", self._port))
                    pairs[near], pairs[far] = far, near
                elif line in pairs:
                    self._pass(line, pairs)
        for line in pairs:
            line.close()

    def _pass(self, line: socket.socket, pairs: dict[socket.socket, socket.socket]) -> None:
        try:
            data = line.recv(4096 if self.left is None else max(min(4096, self.left), 1))
            if data:
                pairs[line].sendall(data)
        except OSError:
            data = b""
        self.passed += len(data)
        if self.left is not None:
            self.left -= len(data)
            if self.left <= 0:
                self.left = None
                for each in pairs:
                    each.close()
                pairs.clear()
                if self.for_good:
                    self._dead.set()
                else:
                    self._ending.wait(_AWAY_S)
                return
        if not data:
            other = pairs.pop(line)
            pairs.pop(other, None)
            line.close()
            other.close()


@needs_printer
@pytest.mark.slow
@pytest.mark.parametrize("for_good", [False, True], ids=["for a while", "for good"])
def test_cut_anywhere_and_still_true(tmp_path: Path, for_good: bool) -> None:
    file = tmp_path / "one.pdf"
    file.write_bytes(compose(ONE_SHEET).pdf)
    timing = Timing(lost_s=1.0, give_up_s=1.0, settle_s=0.2)
    with a_printer() as simulator:
        line = CutLine(simulator.process.port)
        with a_driver(line.uri, timing=timing) as driver:
            before = line.passed
            assert driver.print(file, 1, 20, never(), unnoticed).verdict is PrintVerdict.PRINTED
            whole = line.passed - before
        line.close()
        said: Counter[str] = Counter()
        for number in range(_CUTS):
            line = CutLine(simulator.process.port)
            came_out = simulator.sheets
            with a_driver(line.uri, timing=timing) as driver:
                line.for_good, line.left = for_good, max(whole * number // _CUTS, 1)
                outcome = driver.print(file, 1, 20, never(), unnoticed)
            line.close()
            said[outcome.verdict] += 1
            pause = threading.Event()
            if outcome.verdict is PrintVerdict.PRINTED:
                assert simulator.sheets == came_out + 1
            elif outcome.verdict is PrintVerdict.FAILED:
                pause.wait(0.8)  # nothing may come out afterwards either
                assert simulator.sheets == came_out
            else:
                pause.wait(0.8)
                assert simulator.sheets <= came_out + 1
        # A line that comes back lets most jobs be followed to their end.
        assert said[PrintVerdict.FAILED] > 0
        assert said[PrintVerdict.UNCONFIRMED if for_good else PrintVerdict.PRINTED] > 0
