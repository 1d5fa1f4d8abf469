"""Scripted faults of a simulator: what goes wrong, and at which byte or command.

A script is a YAML list; numbers count from the moment it is armed (`byte` in the direction that the
simulator documents, `command` as they arrive), and a fault without `at` happens at once:

    - {at: "byte 700", do: unplug, for_s: 2}
    - {at: "command 3", do: silence}
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_KEYS = frozenset({"at", "do", "for_s"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    do: str
    byte: int | None = None
    command: int | None = None
    for_s: float | None = None
    """How long it lasts; None: until it is put right."""
    options: dict[str, Any] = field(default_factory=dict)
    """What this action needs besides (for `answer`: the status byte)."""


def parse_fault(entry: Any) -> Fault:
    """One entry of a script. Raises `ValueError` with what was expected."""
    if not isinstance(entry, dict) or not isinstance(entry.get("do"), str):
        raise ValueError(f"a fault is a mapping with `do`: {entry!r}")
    byte = command = None
    if (at := entry.get("at")) is not None:
        found = re.fullmatch(r"(byte|command) ([0-9]+)", str(at))
        if not found:
            raise ValueError(f'`at` is "byte N" or "command N", not {at!r}')
        byte, command = (int(found[2]), None) if found[1] == "byte" else (None, int(found[2]))
    for_s = entry.get("for_s")
    return Fault(
        do=entry["do"],
        byte=byte,
        command=command,
        for_s=None if for_s is None else float(for_s),
        options={key: value for key, value in entry.items() if key not in _KEYS},
    )


def load_script(file: Path) -> list[Fault]:
    """The faults in a YAML file. Raises `ValueError` or `OSError`."""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: not YAML: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{file}: a script is a list of faults")
    return [parse_fault(entry) for entry in entries]


class FaultSchedule:
    """The faults that are armed, each with its own count from the moment it was armed."""

    def __init__(self) -> None:
        self._armed: list[tuple[Fault, int]] = []
        self._bytes = 0
        self._commands = 0

    def arm(self, fault: Fault) -> None:
        """Count for `fault` from now on."""
        start = self._bytes if fault.byte is not None else self._commands
        self._armed.append((fault, start))

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def bytes_until_next(self) -> int | None:
        """How many more bytes may pass before a fault is due."""
        left = [start + fault.byte - self._bytes for fault, start in self._armed if fault.byte is not None]
        return min(left) if left else None

    def count_bytes(self, count: int) -> list[Fault]:
        """Let bytes pass; the faults that are due now."""
        self._bytes += count
        return self._take(lambda fault, start: fault.byte is not None and start + fault.byte <= self._bytes)

    def count_command(self) -> list[Fault]:
        """Let one command arrive; the faults that are due now, before it is answered."""
        self._commands += 1
        return self._take(
            lambda fault, start: fault.command is not None and start + fault.command <= self._commands
        )

    def _take(self, due: Any) -> list[Fault]:
        taken = [fault for fault, start in self._armed if due(fault, start)]
        self._armed = [(fault, start) for fault, start in self._armed if not due(fault, start)]
        return taken
