"""A power cut at any call of a long run, and again while recovering from it: nothing promised is lost, nothing is replaced.

The seed is another one each day, and is told; LINBAN_CRASH_SEED plays a day again.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.bench.journal_calls import CallKind
from kiosk.bench.journal_disk import Damage, played
from kiosk.clock import SystemClock
from kiosk.journal import schema
from kiosk.journal.journal import Journal
from tests.journal.crash_states import recording
from tests.journal.crash_states.mixed_run import KEY
from tests.journal.crash_states.promises import Promises, what_it_tells
from tests.journal.crash_states.recording import Run
from tests.journal.crash_states.sweep import State, Tally, crash_states, replaced_and_told, sweep

SEED = int(os.environ.get("LINBAN_CRASH_SEED") or datetime.now(UTC).strftime("%Y%m%d"))
SCHEMAS = sorted((Path(__file__).parents[1] / "schemas").glob("v*.db"))
WHY_NOT = recording.why_not()

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")


@pytest.fixture(scope="module")
def run() -> Run:
    return recording.mixed(SEED, rounds=2, steps=40)


def _nothing_is_lost(tally: Tally, at_least: int) -> None:
    print(f"\nseed {SEED}: {tally}")
    assert tally.faults == []
    assert (tally.corrupt, tally.lost) == (0, 0)
    assert tally.states >= at_least


def test_the_modelled_disk_holds_byte_for_byte_what_the_real_one_holds(run: Run) -> None:
    modelled = played(run.calls).after_power_cut(Damage.KEPT, random.Random(1))
    real = {name: content for name, content in run.left.items() if not name.endswith("-shm")}
    assert modelled == real
    assert len(real["journal.db"]) > 50_000
    said = [call.path.split(":")[0] for call in run.calls if call.kind is CallKind.SAID]
    for doing in ("did entry", "did acknowledged", "did tries", "did taken", "did pieces", "did delivered"):
        assert said.count(doing) > 3, doing


@pytest.mark.fault(1, 4, 5)
def test_a_power_cut_at_any_call_loses_no_promise(run: Run) -> None:
    states = crash_states(run.calls, random.Random(SEED), damages_each=2, share=0.07)
    _nothing_is_lost(sweep(states), at_least=400)


@pytest.mark.fault(3)
def test_a_second_power_cut_while_recovering_from_the_first_loses_no_promise(run: Run) -> None:
    _nothing_is_lost(_compound(run, firsts=10, share=0.15), at_least=150)


@pytest.mark.fault(1, 19)
@pytest.mark.parametrize("stored", [None, *SCHEMAS], ids=lambda file: file.stem if file else "from_nothing")
def test_a_power_cut_while_the_schema_is_made_leaves_the_old_one_or_the_new_one(
    stored: Path | None, tmp_path: Path
) -> None:
    before = stored.read_bytes() if stored else None
    promises = Promises()
    if stored:
        copy = tmp_path / "copy.db"
        copy.write_bytes(stored.read_bytes())
        with Journal.open(copy, KEY, SystemClock()) as journal:
            assert journal._database.row("PRAGMA user_version") == (schema.VERSION,)
            told = what_it_tells(journal)
        promises = Promises(dict(told), dict(told), ready=True)
    run = recording.mixed(SEED, rounds=1, steps=3, before=before)
    files = {} if before is None else {"journal.db": before}
    states = crash_states(run.calls, random.Random(SEED), 2, share=0.25, files=files, promises=promises)
    _nothing_is_lost(sweep(states), at_least=50)


@pytest.mark.fault(1)
@pytest.mark.parametrize("synchronous", ["normal", "off"])
def test_the_same_sweep_finds_the_losses_of_a_journal_that_does_not_wait_for_its_disk(
    synchronous: str,
) -> None:
    run = recording.mixed(SEED, rounds=1, steps=30, synchronous=synchronous)
    tally = sweep(crash_states(run.calls, random.Random(SEED), damages_each=1, share=0.06))
    print(f"\nsynchronous={synchronous}: {tally}")
    assert tally.lost > tally.states // 20
    if synchronous == "off":
        assert tally.corrupt > 0


@pytest.mark.soak
@pytest.mark.fault(1, 4, 5)
def test_ten_thousand_power_cuts_lose_no_promise() -> None:
    tally = Tally()
    for number in range(2):
        run = recording.mixed(SEED + number, rounds=2, steps=50)
        sweep(crash_states(run.calls, random.Random(SEED + number), damages_each=2), tally)
    _nothing_is_lost(tally, at_least=10_000)


@pytest.mark.soak
@pytest.mark.fault(3)
def test_ten_thousand_power_cuts_while_recovering_lose_no_promise() -> None:
    tally = Tally()
    for number in range(2):
        run = recording.mixed(SEED + 100 + number, rounds=1, steps=40)
        _compound(run, firsts=40, share=1.0, tally=tally)
    _nothing_is_lost(tally, at_least=10_000)


@pytest.mark.fault(3, 12, 14)
def test_a_power_cut_while_a_damaged_journal_is_replaced_costs_nothing_that_could_be_carried_over(
    run: Run,
) -> None:
    """What the replacement carries over when nobody disturbs it is there too when the power is cut inside it."""
    chance = random.Random(SEED + 2)
    whole = {name: bytearray(content) for name, content in run.left.items() if name == "journal.db"}
    whole["journal.db"][4096 * 7 + 100] ^= 4
    damaged = State(
        0, Damage.KEPT, {name: bytes(content) for name, content in whole.items()}, Promises(), False
    )
    undisturbed = replaced_and_told(damaged)
    carried = {
        key: value for key, value in undisturbed.items() if key.partition(":")[0] in ("entry", "acknowledged")
    }
    assert len(carried) > 20
    ((_, calls),) = recording.recoveries([damaged])
    files, _ = recording.begun_from(damaged, 0)
    states = crash_states(calls, chance, 1, 0.15, files, Promises(), "0/")
    missing = [
        (state.at, state.damage.value, key)
        for state in states
        for told in (replaced_and_told(state),)
        for key in carried
        if key not in told
    ]
    assert missing == []


def _compound(run: Run, firsts: int, share: float, tally: Tally | None = None) -> Tally:
    chance = random.Random(SEED + 1)
    tally = tally or Tally()
    first_cuts = list(crash_states(run.calls, chance, damages_each=1, share=0.2))
    sample = chance.sample(first_cuts, firsts)
    for number, (state, calls) in enumerate(recording.recoveries(sample)):
        files, promises = recording.begun_from(state, number)
        sweep(crash_states(calls, chance, 2, share, files, promises, f"{number}/"), tally)
    return tally
