"""A `upsd` and its supply that are not there, for machines without NUT: mains to cut, a battery to empty.

It listens on the network as the real one does and speaks its text.  Faults count the bytes that it sends
(`byte N`) or the questions (`command N`).  Beyond the common ones: `driver_gone` and `stale` (what `upsd` says
of a supply that it cannot hear, until healed), `endless` (a line without an end instead of one answer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

_FULL_RUNTIME_S = 1800
_LOW_PERCENT = 10
_MAX_QUESTION_BYTES = 512


class PowerSupplySimulator(Simulator):
    """The supply `kiosk` (or another `ups_name`)."""

    name = "power-supply"

    def __init__(
        self,
        far_end: FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        ups_name: str = "kiosk",
    ) -> None:
        super().__init__(far_end, baud=baud, script=script, clock=clock)
        self._ups_name = ups_name
        self._mains = True
        self._charge_percent = 100
        self._replace_battery = False
        self._trouble = ""
        self._endless = False
        self._heard = bytearray()
        self.questions = 0

    def put(
        self, *, mains: bool | None = None, charge: int | None = None, replace: bool | None = None
    ) -> None:
        """Cut the mains, empty the battery, wear it out."""
        with self.lock:
            self._mains = self._mains if mains is None else mains
            self._charge_percent = self._charge_percent if charge is None else charge
            self._replace_battery = self._replace_battery if replace is None else replace
            self.changed()

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._trouble, self._endless = "", False
            self._heard.clear()
            super().heal()

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.plugged,
            "status": self._status(),
            "charge_percent": self._charge_percent,
            "trouble": self._trouble,
            "questions": self.questions,
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {
            "cut_mains": lambda _params: self.put(mains=False),
            "battery_low": lambda _params: self.put(mains=False, charge=_LOW_PERCENT // 2),
            "mains_back": lambda _params: self.put(mains=True, charge=100),
            "set": self._set,
        }

    def received(self, data: bytes) -> None:
        """See `Simulator`."""
        self._heard += data
        while (end := self._heard.find(b"\n")) >= 0:
            question = bytes(self._heard[:end]).decode("utf-8", errors="replace")
            del self._heard[: end + 1]
            self.questions += 1
            self.command_arrived()
            if self._endless:
                self._endless = False
                self.send(b"x" * 100_000)
            else:
                self.send(self._answer(question.split()).encode("utf-8"))
        if len(self._heard) > _MAX_QUESTION_BYTES:
            self._heard.clear()

    def powered_off(self) -> None:
        """See `Simulator`."""
        self._heard.clear()

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "driver_gone":
            self._trouble = "ERR DRIVER-NOT-CONNECTED\n"
        elif fault.do == "stale":
            self._trouble = "ERR DATA-STALE\n"
        elif fault.do == "endless":
            self._endless = True
        else:
            super().suffer(fault)

    def _status(self) -> str:
        words = ["OL"] if self._mains else ["OB", "DISCHRG"]
        if self._charge_percent < _LOW_PERCENT:
            words.append("LB")
        if self._replace_battery:
            words.append("RB")
        return " ".join(words)

    def _variables(self) -> dict[str, str]:
        return {
            "battery.charge": str(self._charge_percent),
            "battery.runtime": str(_FULL_RUNTIME_S * self._charge_percent // 100),
            "ups.firmware": "1.0",
            "ups.mfr": "Linban",
            "ups.model": 'Simulated "1000"',
            "ups.serial": "000000000000",
            "ups.status": self._status(),
        }

    def _answer(self, words: list[str]) -> str:
        if words[:1] == ["VER"]:
            return "Network UPS Tools upsd 2.8.0 - simulated\n"
        if words[:1] == ["LOGOUT"]:
            return "OK Goodbye\n"
        if words[:2] == ["LIST", "UPS"]:
            return f'BEGIN LIST UPS\nUPS {self._ups_name} "simulated"\nEND LIST UPS\n'
        if words[:2] not in (["LIST", "VAR"], ["GET", "VAR"]):
            return "ERR UNKNOWN-COMMAND\n"
        if len(words) != (3 if words[0] == "LIST" else 4):
            return "ERR INVALID-ARGUMENT\n"
        if words[2] != self._ups_name:
            return "ERR UNKNOWN-UPS\n"
        if self._trouble:
            return self._trouble
        lines = {
            name: f"VAR {words[2]} {name} {_quoted(value)}\n" for name, value in self._variables().items()
        }
        if words[0] == "GET":
            return lines.get(words[3], "ERR VAR-NOT-SUPPORTED\n")
        return f"BEGIN LIST VAR {words[2]}\n{''.join(lines.values())}END LIST VAR {words[2]}\n"

    def _set(self, params: Params) -> None:
        charge = params.get("charge")
        self.put(
            mains=params.get("mains"),
            charge=None if charge is None else min(max(int(charge), 0), 100),
            replace=params.get("replace"),
        )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
