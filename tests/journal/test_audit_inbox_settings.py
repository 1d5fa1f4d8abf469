"""What the terminal remembers beside its entries: the audit log, the platform's words, who it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiosk.domain.case import PlatformState
from kiosk.journal.audit import AuditEvent, AuditField
from kiosk.journal.inbox import InboxMessage
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey
from tests.journal.conftest import MakeCase, Place

SAID_AT = datetime(2026, 11, 23, tzinfo=UTC)


def _message(
    name: str, number: str, state: PlatformState | None, words: str = "", days: int = 0
) -> InboxMessage:
    said_at = SAID_AT + timedelta(days=days)
    return InboxMessage(
        message_id=name, receipt_number=number, said_at=said_at, platform_state=state, words=words
    )


def test_audit_lines_are_kept_in_order_and_chained(journal: Journal) -> None:
    journal.audit.append(AuditEvent.PROGRAM_STARTED, "ui", {AuditField.VERSION: "0.1.0"})
    journal.audit.append(AuditEvent.LINE_LOST)
    newest, oldest = journal.audit.recent()
    assert (newest.event, newest.position) == (AuditEvent.LINE_LOST, 2)
    assert (oldest.subject, oldest.detail) == ("ui", ((AuditField.VERSION, "0.1.0"),))
    assert journal.audit.first_fault() is None


def test_recorded_cases_have_their_place_in_the_log_before_their_lines_are_written_and_after(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    def told() -> list[tuple[int, AuditEvent, str, datetime]]:
        return [
            (line.position, line.event, line.subject, line.happened_at) for line in journal.audit.recent()
        ]

    journal.audit.append(AuditEvent.SESSION_STARTED)
    receipts = []
    for _ in range(2):
        place.clock.advance(1)
        receipts.append(journal.entries.record(make_case()))
    before = told()
    assert [line[:3] for line in before] == [
        (3, AuditEvent.CASE_RECORDED, str(receipts[1].entry_id)),
        (2, AuditEvent.CASE_RECORDED, str(receipts[0].entry_id)),
        (1, AuditEvent.SESSION_STARTED, ""),
    ]
    assert [line[3] for line in before[:2]] == [receipts[1].received_at, receipts[0].received_at]
    assert journal._database.row("SELECT count(*) FROM audit") == (1,)
    place.clock.advance(60)
    journal.audit.append(AuditEvent.SESSION_ENDED)
    assert told()[1:] == before
    assert told()[0][:2] == (4, AuditEvent.SESSION_ENDED)
    assert [line.position for line in journal.audit.recent(2)] == [4, 3]
    assert journal.verify().ok


def test_a_line_of_a_recorded_case_is_written_once(journal: Journal, make_case: MakeCase) -> None:
    journal.entries.record(make_case())
    for _ in range(2):
        journal.audit.tell_entries()
    assert journal._database.row("SELECT count(*) FROM audit") == (1,)


@pytest.mark.parametrize(
    "personal", ["测试甲", "11010519491231002X", "13800138000", "tel:13800138000", "x" * 65, "two words"]
)
def test_the_audit_log_refuses_what_may_be_about_a_person(journal: Journal, personal: str) -> None:
    with pytest.raises(ValueError, match="audit line"):
        journal.audit.append(AuditEvent.DEVICE_FAULT, personal)
    with pytest.raises(ValueError, match="audit line"):
        journal.audit.append(AuditEvent.DEVICE_FAULT, "", {AuditField.REASON: personal})
    assert journal.audit.recent() == []


def test_a_line_that_was_changed_behind_our_back_is_found(journal: Journal) -> None:
    for _ in range(3):
        journal.audit.append(AuditEvent.LINE_LOST)
    database = journal._database
    database.run("DROP TRIGGER audit_never_changes")
    database.run("UPDATE audit SET event = 'line_back' WHERE position = 2")
    assert journal.audit.first_fault() == 2
    assert journal.verify().audit_broken_at == 2
    assert not journal.verify(quick=True).ok


def test_the_platforms_words_reach_the_resident_and_move_the_state(
    journal: Journal, make_case: MakeCase
) -> None:
    number = journal.entries.record(make_case()).number
    messages = [
        _message("m1", number, PlatformState.ACCEPTED),
        _message("m2", number, PlatformState.RETURNED, "请补充材料"),
    ]
    assert journal.inbox.cursor() == ""
    assert journal.inbox.store(messages, "17") == 2
    assert journal.inbox.cursor() == "17"
    assert journal.inbox.for_receipt(number) == tuple(messages)
    status = journal.entries.by_number(number)
    assert status is not None
    assert status.platform is PlatformState.RETURNED


def test_an_old_message_that_comes_again_does_not_turn_the_state_back(
    journal: Journal, make_case: MakeCase
) -> None:
    number = journal.entries.record(make_case()).number
    first = _message("m1", number, PlatformState.ACCEPTED)
    journal.inbox.store([first, _message("m2", number, PlatformState.CONCLUDED)], "2")
    assert journal.inbox.store([first], "2") == 0
    status = journal.entries.by_number(number)
    assert status is not None
    assert status.platform is PlatformState.CONCLUDED
    assert len(journal.inbox.for_receipt(number)) == 2


def test_a_message_about_a_receipt_of_elsewhere_is_kept_but_moves_nothing(journal: Journal) -> None:
    assert journal.inbox.store([_message("m1", "3705081244160973", None, "x")], "1") == 1
    assert len(journal.inbox.for_receipt("3705081244160973")) == 1


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ([], PlatformState.RETURNED, ""),
        ([(PlatformState.RETURNED, "缺照片")], PlatformState.RETURNED, "缺照片"),
        ([(PlatformState.RETURNED, "缺照片"), (None, "")], PlatformState.RETURNED, "缺照片"),
        ([(PlatformState.RETURNED, "缺照片"), (None, "也缺户口簿")], PlatformState.RETURNED, "也缺户口簿"),
        # Mended since: what was missing then is not said of the new state.
        ([(PlatformState.RETURNED, "缺照片"), (PlatformState.ACCEPTED, "")], PlatformState.ACCEPTED, ""),
        ([(PlatformState.RETURNED, "缺照片")], PlatformState.ACCEPTED, ""),
        ([(PlatformState.ACCEPTED, "收到"), (PlatformState.RETURNED, "缺")], PlatformState.ACCEPTED, ""),
    ],
)
def test_words_belong_to_the_state_that_they_were_said_with(
    journal: Journal,
    make_case: MakeCase,
    said: list[tuple[PlatformState | None, str]],
    state: PlatformState,
    words: str,
) -> None:
    number = journal.entries.record(make_case()).number
    messages = [
        _message(f"t/{place}", number, with_state, told)
        for place, (with_state, told) in enumerate(said, start=1)
    ]
    journal.inbox.store(messages, "9")
    assert journal.inbox.words_on(number, state) == words


def test_of_old_messages_the_newest_state_and_the_newest_words_of_a_case_stay(
    journal: Journal, make_case: MakeCase
) -> None:
    one, other = (journal.entries.record(make_case()).number for _ in range(2))
    elsewhere = "3705081244160973"
    journal.inbox.store(
        [
            _message("t/1", one, PlatformState.ACCEPTED),
            _message("t/2", one, PlatformState.RETURNED, "缺照片"),
            _message("t/3", one, None, "请带户口簿"),
            _message("t/4", one, None),  # of a kind that says nothing here
            _message("t/5", other, PlatformState.ACCEPTED),
            _message("t/6", other, PlatformState.CONCLUDED, days=20),
            _message("t/7", elsewhere, PlatformState.ACCEPTED),
        ],
        "7",
    )

    def kept(number: str) -> list[str]:
        return [one.message_id for one in journal.inbox.for_receipt(number)]

    assert journal.inbox.drop_overtaken(SAID_AT + timedelta(days=29), 30) == 0
    assert journal.inbox.drop_overtaken(SAID_AT + timedelta(days=31), 30) == 4
    assert (kept(one), kept(other), kept(elsewhere)) == (["t/2", "t/3"], ["t/6"], [])
    assert journal.inbox.drop_overtaken(SAID_AT + timedelta(days=4000), 30) == 0
    with pytest.raises(ValueError, match="a day at least"):
        journal.inbox.drop_overtaken(SAID_AT, 0)


def test_a_message_that_was_dropped_and_comes_again_does_not_turn_the_state_back(
    journal: Journal, make_case: MakeCase
) -> None:
    """A salvaged journal has no cursor: everything is downloaded from the first message on."""
    number = journal.entries.record(make_case()).number
    first = _message("t/9", number, PlatformState.ACCEPTED)
    last = _message("t/10", number, PlatformState.CONCLUDED)
    journal.inbox.store([first, last], "10")
    assert journal.inbox.drop_overtaken(SAID_AT + timedelta(days=31), 30) == 1
    assert journal.inbox.store([first, last], "10") == 0
    status = journal.entries.by_number(number)
    assert status is not None
    assert status.platform is PlatformState.CONCLUDED
    assert journal.inbox.for_receipt(number) == (last,)
    # Another platform's numbers, or those of the terminal that took this one's place, say nothing of these.
    assert journal.inbox.store([_message("u/1", number, PlatformState.RETURNED)], "1") == 1


def test_thousands_of_old_messages_go_a_few_at_a_time(journal: Journal, make_case: MakeCase) -> None:
    number = journal.entries.record(make_case()).number
    said = [_message(f"t/{place}", number, PlatformState.ACCEPTED) for place in range(1, 1202)]
    journal.inbox.store(said[:600], "600")
    journal.inbox.store(said[600:], "1201")
    assert journal.inbox.drop_overtaken(SAID_AT + timedelta(days=31), 30) == 1200
    assert [one.message_id for one in journal.inbox.for_receipt(number)] == ["t/1201"]


def test_settings_outlive_a_restart_and_are_seen_by_the_other_process(place: Place) -> None:
    with place.open() as one, place.open() as other:
        assert other.settings.enrolment() is None
        one.settings.set_enrolment(place.enrolment)
        assert other.settings.enrolment() == place.enrolment
        one.settings.put(SettingKey.CATALOGUE_ETAG, b"v1")
        one.settings.put(SettingKey.CATALOGUE_ETAG, b"v2")
    with place.open() as later:
        assert later.settings.enrolment() == place.enrolment
        assert later.settings.get(SettingKey.CATALOGUE_ETAG) == b"v2"
        assert later.settings.get(SettingKey.PAPER_LEFT) is None


@pytest.mark.fault(65)
def test_a_terminal_that_is_enrolled_again_keeps_the_epoch_it_was_told(place: Place) -> None:
    """Noted as if nothing had happened, the new one would hide that the platform lost what it signed for."""
    with place.open() as journal:
        journal.settings.become(place.enrolment, bytes(32), "e1")
        assert journal.settings.platform_epoch() == "e1"
        journal.settings.become(place.enrolment, bytes(32), "e2")
        assert journal.settings.platform_epoch() == "e1"
