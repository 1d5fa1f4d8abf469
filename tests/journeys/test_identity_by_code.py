"""A resident without a card shows a code on the phone: from the scanner to the platform's answer and the receipt."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from kiosk.catalogue.pack import Pack
from kiosk.config import PACKAGE_ROOT
from kiosk.demo.resident import Resident, ResidentStuck
from kiosk.demo.world import World, make_world
from kiosk.domain.presented_code import CodeRefusal
from kiosk.sentences import sentence
from tests.journeys.terminal import Terminal, to_identify

CODE = "TESTZW:0123456789abcdef"
_CODES = 3
PERSON = {"name": "测试甲", "number": "11010519491231002X", "sex": "2", "birth": "1949-12-31"}


def _make_world(folder: Path, **choices: object) -> World:
    """A terminal whose services take codes, and that knows how one looks."""
    world = make_world(folder, **choices)
    packs = folder / "packs"
    packs.mkdir()
    for file in (PACKAGE_ROOT / "assets" / "packs").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("rung: document", "rung: code")
        (packs / file.name).write_text(text, encoding="utf-8")
    settings = world.config_file.read_text(encoding="utf-8")
    settings = settings.replace("[paths]\n", f'[paths]\npacks_dir = "{packs}"\n')
    settings += '\n[codes]\nidentity = [{name = "service-code", prefix = "TESTZW:", max_length = 64}]\n'
    world.config_file.write_text(settings, encoding="utf-8")
    return world


@pytest.fixture
def world_maker() -> Callable[..., World]:
    return _make_world


def make_code(terminal: Terminal, code: str = CODE) -> None:
    token = (terminal.world.platform_dir / "operator.token").read_text(encoding="utf-8").strip()
    wish: dict[str, Any] = {"form": "service-code", "code": code, "valid_s": 60, **PERSON}
    url = f"http://127.0.0.1:{terminal.world.platform_port}/v1/operator/identity-codes"
    done = requests.post(url, headers={"authorization": f"Bearer {token}"}, json=wish, timeout=5)
    assert done.status_code == 200


def show_until(resident: Resident, code: str, words: str) -> None:
    """Hold the code there again and again: within three seconds it is still the same showing."""
    for _ in range(4):
        resident.scan(code)
        with contextlib.suppress(ResidentStuck):
            resident.see(words, patience_s=2.5)
            return
    resident.see(words)


def identified_by_code(terminal: Terminal) -> str:
    """Who they are, by the code that is returned.

    A code whose answer does not come in time is spent: as on a telephone, the next one is shown.
    """
    for number in range(_CODES):
        code = f"TESTZW:0123456789abc{number:03x}"
        make_code(terminal, code)
        terminal.resident.scan(code)
        with contextlib.suppress(ResidentStuck):
            terminal.resident.wait_for("identity")
            return code
    raise ResidentStuck(f"{_CODES} codes, and nobody was identified: {terminal.resident.offered()}")


@pytest.mark.fault(99)
def test_a_code_once_and_never_again(terminal: Terminal, pension: Pack) -> None:
    resident = terminal.resident
    to_identify(terminal, pension)
    code = identified_by_code(terminal)
    resident.press(resident.name("it_is_me"))
    resident.wait_for("question")
    resident.press(resident.name("back"))
    resident.press("不是我，换一个")
    resident.wait_for("identify")
    show_until(resident, code, sentence(CodeRefusal.USED, "zh_CN"))
    files = [file for file in terminal.world.folder.rglob("*") if file.is_file()]
    holding = [file.name for file in files if code.encode() in file.read_bytes()]
    assert holding == [], "a code is written nowhere"
    assert code.removeprefix("TESTZW:") not in terminal.complaints()


@pytest.mark.fault(40)
def test_a_code_while_the_line_is_down(terminal: Terminal, pension: Pack) -> None:
    resident = terminal.resident
    make_code(terminal)
    to_identify(terminal, pension)
    resident.set_line("cut")
    resident.see("线路断开")
    resident.scan(CODE)
    resident.see(sentence(CodeRefusal.NO_LINE, "zh_CN"))
    resident.lay_card()
    resident.wait_for("identity")
