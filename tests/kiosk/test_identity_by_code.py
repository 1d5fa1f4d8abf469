"""Somebody without a card shows a code, and the platform says whose it is."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.clock import ManualClock
from kiosk.code_settings import CodeSettings, IdentityForm
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus
from kiosk.domain.presented_code import CodeKind, CodeRefusal
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.domain.trust import Proof, Rung, proof_by, reaches
from kiosk.flow.availability import LineState, Obstacle, Situation, availability
from kiosk.flow.effects import AskIdentity, Effect, StartReading, StartScanning, StopReading, StopScanning
from kiosk.flow.journey import Journey, Stage
from kiosk.flow.session import Session
from kiosk.ports import ScanFault

PENSION = "pension-certification"
CODE = "TESTZW:0123456789abcdef"
OTHER = "TESTZW:fedcba9876543210"
CODES = CodeSettings(identity=(IdentityForm(name="service-code", prefix="TESTZW:", max_length=64),))
RESIDENT = IdentityDocument(
    kind=DocumentKind.IDENTITY_CODE,
    name="测试甲",
    number="11010519491231002X",
    sex=Sex.FEMALE,
    birth=date(1949, 12, 31),
    valid_from=None,
    valid_until=None,
)
ONLINE = DeviceStatus(state=DeviceState.ONLINE)


def catalogue_with(rung: Rung) -> Catalogue:
    packs = load_catalogue(PACKAGE_ROOT / "assets" / "packs").packs
    return Catalogue({**packs, PENSION: msgspec.structs.replace(packs[PENSION], rung=rung)})


def at_identify(clock: ManualClock, rung: Rung = Rung.CODE, codes: CodeSettings = CODES) -> Session:
    session = Session(catalogue_with(rung), clock, codes=codes)
    session.start()
    session.choose(PENSION)
    session.begin()
    return session


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def session(clock: ManualClock) -> Session:
    return at_identify(clock)


def stage(session: Session) -> Stage:
    return session.stage


def view(session: Session) -> Journey:
    return session.view


def ask(effects: list[Effect]) -> AskIdentity:
    (effect,) = effects
    assert isinstance(effect, AskIdentity)
    return effect


def test_a_code_opens_the_service_when_its_owner_says_it_is_me(session: Session) -> None:
    asked = ask(session.scanned(CODE))
    assert (asked.code.kind, asked.code.payload, asked.code.form) == (CodeKind.IDENTITY, CODE, "service-code")
    assert session.busy
    assert session.identity_told(asked.try_id, RESIDENT) == [StopReading(), StopScanning()]
    assert stage(session) is Stage.IDENTITY
    assert view(session).proofs == frozenset()
    session.confirm_identity()
    assert stage(session) is Stage.QUESTION
    assert view(session).proofs == {Proof.CODE_SCANNED}
    assert not session.busy


def test_the_scanner_looks_only_where_a_code_is_taken(clock: ManualClock) -> None:
    for rung, codes, expected in (
        (Rung.CODE, CODES, [StartReading(), StartScanning()]),
        (Rung.DOCUMENT, CODES, [StartReading()]),
        (Rung.CODE, CodeSettings(), [StartReading()]),
    ):
        session = Session(catalogue_with(rung), clock, codes=codes)
        session.start()
        session.choose(PENSION)
        assert session.begin() == expected


def test_a_service_that_asks_for_a_card_takes_no_code(clock: ManualClock) -> None:
    session = at_identify(clock, Rung.DOCUMENT)
    assert session.scanned(CODE) == []
    assert not view(session).identity_try


def test_the_same_code_twice_is_refused_in_this_session_and_in_the_next(
    session: Session, clock: ManualClock
) -> None:
    asked = ask(session.scanned(CODE))
    assert session.scanned(CODE) == [], "it is being asked about"
    session.identity_not_told(asked.try_id, CodeRefusal.NO_ANSWER)
    assert session.scanned(CODE) == []
    assert view(session).code_refusal is CodeRefusal.NO_ANSWER, "the camera saw it too"
    clock.advance(4)
    assert session.scanned(CODE) == []
    assert view(session).code_refusal is CodeRefusal.USED
    session.finish()
    session.start()
    session.choose(PENSION)
    session.begin()
    assert session.scanned(CODE) == []
    assert view(session).code_refusal is CodeRefusal.USED
    ask(session.scanned(OTHER))


def test_a_code_that_was_scanned_too_long_ago_does_not_leave_the_face(
    session: Session, clock: ManualClock
) -> None:
    assert session.scanned(CODE, clock.monotonic() - 61) == []
    assert view(session).code_refusal is CodeRefusal.EXPIRED
    asked = ask(session.scanned(OTHER, clock.monotonic() - 30))
    assert asked.code.scanned_at_s == clock.monotonic() - 30


def test_what_cannot_be_read_is_said_where_it_matters(session: Session) -> None:
    session.not_scanned(ScanFault.UNDECODABLE)
    assert view(session).code_refusal is CodeRefusal.UNREADABLE
    session.back()
    assert session.not_scanned(ScanFault.TOO_LONG) == []
    assert view(session).code_refusal is None
    session.finish()
    session.start()
    session.not_scanned(ScanFault.TOO_FAST)
    assert view(session).code_refusal is ScanFault.TOO_FAST


@pytest.mark.parametrize("refusal", list(CodeRefusal))
def test_after_a_refusal_another_code_or_the_card_goes_on(session: Session, refusal: CodeRefusal) -> None:
    session.identity_not_told(ask(session.scanned(CODE)).try_id, refusal)
    assert (stage(session), view(session).code_refusal) == (Stage.IDENTIFY, refusal)
    ask(session.scanned(OTHER))
    assert view(session).code_refusal is None


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("134567890123456789", CodeRefusal.PAYMENT),
        ("https://evil.example/", CodeRefusal.NOT_IDENTITY),
        ("你好", CodeRefusal.NOT_IDENTITY),
        ("LBB1:AAAA", CodeRefusal.NOT_IDENTITY),
    ],
)
def test_another_kind_of_code_never_leaves_the_terminal(
    session: Session, text: str, refusal: CodeRefusal
) -> None:
    assert session.scanned(text) == []
    assert view(session).code_refusal is refusal


def test_a_card_laid_down_while_the_platform_is_asked_wins(session: Session) -> None:
    asked = ask(session.scanned(CODE))
    card = IdentityDocument(
        kind=DocumentKind.RESIDENT_ID_CARD,
        name="测试乙",
        number="110101199003074477",
        sex=Sex.MALE,
        birth=date(1990, 3, 7),
        valid_from=date(2020, 1, 1),
        valid_until=None,
    )
    session.card_read(card)
    assert session.identity_told(asked.try_id, RESIDENT) == []
    assert view(session).resident is card
    session.confirm_identity()
    assert view(session).proofs == {Proof.CHIP_READ}


def test_an_answer_for_somebody_who_has_left_is_ignored(session: Session) -> None:
    asked = ask(session.scanned(CODE))
    session.finish()
    session.start()
    session.choose(PENSION)
    session.begin()
    assert session.identity_told(asked.try_id, RESIDENT) == []
    assert session.identity_told("", RESIDENT) == []
    assert view(session).resident is None
    assert stage(session) is Stage.IDENTIFY


def test_going_back_ends_the_asking(session: Session) -> None:
    asked = ask(session.scanned(CODE))
    assert session.back() == [StopReading(), StopScanning()]
    assert session.identity_told(asked.try_id, RESIDENT) == []
    assert stage(session) is Stage.SERVICE


def test_what_another_person_has_proven_counts_for_nobody_else(session: Session) -> None:
    session.card_read(RESIDENT)
    session.confirm_identity()
    session.back()
    session.deny_identity()
    assert view(session).proofs == frozenset()


def test_an_identity_code_where_nobody_is_asked(clock: ManualClock) -> None:
    session = Session(catalogue_with(Rung.CODE), clock, codes=CODES)
    session.start()
    assert session.scanned(CODE) == []
    assert view(session).code_refusal is CodeRefusal.NOT_HERE
    assert session.scanned("134567890123456789") == []
    assert view(session).code_refusal is CodeRefusal.PAYMENT


def test_nothing_of_a_code_is_left_after_the_session(session: Session) -> None:
    session.scanned(CODE)
    session.finish()
    assert "0123456789abcdef" not in repr(vars(session.view))


def test_a_code_stands_below_a_card() -> None:
    by_code, by_card = frozenset({Proof.CODE_SCANNED}), frozenset({Proof.CHIP_READ})
    assert reaches(by_code, Rung.CODE)
    assert not reaches(by_code, Rung.DOCUMENT)
    assert reaches(by_card, Rung.CODE)
    assert not reaches(frozenset({Proof.SELF_STATED}), Rung.CODE)
    assert proof_by(DocumentKind.SOCIAL_SECURITY_CARD) is Proof.SOCIAL_CARD_READ


@pytest.mark.parametrize(
    ("line", "scanner", "codes", "can_start"),
    [
        (LineState.ONLINE, True, True, True),
        (LineState.OFFLINE, True, True, False),
        (LineState.ONLINE, False, True, False),
        (LineState.ONLINE, True, False, False),
    ],
)
def test_without_a_reader_a_code_will_do_while_the_line_is_up(
    line: LineState, scanner: bool, codes: bool, can_start: bool
) -> None:
    pack = catalogue_with(Rung.CODE).packs[PENSION]
    devices = {DeviceClass.BARCODE_SCANNER: ONLINE} if scanner else {}
    situation = Situation(devices=devices, line=line, identity_codes=codes)
    found = availability(pack, situation)
    assert found.can_start is can_start
    assert (Obstacle.NO_READER in found.obstacles) is not can_start
