"""A scripted resident: sees what the accessibility tree offers, presses by name, holds a card and a slip.

Nothing here knows a coordinate or a widget.  It walks through any service of the catalogue, in either
language, as a person would: read the page, do what it asks, look at the next one.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.catalogue.pack import FieldType, Pack
from kiosk.demo.world import World
from kiosk.domain.device_status import DeviceClass, DeviceDetail
from kiosk.domain.receipt import is_receipt_number
from kiosk.errors import IpcError, IpcFault, LinbanError
from kiosk.ipc import IpcClient

PATIENCE_S = 15.0
"""How long the resident waits for a page before giving up."""
_GLANCE_S = 0.02
_MOST_WORDS = 600
_SHOWINGS = 3
_BETWEEN_SHOWINGS_S = 4.0
_SIGNATURE = [
    [[0.2, 0.3], [0.3, 0.7], [0.4, 0.3], [0.5, 0.7]],
    [[0.55, 0.5], [0.7, 0.45], [0.8, 0.6]],
]
"""Nobody's name, as fractions of the pad."""
"""A code shown before the scanner listens is thrown away unread; the same code counts again after 2 s."""


class ResidentStuck(LinbanError):
    """The resident waited and the terminal did not offer what was needed: a dead end."""


NAMES = {
    "zh_CN": {
        "start": "开始",
        "begin": "开始办理",
        "it_is_me": "是我",
        "next": "下一步",
        "submit": "确认提交",
        "done": "办好了",
        "elder": "长辈版",
        "look_up": "查询",
        "back": "返回",
        "slip_ready": "凭条打好了",
        "print_again": "再打一次",
        "yes": "是",
        "no": "否",
    },
    "en": {
        "start": "Start",
        "begin": "Start",
        "it_is_me": "Yes, that is me",
        "next": "Next",
        "submit": "Submit",
        "done": "Done",
        "elder": "Large print",
        "look_up": "Look it up",
        "back": "Back",
        "slip_ready": "Your slip is ready",
        "print_again": "Print again",
        "yes": "Yes",
        "no": "No",
    },
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the resident did and how long the terminal took to follow."""

    page: str
    action: str
    seconds: float


@dataclass
class Resident:
    """One visit of one resident to the terminal of `world`."""

    world: World
    language: str
    pictures: Path | None = None
    on_page: Callable[[str], None] | None = None
    """Called on every page before the resident does anything there."""
    steps: list[Step] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    card: str = "测试甲"
    elder: bool = False
    """Whether the terminal is in its elder mode, where services go by their plain names."""
    _hand: IpcClient | None = None

    # Seeing and pressing -------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """The page that is shown: its stage, its title, whether it has settled."""
        page: dict[str, Any] = self._ask("page")
        return page

    def offered(self) -> list[dict[str, Any]]:
        """Everything visible: role, name, value, state."""
        tree: list[dict[str, Any]] = self._ask("tree")
        return tree

    def press(self, name: str) -> None:
        """Press the one thing of this name, as soon as it is offered."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._ask("press", name=name)
                return
            except IpcError as error:
                if error.fault is not IpcFault.REMOTE or time.monotonic() > deadline:
                    raise ResidentStuck(f"cannot press {name!r}: {error.detail}") from error
            _pause(_GLANCE_S)

    def timed_press(self, name: str) -> float:
        """Press, and answer when the next page is painted: the milliseconds it took, as the face measured them."""
        answer = self._ask("timed_press", name=name)
        return float(answer["ms"])

    def wait_for(self, *pages: str, patience_s: float = PATIENCE_S) -> str:
        """Wait until one of `pages` is shown and has settled; a restart of the face meanwhile is borne."""
        started = time.monotonic()
        seen = "nothing"
        while time.monotonic() - started < patience_s:
            with contextlib.suppress(IpcError):
                page = self.look()
                seen = str(page["page"])
                if seen in pages and page["settled"]:
                    self._arrived(seen, time.monotonic() - started)
                    return seen
            _pause(_GLANCE_S)
        wanted = " or ".join(pages)
        raise ResidentStuck(
            f"waited {patience_s:.0f} s for {wanted}; the terminal shows {seen}{self._words()}"
        )

    def _words(self) -> str:
        """What can be read on the page, for whoever must find out why it did not go on."""
        with contextlib.suppress(IpcError):
            return (
                ": " + " | ".join(str(each["name"]) for each in self.offered() if each["name"])[:_MOST_WORDS]
            )
        return ""

    def picture(self, file: Path) -> None:
        """What the screen shows, as a PNG."""
        self._ask("grab", path=str(file))

    # The world in the resident's hands -----------------------------------------------------------

    def lay_card(self) -> None:
        """Lay the card on the reader."""
        self.world_call(self.world.simulator_socket(DeviceClass.ID_CARD_READER), "place_card", card=self.card)

    def lift_card(self) -> None:
        """Take the card off the reader."""
        self.world_call(self.world.simulator_socket(DeviceClass.ID_CARD_READER), "lift_card")

    def scan(self, text: str) -> None:
        """Show a code to the scanner."""
        self.world_call(self.world.simulator_socket(DeviceClass.BARCODE_SCANNER), "scan", text=text)

    def show_slip(self, text: str, page: str) -> None:
        """Hold a code before the scanner, and again if nothing happens, as a person does, until `page` comes."""
        for _ in range(_SHOWINGS - 1):
            self.scan(text)
            with contextlib.suppress(ResidentStuck):
                self.wait_for(page, patience_s=_BETWEEN_SHOWINGS_S)
                return
        self.scan(text)
        self.wait_for(page)

    def take_slip(self) -> None:
        """Take the slip out of the printer."""
        self.world_call(self.world.simulator_socket(DeviceClass.RECEIPT_PRINTER), "take_paper")

    def set_line(self, mode: str) -> None:
        """Cut the line (`cut`) or bring it back (`up`)."""
        self.world_call(self.world.line_socket, "set", mode=mode)

    def world_call(self, socket: Path, method: str, **params: Any) -> Any:
        """One call to a simulator, waiting for it to be there."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with IpcClient(socket) as client:
                    return client.call(method, **params)
            except IpcError as error:
                if error.fault is not IpcFault.UNREACHABLE or time.monotonic() > deadline:
                    raise
            _pause(0.05)

    def wait_until_open(self) -> None:
        """Come when the terminal is ready for people: registered, its line up, its devices there."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            line = self.world_call(self.world.run_dir / "sync.sock", "status")
            devices = self.world_call(self.world.run_dir / "devices.sock", "status")
            attached = [each for each in devices.values() if each["detail"] != DeviceDetail.NOT_CONFIGURED]
            if line["state"] == "online" and all(each["state"] == "online" for each in attached):
                return
            if time.monotonic() > deadline:
                break
            _pause(0.05)
        raise ResidentStuck(f"the terminal is not ready: the line is {line['state']}, the devices {devices}")

    # Going through a service ---------------------------------------------------------------------

    def name(self, key: str) -> str:
        """What a thing is called in the resident's language."""
        return NAMES[self.language][key]

    def do_case(self, pack: Pack, before_confirm: Callable[[], None] | None = None) -> str:
        """From the attract page to 已收件; returns the receipt number that the result page shows."""
        self.wait_for("attract")
        self.press(self.name("start"))
        self.wait_for("home")
        return self.do_case_from_home(pack, before_confirm)

    def do_case_from_home(self, pack: Pack, before_confirm: Callable[[], None] | None = None) -> str:
        """The same, from the home page."""
        self.press((pack.plain_name if self.elder else pack.name).in_language(self.language))
        self.wait_for("service")
        self.press(self.name("begin"))
        page = self.wait_for("identify", "question")
        if page == "identify":
            self.lay_card()
            self.wait_for("identity")
            self.lift_card()
            self.press(self.name("it_is_me"))
        for question in pack.fields:
            self.wait_for("question")
            self._answer(
                question.type,
                question.label.in_language(self.language),
                question.example,
                [c.label.in_language(self.language) for c in question.choices],
            )
        self.wait_for("review")
        if before_confirm is not None:
            before_confirm()
        self.press(self.name("submit"))
        self.wait_for("result")
        return self.shown_number()

    def shown_number(self) -> str:
        """The receipt number as the page shows it, in fours, without its spaces."""
        for thing in self.offered():
            digits = thing["name"].replace(" ", "")
            if is_receipt_number(digits):
                return str(digits)
        raise ResidentStuck("no receipt number on the page")

    def see(self, words: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until `words` can be read somewhere on the page."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with contextlib.suppress(IpcError):
                if any(words in thing["name"] for thing in self.offered()):
                    return
            _pause(_GLANCE_S)
        raise ResidentStuck(f"nowhere on the page: {words}")

    def _answer(self, kind: FieldType, label: str, example: str, labels: list[str]) -> None:
        match kind:
            case FieldType.PHONE | FieldType.DIGITS | FieldType.RECEIPT_NUMBER:
                for digit in example:
                    self.press(digit)
            case FieldType.CHOICE:
                self.press(labels[0])
            case FieldType.YES_NO:
                self.press(self.name("yes"))
            case FieldType.TEXT:
                self._ask("type", text=example)
            case FieldType.SIGNATURE:
                self._ask("draw", name=label, strokes=_SIGNATURE)
        self.press(self.name("next"))

    # Inner ---------------------------------------------------------------------------------------

    def _arrived(self, page: str, seconds: float) -> None:
        if self.pages and self.pages[-1] == page and page != "question":
            return
        self.pages.append(page)
        self.steps.append(Step(page, "arrived", round(seconds, 3)))
        if self.pictures is not None:
            self.picture(self.pictures / f"{len(self.pages):02d}-{page}.png")
        if self.on_page is not None:
            self.on_page(page)

    def _ask(self, method: str, **params: Any) -> Any:
        """One call to the face; a connection that a restart broke is made anew at the next call."""
        if self._hand is None:
            self._hand = IpcClient(self.world.remote_socket)
        try:
            return self._hand.call(method, **params)
        except IpcError as error:
            if error.fault is not IpcFault.REMOTE:
                self._hand.close()
                self._hand = None
            raise

    def close(self) -> None:
        """Leave."""
        if self._hand is not None:
            self._hand.close()
            self._hand = None


def _pause(seconds: float) -> None:
    """A glance's worth of waiting; an event that nobody sets."""
    threading.Event().wait(seconds)
