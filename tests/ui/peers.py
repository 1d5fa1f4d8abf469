"""The other two processes, played by real servers on real sockets, and a journal that is enrolled."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PathSettings, ScreenSettings, Settings, TerminalSettings
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.enrolment import Enrolment
from kiosk.ipc import IpcServer, Method, Params
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.ports import CardRead
from ui.gallery.stand_ins import RESIDENT

WORKS = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.FULL)


class Hands:
    """A devices process: hears what is asked, and says what a test wants."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.asked: list[tuple[str, Params]] = []
        self.server: IpcServer | None = None
        self.come()

    def come(self) -> None:
        """Start, or start again."""
        names = (
            "status",
            "id_card.start",
            "id_card.stop",
            "scanner.start",
            "scanner.stop",
            "slip_printer.print",
            "slip_printer.cancel",
            "lights.set",
            "lights.stop",
        )
        methods: dict[str, Method] = {name: partial(self._hear, name) for name in names}
        self.server = IpcServer(
            self._socket,
            methods,
            lambda: [("device.status", {"device": device, "status": WORKS}) for device in DeviceClass],
        )

    def go(self) -> None:
        """Die."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def say(self, method: str, **params: Any) -> None:
        """Push a notification."""
        assert self.server is not None
        self.server.notify(method, params)

    def last(self, method: str) -> Params | None:
        """What was last asked with `method`."""
        return next((params for name, params in reversed(self.asked) if name == method), None)

    def count(self, method: str) -> int:
        """How often `method` was asked."""
        return sum(name == method for name, _ in self.asked)

    def read_card(self, session: str) -> None:
        """A whole identity."""
        self.say("id_card.outcome", session=session, outcome=CardRead(document=RESIDENT))

    def _hear(self, name: str, params: Params) -> dict[str, Any]:
        self.asked.append((name, params))
        return {}


class LineEnd:
    """A sync process."""

    def __init__(self, socket: Path) -> None:
        self.woken = 0
        self.state = "online"
        self.answer: dict[str, Any] = {"ok": False, "fault": "no_line"}
        self.identity: dict[str, Any] = {"ok": False, "fault": "no_line"}
        self.codes: list[Params] = []
        self.server = IpcServer(
            socket,
            {
                "status": lambda _: {},
                "wake": self._wake,
                "query": lambda _: self.answer,
                "identify_code": self._identify,
            },
            lambda: [("line.status", {"state": self.state, "pending": 0, "parked": 0})],
        )

    def say(self, method: str, **params: Any) -> None:
        """Push a notification."""
        self.server.notify(method, params)

    def _identify(self, params: Params) -> dict[str, Any]:
        self.codes.append(params)
        return self.identity

    def _wake(self, _: Params) -> dict[str, Any]:
        self.woken += 1
        return {}


def settings_in(folder: Path, **screen: Any) -> Settings:
    """A terminal's settings, everything of it in `folder`."""
    (folder / "run").mkdir(exist_ok=True)
    return Settings(
        terminal=TerminalSettings(site_name="青石村便民服务站"),
        screen=ScreenSettings(fullscreen=False, **screen),
        paths=PathSettings(state_dir=folder / "state", run_dir=folder / "run"),
    )


def open_journal(settings: Settings) -> Journal:
    """The terminal's journal, as another process has it open."""
    settings.journal_file.parent.mkdir(parents=True, exist_ok=True)
    key = load_or_create_key(settings.journal_key_file, settings.journal_file)
    return Journal.open(settings.journal_file, key, SystemClock())


def enrol(settings: Settings) -> None:
    """Let the terminal receive cases."""
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    with open_journal(settings) as journal:
        journal.settings.set_enrolment(
            Enrolment(
                terminal_id="t-1",
                terminal_number="370508",
                region_code="370500",
                sealing_key=public,
                signing_key=bytes(32),
            )
        )
