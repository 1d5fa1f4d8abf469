"""A platform on each engine; PostgreSQL is a server of the run's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.clock import ManualClock
from sync.bench.postgres_server import PostgresServer, bin_dir, postgres
from sync.central.exchange import Platform
from sync.central.server import build_platform
from tests.central.simulated_terminal import SimulatedTerminal, enrolled


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
def make_terminal(platform: Platform) -> Callable[..., SimulatedTerminal]:
    """Enrols a simulated terminal: (name)."""
    return lambda name="one": enrolled(platform, name)


@pytest.fixture
def terminal(make_terminal: Callable[..., SimulatedTerminal]) -> SimulatedTerminal:
    return make_terminal()
