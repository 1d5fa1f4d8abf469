"""The session's state machine, told as things that happen to a resident."""

from dataclasses import replace
from uuid import uuid4

import pytest

from kiosk.catalogue.pack import Block
from kiosk.catalogue.rules import AnswerFault
from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.printing import PrintOutcome, PrintVerdict
from kiosk.domain.receipt import qr_text, receipt_number
from kiosk.domain.trust import Proof
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.effects import (
    AskProgress,
    PrepareCase,
    PrintSlip,
    RecordCase,
    StartReading,
    StartScanning,
    StopReading,
    Wipe,
)
from kiosk.flow.journey import Delivery, Journey, Progress, SlipState, Stage
from kiosk.flow.session import Session
from kiosk.ports import CardFault
from tests.kiosk.session_steps import PENSION, RESIDENT, receipt_for, stage, to_result, to_review, view


def test_handed_in_before_is_said_on_the_summary_and_does_not_stop_anybody(session: Session) -> None:
    to_review(session)
    earlier = receipt_for(session)
    assert session.look_up_earlier() == []
    session.handed_in_before(uuid4(), earlier)  # a late word about another case
    assert view(session).earlier is None
    entry_id = view(session).entry_id
    assert entry_id is not None
    session.handed_in_before(entry_id, earlier)
    assert view(session).earlier == earlier
    [effect] = session.confirm()
    assert isinstance(effect, RecordCase)
    assert session.look_up_earlier() == []


def test_the_case_that_was_handed_in_before_is_looked_up_and_the_answers_are_forgotten(
    session: Session,
) -> None:
    to_review(session)
    earlier, entry_id = receipt_for(session), view(session).entry_id
    assert entry_id is not None
    session.handed_in_before(entry_id, earlier)
    assert AskProgress(earlier.number) in session.look_up_earlier()
    assert stage(session) is Stage.ASKING
    assert (view(session).resident, view(session).answers, view(session).entry_id) == (None, {}, None)


def test_whole_journey(session: Session) -> None:
    assert StartScanning() in session.start()
    session.open_block(Block.HANDLE)
    assert stage(session) is Stage.SERVICES
    session.choose(PENSION)
    assert stage(session) is Stage.SERVICE
    assert session.begin() == [StartReading()]
    session.card_found()
    assert view(session).reading
    assert session.card_read(RESIDENT) == [StopReading()]
    session.confirm_identity()
    assert session.step == (2, 3)
    session.answer("138 0013 8000")
    [effect] = session.confirm()
    assert isinstance(effect, RecordCase)
    assert effect.case.answers == {"phone": "13800138000"}
    assert effect.case.proofs == {Proof.CHIP_READ}
    [printing] = session.recorded(receipt_for(session), printer_usable=True, line_up=True)
    assert isinstance(printing, PrintSlip)
    assert session.busy
    session.print_ended(PrintOutcome(verdict=PrintVerdict.PRINTED))
    assert view(session).slip is SlipState.PRINTED
    assert Wipe() in session.finish()
    assert stage(session) is Stage.ATTRACT


def test_nothing_is_said_before_the_journal_has_it(session: Session) -> None:
    to_review(session)
    session.confirm()
    assert stage(session) is Stage.RECORDING
    assert session.view.receipt is None


def test_case_is_prepared_on_the_summary_exactly_as_it_is_recorded(session: Session) -> None:
    session.start()
    session.choose(PENSION)
    session.begin()
    session.card_read(RESIDENT)
    session.confirm_identity()
    [prepare] = session.answer("13800138000")
    [record] = session.confirm()
    assert isinstance(prepare, PrepareCase)
    assert isinstance(record, RecordCase)
    assert prepare.case == record.case


@pytest.mark.fault(107)
def test_double_tap_on_submit_records_once(session: Session) -> None:
    to_review(session)
    assert len(session.confirm()) == 1
    assert session.confirm() == []


def test_card_lifted_too_early_keeps_the_page_and_says_so(session: Session) -> None:
    session.start()
    session.choose(PENSION)
    session.begin()
    session.card_found()
    session.card_not_read(CardFault.MOVED)
    assert stage(session) is Stage.IDENTIFY
    assert session.view.card_fault is CardFault.MOVED
    assert not view(session).reading


@pytest.mark.fault(93)
def test_card_laid_down_on_another_page_does_nothing(session: Session) -> None:
    session.start()
    assert session.card_read(RESIDENT) == []
    assert session.view.resident is None


