"""A platform on each engine; PostgreSQL is a server of the run's own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kiosk.clock import ManualClock
from sync.bench.postgres_server import PostgresServer, bin_dir, postgres
from sync.central.exchange import Platform
from sync.central.server import build_platform

_HERE = Path(__file__).parent


def _load(name: str) -> ModuleType:
    """A module beside this one: no folder of tests is on the path."""
    qualified = f"linban_tests_central_{name}"
    if qualified not in sys.modules:
        spec = importlib.util.spec_from_file_location(qualified, _HERE / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[qualified] = module
        spec.loader.exec_module(module)
    return sys.modules[qualified]


@pytest.fixture(scope="session")
def load_module() -> Callable[[str], ModuleType]:
    """Loads a module that stands beside these tests."""
    return _load


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A durable PostgreSQL for the whole run."""
    if bin_dir() is None:
        pytest.skip("no PostgreSQL is installed")
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres_server.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return tmp_path / "platform" / "central.db"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def another(database: Path | str, tmp_path: Path, clock: ManualClock) -> Iterator[Callable[[], Platform]]:
    """A further platform on the same database: another worker, or the same after a restart."""
    made: list[Platform] = []

    def make() -> Platform:
        made.append(build_platform(database, tmp_path / "platform", clock))
        return made[-1]

    yield make
    for platform in made:
        platform.store.close()


@pytest.fixture
def platform(another: Callable[[], Platform]) -> Platform:
    return another()


@pytest.fixture
def make_terminal(platform: Platform) -> Callable[..., Any]:
    """Enrols a simulated terminal: (name)."""
    module = _load("simulated_terminal")
    return lambda name="one": module.enrolled(platform, name)


@pytest.fixture
def terminal(make_terminal: Callable[..., Any]) -> Any:
    return make_terminal()
