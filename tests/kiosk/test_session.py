"""The session's state machine, told as things that happen to a resident."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.catalogue.pack import Block
from kiosk.catalogue.rules import AnswerFault
from kiosk.clock import ManualClock
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.domain.receipt import Receipt, qr_text, receipt_number
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.domain.trust import Proof
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.effects import (
    AskProgress,
    NoteSlipTaken,
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

PENSION = "pension-certification"
RESIDENT = IdentityDocument(
    kind=DocumentKind.RESIDENT_ID_CARD,
    name="测试甲",
    number="11010519491231002X",
    sex=Sex.FEMALE,
    birth=date(1949, 12, 31),
    valid_from=date(2020, 1, 1),
    valid_until=None,
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(PACKAGE_ROOT / "assets" / "packs")


@pytest.fixture
def session(catalogue: Catalogue) -> Session:
    return Session(catalogue, ManualClock())


def stage(session: Session) -> Stage:
    """The stage now: a call, so that no earlier assertion is taken to hold still."""
    return session.stage


def view(session: Session) -> Journey:
    return session.view


def receipt_for(session: Session) -> Receipt:
    entry_id = session.view.entry_id
    assert entry_id is not None
    return Receipt(
        number=receipt_number("110001", entry_id),
        entry_id=entry_id,
        sequence=1,
        received_at=ManualClock().now(),
        service_code=PENSION,
    )


def to_review(session: Session) -> None:
    session.start()
    session.choose(PENSION)
    session.begin()
    session.card_read(RESIDENT)
    session.confirm_identity()
    session.answer("13800138000")
    assert stage(session) is Stage.REVIEW


def to_result(session: Session) -> Receipt:
    to_review(session)
    session.confirm()
    receipt = receipt_for(session)
    session.recorded(receipt, printer_usable=True, line_up=True)
    return receipt


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


@pytest.mark.fault(71)
def test_paper_out_keeps_the_number_and_offers_another_try(session: Session) -> None:
    receipt = to_result(session)
    session.print_ended(PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.PAPER_OUT))
    assert session.view.receipt == receipt
    [again] = session.print_again()
    assert again == PrintSlip(receipt, 2)


def test_printed_slip_is_not_printed_twice_by_a_tap(session: Session) -> None:
    to_result(session)
    assert session.print_again() == []
    session.print_ended(PrintOutcome(verdict=PrintVerdict.PRINTED))
    assert session.print_again() == []


def test_no_printer_shows_the_number_and_prints_nothing(session: Session) -> None:
    to_review(session)
    session.confirm()
    assert session.recorded(receipt_for(session), printer_usable=False, line_up=False) == []
    assert view(session).slip is SlipState.NONE
    assert view(session).delivery is Delivery.WAITING_FOR_LINE


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


@pytest.mark.fault(72)
def test_a_slip_that_nobody_confirms_asks_the_person(session: Session) -> None:
    receipt = to_result(session)
    session.print_ended(PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER))
    assert view(session).slip is SlipState.UNCONFIRMED
    assert session.slip_pulled() == []  # half a slip can be pulled out too
    assert session.slip_taken() == [NoteSlipTaken(receipt)]
    assert view(session).slip is SlipState.TAKEN
    assert session.print_again() == []


def test_a_slip_that_did_not_come_out_is_printed_again_and_marked(session: Session) -> None:
    receipt = to_result(session)
    session.print_ended(PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER))
    assert session.print_again() == [PrintSlip(receipt, 2)]


def test_a_printed_slip_that_is_pulled_out_is_noted_once(session: Session) -> None:
    receipt = to_result(session)
    assert session.slip_pulled() == []  # still printing: an older slip
    session.print_ended(PrintOutcome(verdict=PrintVerdict.PRINTED))
    assert session.slip_pulled() == [NoteSlipTaken(receipt)]
    assert session.slip_pulled() == []


def test_paper_pulled_out_on_another_page_is_nobodys(session: Session) -> None:
    to_review(session)
    assert session.slip_pulled() == []
    assert session.slip_taken() == []


def test_a_slip_that_nobody_wants_is_not_asked_about_again(session: Session) -> None:
    to_result(session)
    session.decline_slip()
    assert view(session).slip is SlipState.PRINTING  # it comes out all the same
    session.print_ended(PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.PAPER_OUT))
    session.decline_slip()
    assert view(session).slip is SlipState.DECLINED
    assert session.print_again() == []
    assert session.slip_taken() == []


@pytest.mark.fault(105)
def test_second_answer_of_the_printer_changes_nothing(session: Session) -> None:
    to_result(session)
    session.print_ended(PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.PAPER_OUT))
    session.print_ended(PrintOutcome(verdict=PrintVerdict.PRINTED))
    assert (view(session).slip, view(session).slip_fault) == (SlipState.FAILED, PrintFault.PAPER_OUT)


def test_face_restarted_at_a_result_shows_the_number_and_doubts_the_slip(session: Session) -> None:
    receipt = to_result(session)
    session.finish()
    assert session.resume(receipt, line_up=False) == []
    assert stage(session) is Stage.RESULT
    assert view(session).receipt == receipt
    assert view(session).slip is SlipState.UNCONFIRMED
    assert session.print_again() == [PrintSlip(receipt, 2)]
