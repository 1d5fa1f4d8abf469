"""A real platform and real terminals for the line to come between, and what must hold of them after every fault."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from kiosk.clock import Clock, SystemClock
from kiosk.config import PathSettings, PlatformSettings, Settings
from kiosk.domain.case import DeliveryState
from kiosk.domain.entry import GENESIS
from kiosk.domain.receipt import Receipt
from kiosk.journal.journal import Journal, load_or_create_key
from sync.agent import Agent
from sync.central.exchange import Platform
from sync.central.server import build_platform, listen, uvicorn_server
from tests.invented_cases import invented_case

_TICK_S = 0.01
_PAUSE_S = 0.02
"""Between two residents, at most."""
_LATE_S = 10.0
_QUICK: dict[str, Any] = {"heartbeat_s": 3.0, "retry_cap_s": 8.0}
_tick = threading.Event()


def until(holds: Callable[[], bool], within_s: float, what: Callable[[], object] = str) -> float:
    """Wait for something that has no event; how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_s, what()
        _tick.wait(_TICK_S)
    return time.monotonic() - began


class County:
    """A platform that is served, and its terminals."""

    def __init__(
        self, folder: Path, clock: Clock | None = None, listener: socket.socket | None = None
    ) -> None:
        self.folder, self.clock = folder, clock or SystemClock()
        self.platform: Platform = build_platform(folder / "central.db", folder, self.clock)
        listener = listener or listen("127.0.0.1", 0)
        self.port = int(listener.getsockname()[1])
        self._listener, self._server = listener, uvicorn_server(self.platform)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="central", daemon=True
        )
        self._thread.start()
        self._numbers = itertools.count(1)
        self.terminals: list[LineTerminal] = []
        until(lambda: self._server.started, 20)

    def terminal(self, url: str, clock: Clock | None = None, **platform: Any) -> LineTerminal:
        """One more; it enrols when it is started first."""
        number = next(self._numbers)
        code = f"line-test-{number:06d}"
        self.platform.store.add_enrolment_code(code, timedelta(hours=1))
        made = LineTerminal(self, self.folder / f"t{number}", url, clock or self.clock, code, platform)
        self.terminals.append(made)
        return made

    def close(self) -> None:
        """End all of it."""
        for terminal in self.terminals:
            terminal.close()
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()
        self.platform.store.close()

    def entries_of(self, terminal_id: str) -> list[tuple[Any, ...]]:
        """What the platform holds of one terminal."""
        with self.platform.store.reading() as run:
            return list(
                run.execute(
                    "select sequence, receipt_number, previous_digest, digest, result, times_received from entry"
                    " where terminal_id = ? order by sequence",
                    (terminal_id,),
                ).fetchall()
            )


