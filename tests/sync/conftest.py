"""A real platform, a real line and a real journal for each test, all on loopback."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.receipt import Receipt
from kiosk.errors import PlatformError
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.outbox import Acknowledged, LeasedEntry
from sync.central.exchange import Platform
from sync.central.server import build_platform, serving
from sync.enrolment import enrol
from sync.line import Line
from sync.line_simulator import LineSimulator
from sync.platform_client import PlatformClient
from sync.relay import Relay
from tests.invented_cases import invented_case
from tests.sync.county import CODE, county  # noqa: F401  (a fixture)
from tests.sync.impostor import QUICK, fooled_client, fooled_terminal, impostor  # noqa: F401  (fixtures)


@dataclass
class Terminal:
    """A terminal without a face: its journal, its key, and a relay that is driven by hand."""

    folder: Path
    url: str
    batch: int = 50
    stopping: threading.Event = field(default_factory=threading.Event)
    delivered: list[str] = field(default_factory=list)
    after_batch: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = Ed25519PrivateKey.generate()
        page_key = load_or_create_key(self.folder / "journal.key")
        self.journal = Journal.open(self.folder / "journal.db", page_key, self.clock)
        settings = PlatformSettings(url=self.url, retry_cap_s=0.3)
        self.client = PlatformClient(settings, self.key, self.clock, QUICK)
        self.line = Line(self.clock)
        self.relay = Relay(
            [self.client],
            self.line,
            self.clock,
            self.stopping,
            batch=self.batch,
            retry_cap_s=0.3,
            on_delivered=self._note,
        )

    def enrol(self, code: str = CODE) -> Enrolment:
        enrolment = enrol(self.client, self.journal, code)
        self.client.become(enrolment)
        return enrolment

    def record(self, count: int = 1) -> list[Receipt]:
        return [self.journal.entries.record(invented_case()) for _ in range(count)]

    def drain(self) -> PlatformError | None:
        return self.relay.drain(self.journal)

    def drain_whatever_happens(self, tries: int = 40) -> None:
        """Drain again and again, as the relay's thread would, without its pauses."""
        for _ in range(tries):
            self.drain()
            summary = self.journal.outbox.summary()
            if summary.pending + summary.leased == 0:
                return
        raise AssertionError(f"still {self.journal.outbox.summary()}")

    def close(self) -> None:
        self.client.close()
        self.journal.close()

    def _note(self, delivered: Sequence[tuple[LeasedEntry, Acknowledged]]) -> None:
        self.delivered += [item.entry.header.receipt_number for item, _ in delivered]
        self.after_batch()


@pytest.fixture
def record_in() -> Callable[[Journal, int], list[Receipt]]:
    """Record cases of invented residents, as the face does."""
    return lambda journal, count: [journal.entries.record(invented_case()) for _ in range(count)]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    built = build_platform(tmp_path / "platform" / "central.db", tmp_path / "platform")
    built.store.add_enrolment_code(CODE, timedelta(hours=1))
    yield built
    built.store.close()


@pytest.fixture
def platform_url(platform: Platform) -> Iterator[str]:
    with serving(platform) as url:
        yield url


@pytest.fixture
def line(platform_url: str) -> Iterator[LineSimulator]:
    simulator = LineSimulator(("127.0.0.1", 0), ("127.0.0.1", int(platform_url.rpartition(":")[2])))
    yield simulator
    simulator.close()


@pytest.fixture
def make_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []
    numbers = itertools.count(1)

    def make(url: str, batch: int = 50) -> Terminal:
        made.append(Terminal(tmp_path / f"terminal-{next(numbers)}", url, batch))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


@pytest.fixture
def terminal(line: LineSimulator, make_terminal: Callable[..., Terminal]) -> Terminal:
    """An enrolled terminal behind the line."""
    made = make_terminal(f"http://127.0.0.1:{line.port}")
    made.enrol()
    return made
