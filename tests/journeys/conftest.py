"""A whole terminal for each test that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.catalogue.loader import load_catalogue
from kiosk.catalogue.pack import Pack
from kiosk.config import PACKAGE_ROOT
from tests.journeys.terminal import Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    folder = Path(tempfile.mkdtemp(prefix="linban-"))
    running = Terminal(folder)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pension() -> Pack:
    return load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs["pension-certification"]