class LineTerminal:
    """A terminal without a face: settings, a journal of its own connection, and the whole sync process inside."""

    def __init__(
        self, county: County, folder: Path, url: str, clock: Clock, code: str, platform: dict[str, Any]
    ) -> None:
        self.county, self.clock = county, clock
        # Short, because a local socket's path may have 107 bytes.
        self._run = tempfile.TemporaryDirectory(prefix="line")
        folder.mkdir(parents=True)
        self.settings = Settings(
            platform=PlatformSettings(**{**_QUICK, "url": url, "enrolment_code": code, **platform}),
            paths=PathSettings(state_dir=folder, run_dir=Path(self._run.name)),
        )
        self.journal = self.open_journal()
        self.terminal_id = ""
        self.receipts: list[Receipt] = []
        self.attachments: dict[bytes, bytes] = {}
        self.agent: Agent | None = None

    def open_journal(self) -> Journal:
        """One more connection to the same file, as each process has."""
        key = load_or_create_key(self.settings.journal_key_file, self.settings.journal_file)
        return Journal.open(self.settings.journal_file, key, self.clock)

    def start(self) -> Agent:
        """Start the sync process, or start it again; the first time it enrols, which wants a line that works."""
        self.stop()
        self.agent = Agent(self.settings, self.clock)
        self.agent.start()
        if not self.terminal_id:
            until(lambda: self.journal.settings.enrolment() is not None, 20, self.agent.line.status)
            enrolment = self.journal.settings.enrolment()
            assert enrolment is not None
            self.terminal_id = enrolment.terminal_id
        return self.agent

    def stop(self) -> None:
        """End the sync process."""
        if self.agent is not None:
            self.agent.close()
            self.agent = None

    def close(self) -> None:
        """End everything of it."""
        self.stop()
        self.journal.close()
        self._run.cleanup()

    def record(self, attachment_bytes: int = 0) -> Receipt:
        """A resident is done; the sender is told, as the face does."""
        case = invented_case()
        if attachment_bytes:
            picture = os.urandom(attachment_bytes)
            kept = self.journal.attachments.put(case.entry_id, "image/jpeg", picture)
            case = replace(case, attachments=(kept,))
            self.attachments[kept.digest] = picture
        receipt = self.journal.entries.record(case)
        self.receipts.append(receipt)
        if self.agent is not None:
            self.agent.relay.wake()
        return receipt

    def record_some(self, count: int, draw: random.Random, share_with_attachment: float = 0.05) -> None:
        """So many residents, some of whom hand something in."""
        for number in range(count):
            with_one = draw.random() < share_with_attachment
            self.record(draw.randint(2_000, 90_000) if with_one else 0)
            _tick.wait(draw.uniform(0, _PAUSE_S))
            if number % 10 == 9:
                self.check_nothing_claimed()

    def record_until(self, holds: Callable[[], bool], within_s: float = 30.0) -> None:
        """Residents come until then."""
        ends_s = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < ends_s, self._how_it_is()
            self.record()
            _tick.wait(3 * _PAUSE_S)

    @property
    def drained(self) -> bool:
        """Whether nothing waits any more."""
        summary = self.journal.outbox.summary()
        waiting = summary.pending + summary.leased
        return not waiting and not self.journal.attachments.summary().waiting

    def until_drained(self, within_s: float) -> float:
        """How long it took."""
        return until(lambda: self.drained, within_s, self._how_it_is)

    def _how_it_is(self) -> object:
        said = [self.journal.outbox.summary(), self.journal.attachments.summary()]
        return said if self.agent is None else [*said, self.agent.line.status()]

    def check_nothing_claimed(self) -> None:
        """What counts as delivered here is there: looked at here first."""
        here = {one.sequence for one in self.journal.outbox.listing(DeliveryState.ACKNOWLEDGED, 10_000)}
        there = {row[0] for row in self.county.entries_of(self.terminal_id) if row[4] == "stored"}
        assert here <= there, sorted(here - there)

    def check(self) -> None:
        """What must hold whatever the line did, once it is a line again and everything was sent."""
        self.check_nothing_claimed()
        rows = self.county.entries_of(self.terminal_id)
        promised = [(one.sequence, one.number, one.digest) for one in self.receipts]
        assert [(row[0], row[1], bytes(row[3])) for row in rows] == promised, (
            "each once, in order, as recorded"
        )
        assert {row[4] for row in rows} <= {"stored"}, "something was set apart"
        assert [bytes(row[2]) for row in rows] == [GENESIS, *(bytes(row[3]) for row in rows)][: len(rows)]
        summary = self.journal.outbox.summary()
        assert (summary.pending, summary.leased, summary.parked) == (0, 0, 0), self._how_it_is()
        assert summary.acknowledged == len(promised), summary
        self._check_notes()
        self._check_attachments()
        assert self.journal.verify().ok, self.journal.verify()
        if (agent := self.agent) is not None:
            # On a hurried clock on a busy machine a thread may be late; one that stands still stays late.
            until(lambda: agent.healthy, _LATE_S, lambda: "a thread stands still")

    def _check_notes(self) -> None:
        """No conflict, and no gap or fork that the platform still worries about."""
        with self.county.platform.store.reading() as run:
            conflicts = run.execute(
                "select count(*) from conflicting_entry where terminal_id = ?", (self.terminal_id,)
            ).fetchone()
            notes = run.execute(
                "select kind, first_sequence, last_sequence from chain_note"
                " where terminal_id = ? and closed_at is null",
                (self.terminal_id,),
            ).fetchall()
        assert conflicts == (0,), "the same entry with another body"
        assert list(notes) == [], list(notes)

    def _check_attachments(self) -> None:
        """Each whole and stored once."""
        with self.county.platform.store.reading() as run:
            rows = run.execute(
                "select digest, stored_at from attachment where terminal_id = ?", (self.terminal_id,)
            ).fetchall()
            assert {bytes(row[0]) for row in rows} == set(self.attachments), "attachments"
            assert all(row[1] is not None for row in rows), "an attachment that is not whole"
            for digest in self.attachments:
                pieces = run.execute(
                    "select body from attachment_piece where terminal_id = ? and digest = ? order by first_byte",
                    (self.terminal_id, digest),
                ).fetchall()
                assert hashlib.sha256(b"".join(bytes(row[0]) for row in pieces)).digest() == digest


@contextlib.contextmanager
def county_in(
    folder: Path, clock: Clock | None = None, listener: socket.socket | None = None
) -> Iterator[County]:
    """A county for as long as the body runs."""
    county = County(folder, clock, listener)
    try:
        yield county
    finally:
        county.close()
