"""Hands: a simulator's control socket, or a person who is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devices.contract import Hands, NotRun
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient

_ASKED_OF_ANYBODY = {
    "unplug": ("请拔下设备的线", "Unplug the device"),
    "plug": ("请把线插回去", "Plug it in again"),
}
_NEEDS_NOBODY = frozenset({"heal"})


class SimulatorHands(Hands):
    """Does it through the control socket."""

    simulated = True

    def __init__(self, control: Path) -> None:
        self._client = IpcClient(control)

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        try:
            answer = self._client.call(action, **details)
        except IpcError as error:
            raise NotRun(f"this simulator does not do {action}: {error}") from error
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class PersonHands(Hands):
    """Asks a person in front of the device. `ask` shows both sentences and returns when it is done."""

    simulated = False

    def __init__(self, asked: Mapping[str, tuple[str, str]], ask: Callable[[str, str], bool]) -> None:
        self._asked = _ASKED_OF_ANYBODY | dict(asked)
        self._ask = ask

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        if action in _NEEDS_NOBODY:
            return {}
        if action not in self._asked:
            raise NotRun("needs a simulator")
        if not self._ask(*self._asked[action]):
            raise NotRun("the person in front could not do it")
        return {}
