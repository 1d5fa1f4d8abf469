"""What is connected where on a board, and whether the settings that say so can be true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from devices.board.protocol import MAX_BITS
from kiosk.device_settings import IoBoardSettings
from kiosk.errors import ConfigError
from kiosk.ports import Input, LightPosition

_KEY = "devices.io_board"
_LAST_ADDRESS = 65535

Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What is connected where; addresses count from 0."""

    lights: Mapping[LightPosition, int]
    inputs: Mapping[Input, int]
    inverted: frozenset[Input] = frozenset()
    """Inputs whose contact is open when it happens (door switches, mostly)."""
    watchdog_register: int | None = None
    watchdog_value: int = 0
    """Written into that register at each opening: the board puts its coils off when nobody speaks for that long."""


def wiring_of(settings: IoBoardSettings) -> Wiring:
    """The wiring that the settings describe. Raises `ConfigError`, which names the key."""
    lights = _addresses(LightPosition, settings.lights, "lights")
    inputs = _addresses(Input, settings.inputs, "inputs")
    if not lights and not inputs:
        raise ConfigError("settings", f"{_KEY}.lights", "at least one light or one input")
    return Wiring(
        lights=lights,
        inputs=inputs,
        inverted=frozenset(_name(Input, name, "inverted") for name in settings.inverted),
        watchdog_register=settings.watchdog_register,
        watchdog_value=settings.watchdog_value,
    )


def _addresses(names: type[Name], table: Mapping[str, int], key: str) -> dict[Name, int]:
    found = {_name(names, name, key): address for name, address in table.items()}
    if len(set(found.values())) != len(found):
        raise ConfigError("settings", f"{_KEY}.{key}", "no address twice")
    if not all(0 <= address <= _LAST_ADDRESS for address in found.values()):
        raise ConfigError("settings", f"{_KEY}.{key}", f"addresses from 0 to {_LAST_ADDRESS}")
    if found and max(found.values()) - min(found.values()) >= MAX_BITS:
        raise ConfigError("settings", f"{_KEY}.{key}", f"addresses within {MAX_BITS} of one another")
    return found


def _name(names: type[Name], name: str, key: str) -> Name:
    words = [known.value for known in names]
    if name not in words:
        raise ConfigError("settings", f"{_KEY}.{key}", f"one of {', '.join(words)}")
    return names(name)
