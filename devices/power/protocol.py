"""What `upsd` says of a supply, as values. No socket.

The text protocol of Network UPS Tools ("Network Protocol Information"; status words: "Status data" in the
developer guide): one question, `LIST VAR name`, brings everything in one answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kiosk.errors import LinbanError
from kiosk.ports import PowerReading, PowerSource

_MAX_LINE_BYTES = 1024
_MAX_ANSWER_BYTES = 65536
"""The largest supplies have some 200 variables of 60 bytes."""
_VARIABLE = re.compile(r'VAR (\S+) (\S+) "((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


class NutError(StrEnum):
    """Why `upsd` does not tell, as far as it makes a difference."""

    DRIVER_NOT_CONNECTED = "DRIVER-NOT-CONNECTED"
    """The program between `upsd` and the supply has ended."""
    DATA_STALE = "DATA-STALE"
    """That program runs and has not heard of the supply for a while."""
    UNKNOWN_UPS = "UNKNOWN-UPS"
    """No supply of this name is in ups.conf."""
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Variables:
    """All that the supply tells."""

    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`upsd` answered that it cannot tell."""

    error: NutError


class Nonsense(LinbanError):
    """What came is not this protocol."""


def question(name: str) -> bytes:
    """Ask for everything that `upsd` knows of the supply `name`."""
    return f"LIST VAR {name}\n".encode("ascii")


class AnswerReader:
    """Puts one answer together. `feed` raises `Nonsense` on what cannot be one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._buffer = bytearray()
        self._heard_bytes = 0
        self._values: dict[str, str] | None = None

    def feed(self, data: bytes) -> Variables | Refusal | None:
        """The answer, when `data` completes it."""
        self._heard_bytes += len(data)
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = self._buffer[:end]
            del self._buffer[: end + 1]
            answer = self._line(_text(line))
            if answer is not None:
                return answer
        if len(self._buffer) > _MAX_LINE_BYTES or self._heard_bytes > _MAX_ANSWER_BYTES:
            raise Nonsense("no end")
        return None

    def _line(self, line: str) -> Variables | Refusal | None:
        if line.startswith("ERR "):
            return Refusal(_error(line.split()[1:2]))
        if self._values is None:
            if line != f"BEGIN LIST VAR {self._name}":
                raise Nonsense("no beginning")
            self._values = {}
            return None
        if line == f"END LIST VAR {self._name}":
            return Variables(self._values)
        found = _VARIABLE.fullmatch(line)
        if found is None or found[1] != self._name:
            raise Nonsense("no variable")
        self._values[found[2]] = _ESCAPED.sub(r"\1", found[3])
        return None


def _error(words: list[str]) -> NutError:
    try:
        return NutError(words[0])
    except (IndexError, ValueError):
        return NutError.OTHER


def _text(line: bytearray) -> str:
    if len(line) > _MAX_LINE_BYTES:
        raise Nonsense("a long line")
    # Makers' names are in whatever they like; the words that are looked at are ASCII.
    return line.decode("utf-8", errors="replace").rstrip("\r")


def source_of(status: str) -> PowerSource:
    """What the words of `ups.status` mean. The worse of two words that contradict one another counts."""
    words = frozenset(status.split())
    if "FSD" in words or {"OB", "LB"} <= words:
        return PowerSource.BATTERY_LOW
    if "OB" in words:
        return PowerSource.BATTERY
    if words & {"OL", "BYPASS"}:
        return PowerSource.MAINS
    return PowerSource.UNKNOWN


def is_off(status: str) -> bool:
    """Whether the supply is switched off and feeds nobody."""
    return "OFF" in status.split()


def reading_of(values: dict[str, str]) -> PowerReading:
    """What the supply said; what it did not say, or said senselessly, is None."""
    status = values.get("ups.status", "")
    charge = _number(values.get("battery.charge"))
    runtime = _number(values.get("battery.runtime"))
    return PowerReading(
        source=source_of(status),
        charge_percent=charge if charge is not None and charge <= 100 else None,
        runtime_s=runtime,
        replace_battery="RB" in status.split(),
    )


def _number(text: str | None) -> int | None:
    found = re.fullmatch(r"([0-9]{1,9})(\.[0-9]{1,9})?", text or "")
    return None if found is None else int(found[1])
