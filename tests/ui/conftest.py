"""What the tests of the face stand on: one window a size, filled with any scene."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QUICK_BACKEND", "software")

from ui.gallery.exhibition import Exhibition
from ui.window import TRANSLATION


@pytest.fixture(scope="session")
def english() -> None:
    """The compiled translation, made where it is missing or older than its source."""
    source = TRANSLATION.with_suffix(".ts")
    if not TRANSLATION.exists() or TRANSLATION.stat().st_mtime < source.stat().st_mtime:
        import PySide6

        tool = Path(PySide6.__file__).parent / "lrelease"
        subprocess.run([tool, "-silent", source, "-qm", TRANSLATION], check=True)


@pytest.fixture
def exhibition(qtbot: QtBot, english: None) -> Iterator[Callable[[str], Exhibition]]:
    """Opens a window of a size; it is closed at the end."""
    opened: list[Exhibition] = []

    def open_one(size: str) -> Exhibition:
        opened.append(Exhibition(size))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
