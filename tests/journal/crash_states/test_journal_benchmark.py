"""The benchmark of the journal runs at a small size, tells each figure with its goal, and fills honestly."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.bench import journal as bench
from kiosk.bench import journal_drain
from kiosk.bench.journal_fill import fill
from kiosk.bench.record import enrolled_journal, invented_case


@pytest.mark.parametrize("delivered", [True, False], ids=["delivered", "pending"])
def test_a_filled_journal_is_one_that_goes_on(tmp_path: Path, delivered: bool) -> None:
    with enrolled_journal(tmp_path / "journal.db") as journal:
        fill(journal, 400, delivered)
        summary = journal.outbox.summary()
        assert (summary.pending, summary.acknowledged) == ((0, 400) if delivered else (400, 0))
        check = journal.verify()
        assert (check.problems, check.chain_broken_at) == ((), 1)  # the digests are made up, and only they
        assert journal.print_jobs.unfinished() == ()
        assert journal.entries.record(invented_case()).sequence == 401
        (leased,) = journal.outbox.lease(1, 1_000_000, 30)
        assert leased.entry.sequence == (401 if delivered else 1)


def test_growth_is_told_beside_the_growth_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_WARM_UP", 2)
    report = bench._growth(tmp_path / "growth", 1000, 5)
    for call in ("record", "lease_and_acknowledge"):
        for state in ("pending", "delivered"):
            assert set(report[call][f"{state}_to_empty"]) == {"value", "at_most", "unit", "met"}
    for name, figures in report["peers"].items():
        assert figures["pending_take_to_empty"] > 0, name


def test_one_case_is_one_sync_and_a_commit_by_row_is_seven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_WARM_UP", 2)
    monkeypatch.setattr(bench, "_SLOW_SYNC_US", 2000)
    report = bench._one_case(tmp_path / "one", 5)
    if report["syncs"] is not None:
        assert (report["syncs"]["value"], report["syncs"]["met"]) == (1.0, True)
    if report["on_a_slow_disk"] is not None:
        assert 0.1 < report["on_a_slow_disk"]["to_commit_by_row"]["value"] < 0.4


def test_the_relay_drains_while_cases_are_recorded(tmp_path: Path) -> None:
    report = journal_drain.while_draining(tmp_path, 3000, windows=1, window_s=0.4)
    assert report["idle_us"]["n"] > 5
    assert report["draining_us"]["n"] > 5
    assert report["drained_per_s"] > 0
    assert set(report["p99_to_idle"]) == {"value", "at_most", "unit", "met"}
