"""A whole terminal for each test that asks for one."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.catalogue.loader import load_catalogue
from kiosk.catalogue.pack import Pack
from kiosk.config import PACKAGE_ROOT
from kiosk.demo.world import World, make_world
from tests.journeys.terminal import Terminal


@pytest.fixture
def world_maker() -> Callable[..., World]:
    """Where a file's terminals stand in another world, it has a fixture of its own."""
    return make_world


@pytest.fixture
def terminal(world_maker: Callable[..., World]) -> Iterator[Terminal]:
    folder = Path(tempfile.mkdtemp(prefix="linban-"))
    running = Terminal(folder, world_maker)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pension() -> Pack:
    return load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs["pension-certification"]
