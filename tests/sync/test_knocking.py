"""A platform that answers at once with nothing but trouble is knocked at less and less."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kiosk.config import PlatformSettings
from kiosk.domain.entry import iso_utc
from kiosk.errors import LineFault, PlatformError
from sync.attachments import AttachmentUpload
from sync.backoff import Backoff
from sync.central.attachment_store import AttachmentStore
from sync.central.exchange import Platform
from sync.heartbeat import Heartbeat, Heeded
from sync.heartbeat_wire import HeartbeatAnswer
from sync.inbox_download import InboxDownload
from sync.line import ExchangeKind
from sync.platform_client import PlatformClient
from sync.signing import SignedAnswer, sign_answer
from sync.upload_wire import OFFSET_HEADER
from tests.sync.county import CAP_S, compose, heart_of, keeper_of
from tests.sync.impostor import unsigned
from tests.sync.uploads import hand_in, upload


@pytest.mark.fault(60, 64)
def test_heartbeats_are_answered_and_the_inbox_never_is(impostor: Any, fooled_terminal: Any) -> None:
    heartbeat = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 9}).encode()
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, b"{}", 500)
        if "inbox" in request.url
        else impostor.signed(request, heartbeat)
    )
    keeper = keeper_of(fooled_terminal)
    pauses = [keeper._check(fooled_terminal.journal) for _ in range(30)]
    assert len(impostor.requests) == 60
    assert max(pauses) > 5.0  # none would be above 0.5 s if each heartbeat made the others forget
    assert fooled_terminal.line.is_online  # and cases go on: only the news do not come
    assert fooled_terminal.line.status().last_success_s[ExchangeKind.INBOX] is None


def test_asked_to_come_back_at_once_for_ever() -> None:
    backoff = Backoff(60.0)
    assert sum(backoff.next_s(0.0) for _ in range(30)) > 30.0
    assert 5.0 <= backoff.next_s(5.0) <= 5.5


_REFUSED = b'{"type":"urn:linban:problem:bad-signature","status":401}'


@pytest.mark.fault(62)
def test_an_enrolment_that_is_revoked_ends_in_the_long_pause(impostor: Any, fooled_terminal: Any) -> None:
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, _REFUSED, 401, "application/problem+json")
    )
    keeper = keeper_of(fooled_terminal)
    first, second, third, fourth = (keeper._check(fooled_terminal.journal) for _ in range(4))
    assert first <= 1.0 and second <= 1.0
    assert (third, fourth) == (10 * CAP_S, 10 * CAP_S)


@pytest.mark.fault(62)
def test_requests_that_are_spoilt_now_and_then_cost_no_long_pause(
    impostor: Any, fooled_terminal: Any
) -> None:
    heartbeat = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 0}).encode()
    spoilt = iter([True, True, False] * 4)
    told = b'{"key_id":"00"}'

    def behave(connection: Any, request: Any) -> None:
        if "heartbeat" not in request.url:
            connection.sendall(impostor.signed(request, told))
        elif next(spoilt):
            connection.sendall(impostor.signed(request, _REFUSED, 401, "application/problem+json"))
        else:
            connection.sendall(impostor.signed(request, heartbeat))

    impostor.behave = behave
    keeper = keeper_of(fooled_terminal)
    pauses = [keeper._check(fooled_terminal.journal) for _ in range(12)]
    assert max(pauses) < 2 * CAP_S
    assert [pause > 10.0 for pause in pauses] == [
        False,
        False,
        True,
    ] * 4  # every third is an ordinary heartbeat's


def bare(impostor: Any, request: Any, status: int, headers: dict[str, str]) -> bytes:
    """A signed answer without a body, as the platform gives to uploads."""
    answer = SignedAnswer(status, {"content-type": "application/json", **headers}, request)
    sign_answer(answer, b"", impostor.signing_key, datetime.now(UTC), tuple(headers))
    return unsigned(b"", status, answer.headers)


@pytest.mark.fault(64)
def test_pieces_are_taken_and_the_upload_gets_no_further(impostor: Any, terminal: Any) -> None:
    """Each of them once and not for ever; and what stands behind them in the queue is tried too."""
    hand_in(terminal, *(bytes([number]) * 100 for number in range(25)))
    assert terminal.drain() is None
    seen: list[str] = []

    def stand_still(connection: Any, request: Any) -> None:
        seen.append(request.method)
        connection.sendall(
            bare(impostor, request, 204 if request.method == "PATCH" else 200, {OFFSET_HEADER: "0"})
        )

    impostor.behave = stand_still
    client = PlatformClient(PlatformSettings(url=impostor.url), terminal.key, terminal.clock)
    client.become(impostor.enrolment())
    sender = AttachmentUpload(client, terminal.clock, lambda: True)
    assert sender.run(terminal.journal, impostor.signing_key.public_key()) == 0
    assert (seen.count("HEAD"), seen.count("PATCH")) == (25, 25)
    for _ in range(6):
        sender.run(terminal.journal, impostor.signing_key.public_key())
    assert sender.stuck == 25
    assert len(seen) == 2 * 25 * 5
    client.close()


def heed(terminal: Any, heart: Heartbeat, **said: Any) -> Heeded:
    compose(heart, terminal)
    answer = HeartbeatAnswer(epoch="e1", high_water=3, inbox_head=0)
    return heart.heed(terminal.journal, msgspec.structs.replace(answer, **said))


@pytest.mark.fault(65)
def test_a_platform_that_never_finds_what_it_stored(terminal: Any) -> None:
    """It is sent again at first, and not with every heartbeat for the rest of the year."""
    terminal.record(3)
    terminal.drain_whatever_happens()
    heart, sent = heart_of(terminal), 0
    for _ in range(30):
        sent += heed(terminal, heart, high_water=0, gaps=[(1, 3), (2, 10**12), (1, 2)]).sent_again
        terminal.drain_whatever_happens()
    assert sent == 12 * 3


@pytest.mark.fault(65)
def test_two_platforms_answer_in_turns(terminal: Any) -> None:
    terminal.record(3)
    terminal.drain_whatever_happens()
    heart = heart_of(terminal)
    changes = [heed(terminal, heart, epoch=f"e{turn % 2}").epoch_changed for turn in range(40)]
    assert sum(changes) == 12


@pytest.mark.fault(65)
def test_what_was_handed_in_after_the_backup_with_a_case_from_before_it(
    platform: Platform, terminal: Any
) -> None:
    """The platform has the case, so it misses nothing; a new epoch makes the terminal ask for its attachments."""
    (attachment,) = hand_in(terminal, b"a photograph" * 1000)
    terminal.drain_whatever_happens()
    heart = heart_of(terminal)
    heed(terminal, heart, epoch=platform.store.epoch)
    assert upload(terminal) == 1
    with platform.store.transaction() as run:
        run.execute("delete from attachment_piece where digest = ?", (attachment.digest,))
        run.execute("delete from attachment where digest = ?", (attachment.digest,))
    assert AttachmentStore(platform.store).find(terminal.client.terminal_id, attachment.digest) is None
    assert upload(terminal) == 0
    heed(terminal, heart, epoch=platform.store.begin_epoch("restored"))
    assert upload(terminal) == 1
    assert AttachmentStore(platform.store).find(terminal.client.terminal_id, attachment.digest) is not None


@pytest.mark.fault(64)
def test_an_inbox_without_end(impostor: Any, fooled_terminal: Any) -> None:
    """There is always more: the next heartbeat leaves all the same, and what was said before is not heeded again."""
    client = PlatformClient(PlatformSettings(url=impostor.url), fooled_terminal.key, fooled_terminal.clock)
    client.become(impostor.enrolment())

    def say(connection: Any, request: Any) -> None:
        after = int(request.url.rpartition("=")[2])
        messages = [
            {
                "number": number,
                "kind": "case_state",
                "entry_id": "01930000-0000-7000-8000-000000000001",
                "receipt_number": "1" * 16,
                "state": "accepted",
                "at": "2026-11-22T08:00:00Z",
            }
            for number in (max(after, 1), after + 1)
        ]
        connection.sendall(
            impostor.signed(request, json.dumps({"messages": messages, "more": True}).encode())
        )

    impostor.behave = say
    InboxDownload(client, fooled_terminal.clock).fetch(fooled_terminal.journal, 2**53, lambda: True)
    assert len(impostor.requests) == 50
    assert fooled_terminal.journal.inbox.cursor() == "50"
    assert len(fooled_terminal.journal.inbox.for_receipt("1" * 16)) == 50
    client.close()


@pytest.mark.fault(64)
@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999Z"])
def test_a_clock_at_the_calendars_end(
    impostor: Any, fooled_client: PlatformClient, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    def answer(connection: Any, request: Any) -> None:
        monkeypatch.setattr("sync.signing.iso_utc", lambda now: said)
        connection.sendall(impostor.signed(request, b'{"answer": {}}'))
        monkeypatch.setattr("sync.signing.iso_utc", iso_utc)

    impostor.behave = answer
    with pytest.raises(PlatformError) as fault:
        fooled_client.query("case-progress", {}, 0, 2.0)
    assert fault.value.fault is LineFault.NOT_THE_PLATFORM
