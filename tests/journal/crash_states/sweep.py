"""Every state that a power cut may leave: built in memory, opened with the real code, asked for what was promised."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.bench.journal_calls import Call, CallKind
from kiosk.bench.journal_disk import Damage, Disk
from kiosk.clock import SystemClock
from kiosk.errors import JournalError, SealingError
from kiosk.journal.journal import Journal
from tests.journal.crash_states.mixed_run import KEY, a_case
from tests.journal.crash_states.promises import Promises, what_it_tells

NAME = "journal.db"
IN_MEMORY = Path("/dev/shm")
_DAMAGES = (Damage.SOME, Damage.TORN, Damage.CUT)


@dataclass(frozen=True, slots=True)
class State:
    """What the disk holds after one power cut, and what had been promised until then."""

    at: int
    """The number of calls before it."""
    damage: Damage
    files: Mapping[str, bytes]
    promises: Promises
    stale_index: bool
    """A -shm file full of an earlier life lies beside it."""


@dataclass(slots=True)
class Tally:
    """What a sweep saw."""

    states: int = 0
    by_damage: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lost: int = 0
    """States in which something promised was not there."""
    corrupt: int = 0
    """States that did not open, or whose file had to be replaced after a promise was made."""
    begun_afresh: int = 0
    """States from before anything was promised, where the first opening begins again."""
    smallest: int | None = None
    largest: int = 0

    def __str__(self) -> str:
        damages = ", ".join(f"{damage} {count}" for damage, count in sorted(self.by_damage.items()))
        return (
            f"{self.states} states ({damages}): {self.corrupt} corrupt, {self.lost} with something lost,"
            f" {self.begun_afresh} begun afresh before any promise; {self.smallest} to {self.largest} bytes"
        )


def crash_states(
    calls: Sequence[Call],
    chance: random.Random,
    damages_each: int,
    share: float = 1.0,
    files: Mapping[str, bytes] | None = None,
    promises: Promises | None = None,
    inside: str = "",
) -> Iterator[State]:
    """For each prefix of `calls` (or a `share` of them): nothing unsynced kept, all kept, and damages by chance.

    `inside` is the journal's folder where it is not the recorded one.
    """
    disk, told = Disk(files), promises or Promises()
    for number, call in enumerate(calls, start=1):
        disk.apply(call)
        told.hear(call)
        if call.kind is CallKind.SAID and number < len(calls):
            continue  # the next call's prefix asks more of the same disk
        if chance.random() >= share:
            continue
        snapshot = Promises(dict(told.done), dict(told.begun), told.ready)
        damages = [Damage.LOST]
        if disk.unsure:
            damages += [Damage.KEPT, *(chance.choice(_DAMAGES) for _ in range(damages_each))]
        for damage in damages:
            left = {
                name.removeprefix(inside): content
                for name, content in disk.after_power_cut(damage, chance).items()
            }
            yield State(number, damage, left, snapshot, chance.random() < 0.1)


def sweep(states: Iterator[State] | Sequence[State], tally: Tally | None = None) -> Tally:
    """Open every state with the real code and ask it for everything promised."""
    tally = tally or Tally()
    with folder_in_memory() as folder:
        for state in states:
            place = folder / str(tally.states % 2)
            place.mkdir()
            _ask(state, put(state, place), tally)
            shutil.rmtree(place)
    return tally


def put(state: State, folder: Path) -> Path:
    """Write a state's files; the journal's."""
    for name, content in state.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    if state.stale_index:
        (folder / f"{NAME}-shm").write_bytes(random.Random(state.at).randbytes(32768))
    return folder / NAME


def _ask(state: State, file: Path, tally: Tally) -> None:
    tally.states += 1
    tally.by_damage[state.damage.value] += 1
    size = sum(map(len, state.files.values()))
    tally.smallest, tally.largest = min(size, tally.smallest or size), max(size, tally.largest)
    where = f"call {state.at}, {state.damage}{', stale index' if state.stale_index else ''}"
    try:
        opened = Journal.open_or_replace(file, KEY, SystemClock(), "boot-2")
    except (JournalError, SealingError) as error:
        tally.corrupt += 1
        tally.faults.append(f"{where}: does not open: {error}")
        return
    with opened.journal as journal:
        if opened.replaced is not None:
            if state.promises.done or state.promises.ready:
                tally.corrupt += 1
                tally.faults.append(f"{where}: replaced: {opened.replaced.fault} {opened.replaced.detail}")
                return
            tally.begun_afresh += 1
        try:
            broken = state.promises.broken(journal)
            _goes_on(journal)
        except Exception as error:  # noqa: BLE001  whatever it is, a damaged journal was taken for a whole one
            tally.corrupt += 1
            tally.faults.append(f"{where}: {type(error).__name__}: {error}")
            return
        if broken:
            tally.lost += 1
            tally.faults.append(f"{where}: {'; '.join(broken[:3])}")


def replaced_and_told(state: State) -> dict[str, int]:
    """What a journal that had to be replaced tells after the real code has opened it."""
    with folder_in_memory() as folder:
        opened = Journal.open_or_replace(put(state, folder), KEY, SystemClock(), "boot-2")
        with opened.journal as journal:
            assert journal.verify().ok
            return what_it_tells(journal)


def _goes_on(journal: Journal) -> None:
    """It is not enough that the past is there: the next case must be recorded and be the next in line."""
    if journal.settings.enrolment() is None:
        return
    last = journal.entries.last()
    receipt = journal.entries.record(a_case())
    assert receipt.sequence == (last.receipt.sequence if last else 0) + 1
    assert journal.verify(quick=True).ok
    journal.outbox.lease(1, 1_000_000, 30)


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder that needs no disk, so that thousands of states cost no time."""
    base = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="linban-states-", dir=base) as name:
        yield Path(name)