def test_not_me_forgets_the_card(session: Session) -> None:
    session.start()
    session.choose(PENSION)
    session.begin()
    session.card_read(RESIDENT)
    assert session.deny_identity() == [StartReading()]
    assert session.view.resident is None


def test_wrong_phone_number_stays_with_its_fault_and_its_digits(session: Session) -> None:
    session.start()
    session.choose(PENSION)
    session.begin()
    session.card_read(RESIDENT)
    session.confirm_identity()
    session.answer("1380013")
    assert stage(session) is Stage.QUESTION
    assert session.view.answer_fault is AnswerFault.NOT_A_PHONE
    assert session.view.answers["phone"] == "1380013"


def test_editing_returns_to_the_summary(session: Session) -> None:
    to_review(session)
    session.edit("phone")
    assert stage(session) is Stage.QUESTION
    session.answer("13900139000")
    assert stage(session) is Stage.REVIEW
    assert session.view.answers["phone"] == "13900139000"


def test_back_loses_nothing(session: Session) -> None:
    to_review(session)
    session.back()
    assert stage(session) is Stage.QUESTION
    assert session.view.answers["phone"] == "13800138000"
    session.back()
    assert stage(session) is Stage.IDENTITY
    assert session.view.resident == RESIDENT


@pytest.mark.fault(6)
def test_journal_full_returns_to_the_summary_with_the_answers(session: Session) -> None:
    to_review(session)
    session.confirm()
    session.record_failed(JournalFault.DISK_FULL)
    assert stage(session) is Stage.REVIEW
    assert session.view.record_fault is JournalFault.DISK_FULL
    assert session.view.answers["phone"] == "13800138000"


def test_submitting_again_after_a_fault_keeps_the_idempotency_key(session: Session) -> None:
    to_review(session)
    [first] = session.confirm()
    session.record_failed(JournalFault.BUSY)
    [second] = session.confirm()
    assert isinstance(first, RecordCase)
    assert isinstance(second, RecordCase)
    assert first.case.entry_id == second.case.entry_id


def test_two_cases_of_one_session_have_two_keys(session: Session) -> None:
    first = to_result(session)
    session.finish()
    assert to_result(session).entry_id != first.entry_id


def test_delivery_of_another_case_says_nothing_here(session: Session) -> None:
    receipt = to_result(session)
    session.delivered(uuid4())
    assert view(session).delivery is Delivery.SENDING
    session.delivered(receipt.entry_id)
    assert view(session).delivery is Delivery.DELIVERED
    session.line_changed(False)
    assert view(session).delivery is Delivery.DELIVERED


def test_slip_shown_on_the_attract_page_opens_its_case(session: Session) -> None:
    number = receipt_number("110001", uuid4())
    assert AskProgress(number) in session.scanned(qr_text(number))
    assert stage(session) is Stage.ASKING
    session.progress_answered(Progress(receipt_number=number, service_code=PENSION, state="received"))  # type: ignore[arg-type]
    assert stage(session) is Stage.PROGRESS


@pytest.mark.fault(105)
def test_answer_for_another_number_is_ignored(session: Session) -> None:
    mine, other = receipt_number("110001", uuid4()), receipt_number("110001", uuid4())
    session.scanned(qr_text(mine))
    session.progress_failed(other, LineFault.NO_LINE)
    assert stage(session) is Stage.ASKING


def test_line_down_while_asking_goes_back_with_a_reason(session: Session) -> None:
    number = receipt_number("110001", uuid4())
    session.scanned(qr_text(number))
    session.progress_failed(number, LineFault.NO_LINE)
    assert stage(session) is Stage.LOOKUP
    assert session.view.progress_fault is LineFault.NO_LINE


@pytest.mark.fault(98)
@pytest.mark.parametrize("text", ["javascript:alert(1)", "", "3705081244160000", "LINBAN:R1:1", "x" * 4000])
def test_foreign_code_opens_nothing(session: Session, text: str) -> None:
    session.start()
    assert session.scanned(text) == []
    assert stage(session) is Stage.HOME
    assert session.view.code_refusal is CodeRefusal.FOREIGN


def test_wipe_leaves_nothing_of_the_resident(session: Session) -> None:
    to_result(session)
    before = session.id
    session.finish()
    assert replace(session.view, session_id="") == Journey(session_id="")
    assert session.id != before


def test_recording_cannot_be_left(session: Session) -> None:
    to_review(session)
    session.confirm()
    assert session.finish() == []
    assert session.back() == []
    assert stage(session) is Stage.RECORDING
