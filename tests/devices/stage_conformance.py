"""A driver's contract on a stage: run under umockdev's preload, in front of the real libusb, libudev and nodes.

    stage_conformance.py DRIVER ADDRESS CONTROL CUTS WIRE-BYTES [CHECK...]

CONTROL is the socket of the simulator behind the stage, WIRE-BYTES how many bytes of it one command moves (0: as
the contract says); the checks named are left out.  Prints one JSON line for each of the others.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from devices import registry
from devices.conformance.every_device import checks_for
from devices.conformance.hands import SimulatorHands
from devices.conformance.run import contract_of, run_check
from devices.contract import Rig
from devices.id_card.kind import KIND as ID_CARDS
from devices.kind import DeviceKind
from devices.scanner.kind import KIND as SCANNERS
from devices.transport.plugged_in import Reach, reach
from kiosk.clock import Clock, SystemClock
from kiosk.device_settings import BarcodeScannerSettings, IdCardReaderSettings

_PLAYED: Final[dict[str, tuple[DeviceKind, Callable[[str], msgspec.Struct]]]] = {
    "sdt": (ID_CARDS, lambda address: IdCardReaderSettings(port=address)),
    "scanner-keyboard": (
        SCANNERS,
        lambda address: BarcodeScannerSettings(driver="scanner-keyboard", port=address),
    ),
}
_MOVED_S: Final = 5.0


class StageHands(SimulatorHands):
    """The simulator's hands; returns when the device has left its socket, or is in it again."""

    def __init__(self, control: Path, address: str, clock: Clock) -> None:
        super().__init__(control)
        self._address, self._clock = address, clock

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        if action in ("plug", "heal") and not super().do("state")["plugged"]:
            self._until(there=False)
        answer = super().do(action, **details)
        if action == "unplug":
            self._until(there=False)
        elif action in ("plug", "heal"):
            self._until(there=True)
        return answer

    def _until(self, *, there: bool) -> None:
        deadline, never = self._clock.monotonic() + _MOVED_S, threading.Event()
        while (reach(self._address) is Reach.GOOD) is not there:
            assert self._clock.monotonic() < deadline, f"the stage does not move: {reach(self._address)}"
            self._clock.wait(never, 0.01)


def main() -> None:
    driver, address, control, cuts, wire_bytes, *left_out = sys.argv[1:]
    clock = SystemClock()
    kind, table = _PLAYED[driver]
    settings = table(address)

    rig: Rig[Any] = Rig(
        make=lambda: registry.driver_called(kind, driver, settings, clock),
        hands=StageHands(Path(control), address, clock),
        clock=clock,
        wire_bytes=int(wire_bytes) or None,
        cuts=int(cuts),
    )
    contract = contract_of(kind)
    for check in checks_for(contract):
        if check.name not in left_out:
            print(json.dumps(msgspec.to_builtins(run_check(check, rig, contract.work))), flush=True)
    print(json.dumps(None), flush=True)


main()
