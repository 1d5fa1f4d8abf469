"""A sender that was killed holds nothing: its lease is free at once, while a living one's is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.journal.journal import Journal
from kiosk.journal.process_identity import is_gone, new_owner
from tests.journal.conftest import MakeCase, Place

ROOT = Path(__file__).parents[2]
_LEASE = (
    "import os, sys; from pathlib import Path\n"
    "from kiosk.clock import ManualClock\n"
    "from kiosk.journal.journal import Journal\n"
    "journal = Journal.open(Path(sys.argv[1]), bytes(range(32)), ManualClock(), 'boot-1')\n"
    "print(len(journal.outbox.lease(10, 1_000_000, 1e6)), flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.mark.fault(26)
def test_what_a_killed_sender_had_leased_goes_out_at_once(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    for _ in range(3):
        journal.entries.record(make_case())
    sender = subprocess.Popen(
        [sys.executable, "-c", _LEASE, str(place.file)], cwd=ROOT, stdin=-1, stdout=-1, text=True
    )
    assert sender.stdout is not None
    assert sender.stdout.readline() == "3\n"
    assert journal.outbox.lease(10, 1_000_000, 30) == []  # it lives, and its lease runs for days
    sender.kill()
    sender.communicate()
    again = journal.outbox.lease(10, 1_000_000, 30)
    assert [(item.entry.sequence, item.attempts) for item in again] == [(1, 2), (2, 2), (3, 2)]


def test_a_living_process_is_not_gone_and_no_two_connections_are_one_owner() -> None:
    assert not is_gone(new_owner())
    assert new_owner() != new_owner()


def test_a_process_number_that_was_given_out_again_is_another_process() -> None:
    namespace, pid, started, mark = new_owner().split("-")
    assert is_gone(f"{namespace}-{pid}-{int(started) + 1}-{mark}")


def test_a_process_that_has_ended_is_gone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from kiosk.journal.process_identity import new_owner; print(new_owner())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert is_gone(done.stdout.strip())


@pytest.mark.parametrize("owner", ["", "0123456789abcdef", "1-2-3-4", "0-1-1-x", "a-b-c-d"])
def test_an_owner_that_says_nothing_of_this_machine_counts_as_alive(owner: str) -> None:
    assert not is_gone(owner)
