"""The slip of a session: no paper, nobody who confirms it, pulled out, printed again."""

import pytest

from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.flow.effects import (
    NoteSlipTaken,
    PrintSlip,
)
from kiosk.flow.journey import Delivery, SlipState, Stage
from kiosk.flow.session import Session
from tests.kiosk.session_steps import receipt_for, stage, to_result, to_review, view


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
