"""What the platform does with entries that are doubtful: duplicates, alterations, gaps and forks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request

from kiosk.domain.case import DeliveryState, ParkReason
from kiosk.domain.entry import RecordedEntry
from kiosk.errors import LineFault
from sync.central.exchange import Platform, as_signed
from sync.heartbeat_wire import HeartbeatRequest
from sync.platform_client import Refused
from sync.slip_keys import tell_slip_key
from sync.wire import EntryResult, Reason, Result
from tests.invented_entries import redigested
from tests.sync.county import beat


def entries(terminal: Any) -> list[RecordedEntry]:
    return list(terminal.journal.entries.stream())


def send(terminal: Any, *sent: RecordedEntry) -> list[EntryResult]:
    found: list[EntryResult] = terminal.client.send_entries(list(sent), 0).results
    return found


def notes(platform: Platform) -> list[tuple[str, int, int, bool]]:
    with platform.store.reading() as run:
        rows = run.execute(
            "select kind, first_sequence, last_sequence, closed_at from chain_note order by number"
        )
        return [(kind, first, last, closed is not None) for kind, first, last, closed in rows.fetchall()]


@pytest.mark.fault(52)
def test_the_same_entry_twice_is_one_case(platform: Platform, terminal: Any) -> None:
    (receipt,) = terminal.record()
    (first,) = send(terminal, *entries(terminal))
    (second,) = send(terminal, *entries(terminal))
    assert (first.result, second.result) == (Result.STORED, Result.DUPLICATE)
    assert first.stored_at == second.stored_at
    (count,) = platform.cases.count(receipt.number)
    assert (count.stored, count.received) == (1, 2)


def test_the_same_entry_twice_in_one_batch(terminal: Any) -> None:
    terminal.record()
    (entry,) = entries(terminal)
    assert [result.result for result in send(terminal, entry, entry)] == [Result.STORED, Result.DUPLICATE]


@pytest.mark.fault(63)
def test_the_same_identity_with_another_body_is_kept_apart(platform: Platform, terminal: Any) -> None:
    terminal.record()
    (entry,) = entries(terminal)
    send(terminal, entry)
    (result,) = send(terminal, redigested(entry, monotonic_s=entry.monotonic_s + 1))
    assert (result.result, result.reason) == (Result.QUARANTINED, Reason.CONFLICT)
    (count,) = platform.cases.count(entry.header.receipt_number)
    assert count.stored == 1


@pytest.mark.fault(63)
def test_a_conflict_is_frozen_in_the_outbox(platform: Platform, terminal: Any) -> None:
    terminal.record()
    (entry,) = entries(terminal)
    send(terminal, redigested(entry, monotonic_s=entry.monotonic_s + 1))
    assert terminal.drain() is None
    (item,) = terminal.journal.outbox.listing(DeliveryState.PARKED)
    assert item.park_reason is ParkReason.CONFLICT


def test_a_sealed_body_that_was_altered(platform: Platform, terminal: Any) -> None:
    terminal.record()
    (entry,) = entries(terminal)
    altered = bytearray(entry.sealed)
    altered[-1] ^= 1
    (result,) = send(terminal, redigested(entry, sealed=bytes(altered)))
    assert result.result is Result.STORED
    platform.entries.opener.open_all()
    (count,) = platform.cases.count(entry.header.receipt_number)
    assert (count.stored, count.quarantined) == (0, 1)


def test_a_digest_that_does_not_cover_the_entry(terminal: Any) -> None:
    terminal.record()
    (entry,) = entries(terminal)
    (result,) = send(terminal, replace(entry, digest=bytes(32)))
    assert (result.result, result.reason) == (Result.QUARANTINED, Reason.DIGEST)


def test_a_receipt_number_that_does_not_follow_from_the_entry(terminal: Any) -> None:
    terminal.record(2)
    first, second = entries(terminal)
    header = replace(first.header, receipt_number=second.header.receipt_number)
    (result,) = send(terminal, redigested(first, header=header))
    assert (result.result, result.reason) == (Result.REJECTED, Reason.RECEIPT_NUMBER)


def test_a_body_sealed_for_another_entry(platform: Platform, terminal: Any) -> None:
    terminal.record(2)
    first, second = entries(terminal)
    altered = redigested(first, sealed=second.sealed)
    (result,) = send(terminal, altered)
    assert result.result is Result.STORED
    platform.entries.opener.open_all()
    (again,) = send(terminal, altered)
    assert (again.result, again.reason) == (Result.QUARANTINED, Reason.CANNOT_OPEN)


@pytest.mark.fault(16)
def test_a_gap_is_noticed_and_closed_when_it_is_filled(platform: Platform, terminal: Any) -> None:
    terminal.record(5)
    one, two, three, four, five = entries(terminal)
    send(terminal, one)
    send(terminal, five, four)
    assert notes(platform) == [("gap", 2, 3, False)]
    send(terminal, two)
    assert notes(platform) == [("gap", 2, 3, False)]
    send(terminal, three)
    assert notes(platform) == [("gap", 2, 3, True)]


@pytest.mark.fault(53)
def test_a_shuffled_batch_is_no_gap(platform: Platform, terminal: Any) -> None:
    terminal.record(4)
    one, two, three, four = entries(terminal)
    results = send(terminal, three, one, four, two)
    assert [result.id for result in results] == [entry.header.entry_id for entry in (three, one, four, two)]
    assert notes(platform) == []


@pytest.mark.fault(25)
def test_a_fork_is_kept_apart(platform: Platform, terminal: Any) -> None:
    """A cloned or restored disk goes on from an old place of the chain with another entry."""
    terminal.record(3)
    one, two, three = entries(terminal)
    send(terminal, one, two)
    (result,) = send(terminal, redigested(three, sequence=2, previous_digest=one.digest))
    assert (result.result, result.reason) == (Result.QUARANTINED, Reason.FORK)
    assert notes(platform) == [("fork", 2, 2, False)]
    (again,) = send(terminal, redigested(three, previous_digest=bytes(31) + b"\1"))
    assert again.result is Result.QUARANTINED


def test_another_terminals_entry_is_not_taken(
    platform: Platform, terminal: Any, line: Any, make_terminal: Callable[..., Any]
) -> None:
    from datetime import timedelta

    platform.store.add_enrolment_code("9900112233", timedelta(hours=1))
    other = make_terminal(f"http://127.0.0.1:{line.port}")
    other.enrol("9900112233")
    other.record()
    with pytest.raises(Refused) as caught:
        send(terminal, *entries(other))
    assert caught.value.word == "foreign-terminal"


@pytest.mark.fault(62, 124)
def test_a_terminal_that_signs_with_another_key_is_refused(
    terminal: Any, line: Any, make_terminal: Callable[..., Any]
) -> None:
    thief = make_terminal(f"http://127.0.0.1:{line.port}")
    enrolment = terminal.journal.settings.enrolment()
    thief.journal.settings.set_enrolment(enrolment)
    thief.client.become(enrolment)
    thief.record()
    with pytest.raises(Refused) as caught:
        send(thief, *entries(thief))
    assert (caught.value.fault, caught.value.word) == (LineFault.NOT_AUTHORISED, "bad-signature")


@pytest.mark.fault(52)
@pytest.mark.parametrize(
    ("ask", "received"),
    [
        (lambda terminal: terminal.drain(), [(1, 1)]),
        (beat, []),
        (lambda terminal: tell_slip_key(terminal.client, terminal.journal), []),
    ],
    ids=["entries", "heartbeat", "slip-key"],
)
def test_a_request_shown_again_is_refused(
    platform: Platform, terminal: Any, ask: Callable[[Any], object], received: list[tuple[int, int]]
) -> None:
    import requests

    terminal.record()
    kept: list[requests.PreparedRequest] = []
    send_one = terminal.client._exchange._session.send

    def keep(prepared: requests.PreparedRequest, **options: Any) -> requests.Response:
        kept.append(prepared)
        answer: requests.Response = send_one(prepared, **options)
        return answer

    terminal.client._exchange._session.send = keep
    ask(terminal)
    kept[0].body.seek(0)  # type: ignore[union-attr]  # the client sends a stream
    with requests.Session() as session:
        again = session.send(kept[0])
    assert (again.status_code, again.json()["title"]) == (409, "replayed")
    assert [(count.stored, count.received) for count in platform.cases.count()] == received


@pytest.mark.fault(17)
def test_a_terminal_restored_from_an_old_disk_is_noticed_once(platform: Platform, terminal: Any) -> None:
    terminal.record(3)
    terminal.drain()
    beat = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)
    terminal.client.heartbeat(beat, 3)
    assert notes(platform) == []
    terminal.client.heartbeat(beat, 1)
    terminal.client.heartbeat(beat, 1)
    assert notes(platform) == [("rollback", 2, 3, False)]


@pytest.mark.fault(50, 63)
@pytest.mark.parametrize("value", ["gzip", "br", "identity"])
def test_an_encoding_that_is_added_on_the_way_parks_nothing(
    platform: Platform, terminal: Any, value: str
) -> None:
    (receipt,) = terminal.record()
    session = terminal.client._exchange._session
    send_one = session.send

    def touch(prepared: Any, **options: Any) -> Any:
        prepared.headers["content-encoding"] = value
        return send_one(prepared, **options)

    session.send = touch
    error = terminal.drain()
    assert error is not None
    assert error.fault is LineFault.NOT_THE_PLATFORM
    assert terminal.journal.outbox.listing(DeliveryState.PARKED) == []
    assert terminal.journal.outbox.summary().pending == 1
    session.send = send_one
    terminal.drain_whatever_happens()
    (count,) = platform.cases.count(receipt.number)
    assert (count.stored, count.received) == (1, 1)


def test_a_second_header_before_the_signed_one_is_seen() -> None:
    headers = [(b"host", b"h"), (b"content-encoding", b"br"), (b"content-encoding", b"zstd")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    assert as_signed(Request(scope)).headers["content-encoding"] == "br, zstd"
