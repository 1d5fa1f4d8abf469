"""The promise, whatever happens in whatever order: a receipt that a resident holds is on the platform exactly once.

Hypothesis draws the lives of one terminal and its platform: cases, lost answers, crashes, disks put back, clones,
platforms restored from backup, clocks that leap.  At the end of each life the line is healed and everything is sent;
then every receipt is looked for.  What physics takes is taken out of the promise, and only that: an entry that was on
no disk and on no platform any more.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalError, JournalFault
from sync.line_simulator import LineMode, LineSimulator
from tests.model.world import County, Terminal

DAY_S = 86400
_ROUNDS = 12


class Promise(RuleBasedStateMachine):
    """One terminal, its line, its platform, and what the residents hold."""

    def __init__(self) -> None:
        super().__init__()
        self._root = Path(tempfile.mkdtemp(prefix="linban-model-", dir=_fast_disk()))
        self.county = County(self._root / "county")
        self.line = LineSimulator(("127.0.0.1", 0), ("127.0.0.1", self.county.port))
        self.terminal = Terminal(self._root / "terminal", self.line.port)
        self.terminal.enrol()
        self._image = self._root / "image"
        self.held: set[str] = set()
        self.elsewhere: set[str] = set()
        """Receipts that a clone gave; its disk is gone."""

    # -- what a day brings ---------------------------------------------------------------------------

    @rule(count=st.integers(1, 3))
    def residents_come(self, count: int) -> None:
        for _ in range(count):
            try:
                self.held.add(self.terminal.record().number)
            except JournalError as error:
                assert error.fault is JournalFault.STOPPED
                assert self.terminal.journal.settings.standing() is not Standing.OK
                return

    @rule()
    def it_sends(self) -> None:
        self.terminal.send()

    @rule(
        mode=st.sampled_from([LineMode.LOSE_ANSWER, LineMode.PORTAL, LineMode.ERROR500]),
        times=st.integers(1, 3),
    )
    def it_sends_on_a_bad_line(self, mode: LineMode, times: int) -> None:
        self.line.set_mode(mode, times)
        self.terminal.send()
        self.line.set_mode(LineMode.UP)

    @rule()
    def a_heartbeat(self) -> None:
        self.terminal.beat()

    @rule(days=st.sampled_from([-20_000, -400, -1, 1, 30, 4000]))
    def somebody_sets_the_clock(self, days: int) -> None:
        leap = timedelta(days=days)
        if abs(leap) < timedelta(days=25_000):
            self.terminal.clock.leap = leap

    # -- what breaks ---------------------------------------------------------------------------------

    @rule()
    def its_processes_are_killed(self) -> None:
        self.terminal.end()
        self.terminal.start()

    @rule()
    def the_sender_is_killed_with_its_hands_full(self) -> None:
        self.terminal.lease_and_die()

    @rule()
    def the_platform_is_switched_off_and_on(self) -> None:
        self.county.switch_off()
        self.county.switch_on()

    @rule()
    def the_platform_is_backed_up(self) -> None:
        self.county.back_up()

    @precondition(lambda self: self.county.has_backup)
    @rule()
    def the_platform_is_restored(self) -> None:
        self.county.put_back()
        # What is neither in the copy nor on this disk is nowhere any more.
        known = set(self.county.places()) | self.terminal.numbers()
        self.held &= known
        self.elsewhere &= known

    @rule()
    def an_image_of_the_disk_is_taken(self) -> None:
        self.terminal.end()
        shutil.rmtree(self._image, ignore_errors=True)
        shutil.copytree(self.terminal.folder, self._image)
        self.terminal.start()

    @precondition(lambda self: self._image.exists())
    @rule()
    def the_old_image_is_put_back(self) -> None:
        self.terminal.end()
        shutil.rmtree(self.terminal.folder)
        shutil.copytree(self._image, self.terminal.folder)
        self.terminal.start()
        self.held &= set(self.county.places()) | self.terminal.numbers()

    @precondition(lambda self: self._image.exists())
    @rule(count=st.integers(1, 3), sends=st.booleans())
    def somebody_starts_a_clone(self, count: int, sends: bool) -> None:
        folder = self._root / "clone"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._image, folder)
        clone = Terminal(folder, self.line.port, self.terminal.key)
        given = set()
        for _ in range(count):
            if clone.journal.settings.standing() is not Standing.OK:
                break
            given.add(clone.record().number)
        if sends:
            clone.send()
            # Whatever it sent is kept; what it did not goes with its disk.
            self.elsewhere |= given & set(self.county.places())
        clone.close()

    # -- what must hold ------------------------------------------------------------------------------

    @invariant()
    def nothing_is_stored_twice(self) -> None:
        assert all(stored <= 1 for stored, _ in self.county.places().values())

    @invariant()
    def the_journal_is_whole(self) -> None:
        checked = self.terminal.journal.verify(quick=True)
        assert checked.ok, checked

    def teardown(self) -> None:
        """Everything is mended and sent; then everything is looked for."""
        try:
            self.line.set_mode(LineMode.UP)
            self.terminal.clock.leap = timedelta()
            self._settle()
            places = self.county.places()
            missing = sorted(
                number for number in self.held | self.elsewhere if sum(places.get(number, (0, 0))) == 0
            )
            assert missing == []
            assert all(stored <= 1 for stored, _ in places.values())
            assert self.terminal.journal.verify().ok
        finally:
            self.terminal.close()
            self.line.close()
            self.county.switch_off()
            shutil.rmtree(self._root)

    def _settle(self) -> None:
        for _ in range(_ROUNDS):
            error = self.terminal.send()
            heeded = self.terminal.beat()
            summary = self.terminal.journal.outbox.summary()
            if error is None and not heeded.sent_again and summary.pending + summary.leased == 0:
                return
        raise AssertionError(f"never settled: {self.terminal.journal.outbox.summary()}")


def _fast_disk() -> str | None:
    """The model is about what is written, not about how long a sync takes."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


_QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@pytest.mark.slow
@pytest.mark.fault(17, 25, 36, 37, 51, 65)
def test_every_receipt_is_on_the_platform_once_in_every_life() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Promise, settings=settings(_QUIET, max_examples=12, stateful_step_count=25))


@pytest.mark.soak
@pytest.mark.fault(17, 25, 36, 37, 51, 65)
@pytest.mark.parametrize(
    "quarter", [1, 2, 3, 4]
)  # they mostly wait: SOAK_ARGS="-n 4" lives them side by side
def test_every_receipt_is_on_the_platform_once_in_a_thousand_long_lives(quarter: int) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Promise, settings=settings(_QUIET, max_examples=250, stateful_step_count=100))
