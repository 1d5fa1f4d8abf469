"""The steps of a resident through a session, and the session that they are taken in."""

from datetime import date

import pytest

from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.clock import ManualClock
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.receipt import Receipt, receipt_number
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.flow.journey import Journey, Stage
from kiosk.flow.session import Session

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
