"""A batch as it travels: whole again on the other side, small, and refused when its columns do not fit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.bench.invented_cases import MEASURING, invented_cases
from kiosk.catalogue.loader import load_catalogue
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.case import PlatformState
from kiosk.domain.entry import GENESIS, RecordedEntry
from kiosk.journal.sealing import encode_case
from sync.batch import EntriesAnswer, EntriesRequest, Outcome, in_runs, to_batch
from sync.compression import compress
from sync.wire import MAX_BATCH, Reason, Result, decode, encode
from tests.invented_entries import chain, redigested

NUMBER = "100001"


def arrived(entries: list[RecordedEntry], terminal_number: str = NUMBER) -> list[RecordedEntry]:
    """The entries after the journey."""
    batch = decode(encode(to_batch(entries, terminal_number)), EntriesRequest)
    return [entry.to_entry(terminal_number) for entry in batch.entries(terminal_number)]


def rechained(entries: list[RecordedEntry]) -> list[RecordedEntry]:
    """The entries, altered since, with digests that cover what they say now."""
    chained: list[RecordedEntry] = []
    previous = GENESIS
    for one in entries:
        chained.append(redigested(one, previous_digest=previous))
        previous = chained[-1].digest
    return chained


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_batch_is_the_same_after_the_journey(count: int) -> None:
    sent = chain(count)
    assert arrived(sent) == sent


def test_entries_out_of_order_with_gaps_between_them() -> None:
    one, two, _, four, five, six = chain(6)
    sent = [four, one, two, six, five]
    assert arrived(sent) == sent


def test_clocks_that_jump_and_several_boots() -> None:
    jumps = [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, 999_000, tzinfo=UTC),
        datetime(2026, 11, 22, 2, 0, 0, 1_000, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 1_000, tzinfo=UTC),
    ]
    sent = rechained(
        [
            replace(entry, recorded_at=moment, boot_id=f"boot {place // 2}", monotonic_s=place * 1e6 + 0.001)
            for place, (entry, moment) in enumerate(zip(chain(6), jumps, strict=True))
        ]
    )
    assert arrived(sent) == sent


@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=datetime(1960, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
            st.integers(0, 2**40),
            st.sampled_from(["a", "b", "c"]),
            st.binary(min_size=1, max_size=40),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_batch_is_the_same_after_the_journey(rows: list[tuple[datetime, int, str, bytes]]) -> None:
    sent = rechained(
        [
            replace(
                entry,
                header=replace(entry.header, service_code=word),
                recorded_at=moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000),
                monotonic_s=monotonic_ms / 1000,
                sealed=sealed,
            )
            for entry, (moment, monotonic_ms, word, sealed) in zip(chain(len(rows)), rows, strict=True)
        ]
    )
    assert arrived(sent) == sent


def test_a_receipt_number_that_does_not_follow_travels_as_it_is() -> None:
    one, two, three = chain(3)
    odd = replace(two, header=replace(two.header, receipt_number=one.header.receipt_number))
    assert arrived([one, odd, three]) == [one, odd, three]


def test_an_entry_of_before_the_terminal_had_this_number_travels_with_its_own() -> None:
    sent = chain(2, terminal_number="100002")
    batch = decode(encode(to_batch(sent, NUMBER)), EntriesRequest)
    assert batch.terminal_number == "100002"
    came = batch.entries(batch.terminal_number)
    assert [entry.receipt_number for entry in came] == [entry.header.receipt_number for entry in sent]
    assert [entry.digest for entry in came] == [entry.digest for entry in sent]


@pytest.mark.fault(63)
def test_a_chain_that_does_not_lead_to_its_last_digest_is_refused_whole() -> None:
    one, two, three = chain(3)
    for altered in (
        [one, replace(two, sealed=b"other"), three],
        [one, two, replace(three, digest=bytes(32))],
        [replace(one, monotonic_s=9.0), two, three],
    ):
        with pytest.raises(ValueError, match="chain"):
            to_batch(altered, NUMBER).entries(NUMBER)


def test_an_altered_entry_that_comes_alone_is_left_to_be_judged() -> None:
    (one,) = chain(1)
    (came,) = to_batch([replace(one, sealed=b"other")], NUMBER).entries(NUMBER)
    assert came.digest == one.digest


@pytest.mark.parametrize(
    "alter",
    [
        lambda batch: {"ids": batch.ids + bytes(16)},
        lambda batch: {"ids": batch.ids[:-1]},
        lambda batch: {"sealed": batch.sealed + b"x"},
        lambda batch: {"sizes": batch.sizes[:-1]},
        lambda batch: {"sizes": [1] * len(batch.sizes)},
        lambda batch: {"recorded_ms": [*batch.recorded_ms, 0]},
        lambda batch: {"recorded_ms": [2**47, *batch.recorded_ms[1:]]},
        lambda batch: {"booted_ms": [batch.recorded_ms[0] + 1, *batch.booted_ms[1:]]},
        lambda batch: {"sort": [1] * 3},
        lambda batch: {"sort": [0]},
        lambda batch: {"runs": batch.runs * 2},
        lambda batch: {"runs": [msgspec.structs.replace(batch.runs[0], count=MAX_BATCH)]},
    ],
)
def test_columns_that_do_not_fit_each_other_are_refused(alter: Callable[[EntriesRequest], Any]) -> None:
    batch = to_batch(chain(3), NUMBER)
    altered = msgspec.structs.replace(batch, **alter(batch))
    with pytest.raises(ValueError, match=r".+"):
        decode(encode(altered), EntriesRequest).entries(NUMBER)


def test_an_unknown_field_and_a_body_too_large_are_refused() -> None:
    content = msgspec.to_builtins(to_batch(chain(1), NUMBER))
    with pytest.raises(ValueError, match="surprise"):
        decode(msgspec.json.encode({**content, "surprise": 1}), EntriesRequest)
    with pytest.raises(ValueError, match="sizes"):
        decode(msgspec.json.encode({**content, "sizes": [600 * 1024]}), EntriesRequest)


@pytest.mark.fault(64)
@given(st.binary(max_size=2000))
def test_any_bytes_are_a_batch_an_answer_or_a_value_error(body: bytes) -> None:
    for kind in (EntriesRequest, EntriesAnswer):
        try:
            decode(body, kind)
        except ValueError:
            pass


def outcome(result: Result = Result.STORED, stored_at: str = "x") -> Outcome:
    return Outcome(result, Reason.NONE, PlatformState.RECEIVED, stored_at)


def test_equal_outcomes_are_told_once() -> None:
    one, other = outcome(), outcome(Result.DUPLICATE)
    assert in_runs([one, one, one, other, one]) == [(3, one), (1, other), (1, one)]
    assert in_runs([]) == []


@pytest.mark.fault(53, 64)
@pytest.mark.parametrize("count", [0, 2, 4])
def test_an_answer_to_another_number_of_entries_is_none(count: int) -> None:
    told = [(count, outcome())] if count else []
    answer = EntriesAnswer(epoch="e", high_water=1, outcomes=told, signature=bytes(64))
    with pytest.raises(ValueError, match="number"):
        answer.results(chain(3))


def test_what_stands_beside_the_sealed_bodies_is_next_to_nothing() -> None:
    packs = list(load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs.values())
    cases = list(itertools.islice(invented_cases(packs, MEASURING, 4), 200))
    sent = chain(200)
    minute = timedelta(seconds=61.417)
    sent = rechained(
        [
            replace(
                entry,
                recorded_at=entry.recorded_at + place * minute,
                monotonic_s=(place * minute).total_seconds() + 3600,
                sealed=_incompressible(len(encode_case(case)) // 3, place),
            )
            for place, (entry, case) in enumerate(zip(sent, cases, strict=True))
        ]
    )
    body, encoding = compress(encode(to_batch(sent, NUMBER)))
    assert encoding == "zstd"
    assert len(body) - sum(len(entry.sealed) for entry in sent) < 32 * len(sent)


def _incompressible(size: int, seed: int) -> bytes:
    import random

    return random.Random(seed).randbytes(size)
