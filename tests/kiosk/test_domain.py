"""Receipt numbers, identity numbers, masks, packs, idle times, availability."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.catalogue.loader import load_catalogue, load_pack
from kiosk.catalogue.pack import Field, FieldType, LocalText
from kiosk.catalogue.rules import AnswerFault, check_answer
from kiosk.clock import ManualClock
from kiosk.config import PACKAGE_ROOT
from kiosk.documents.page import QrCode, Text
from kiosk.documents.slip import compose_slip
from kiosk.domain.case import new_entry_id
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.enrolment import Standing
from kiosk.domain.receipt import (
    Receipt,
    in_fours,
    is_receipt_number,
    number_from_scan,
    qr_text,
    receipt_number,
)
from kiosk.domain.resident import is_citizen_number, mask_name, mask_number
from kiosk.errors import PackError
from kiosk.flow.availability import LineState, Obstacle, Situation, availability
from kiosk.flow.idle import IdleState, IdleTimer

PACKS = PACKAGE_ROOT / "assets" / "packs"


@given(st.uuids(), st.integers(0, 999_999))
def test_receipt_number_has_sixteen_digits_that_check(entry_id: UUID, terminal: int) -> None:
    number = receipt_number(f"{terminal:06d}", entry_id)
    assert is_receipt_number(number)
    assert number_from_scan(qr_text(number)) == number_from_scan(in_fours(number)) == number


@given(st.uuids(), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(entry_id: UUID, place: int, by: int) -> None:
    number = receipt_number("110001", entry_id)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not is_receipt_number(wrong)


@given(st.uuids(), st.integers(0, 14))
def test_two_swapped_digits_are_always_noticed(entry_id: UUID, place: int) -> None:
    number = receipt_number("110001", entry_id)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert swapped == number or not is_receipt_number(swapped)


def test_entry_ids_are_uuid7_and_never_alike() -> None:
    ids = {new_entry_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}


@pytest.mark.parametrize(
    ("number", "good"),
    [("11010519491231002X", True), ("11010519491231002x", True), ("110105194912310021", False), ("", False)],
)
def test_citizen_number_check_character(number: str, good: bool) -> None:
    assert is_citizen_number(number) is good


def test_masks_show_what_a_neighbour_may_see() -> None:
    assert mask_name("测试甲") == "测**"
    assert mask_name("甲") == "甲*"
    assert mask_name("TEST PERSON") == "T*** P*****"
    assert mask_number("11010519491231002X") == "1101***********02X"


def question(kind: FieldType, **more: object) -> Field:
    words = LocalText(zh_CN="问", en="Q")
    return Field(key="k", type=kind, prompt=words, label=words, purpose=words, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "answer", "value", "fault"),
    [
        (FieldType.PHONE, "138 0013-8000", "13800138000", None),
        (FieldType.PHONE, "+86 13800138000", "13800138000", None),
        (FieldType.PHONE, "１３８００１３８０００", "13800138000", None),
        (FieldType.PHONE, "010-12345678", "01012345678", None),
        (FieldType.PHONE, "12345", "12345", AnswerFault.NOT_A_PHONE),
        (FieldType.PHONE, "23800138000", "23800138000", AnswerFault.NOT_A_PHONE),
        (FieldType.PHONE, "   ", "", AnswerFault.EMPTY),
        (FieldType.TEXT, "测试\u202e路\x00 1 号\u200b", "测试路 1 号", None),
        (FieldType.TEXT, "长" * 61, "长" * 61, AnswerFault.TOO_LONG),
        (FieldType.YES_NO, "maybe", "maybe", AnswerFault.NOT_A_CHOICE),
        (FieldType.DIGITS, "12a", "12a", AnswerFault.NOT_DIGITS),
        (FieldType.RECEIPT_NUMBER, "1234", "1234", AnswerFault.NOT_A_RECEIPT_NUMBER),
    ],
)
def test_answers(kind: FieldType, answer: str, value: str, fault: AnswerFault | None) -> None:
    checked = check_answer(question(kind), answer)
    assert (checked.value, checked.fault) == (value, fault)


@given(st.text(max_size=200), st.sampled_from(FieldType))
def test_no_answer_is_a_crash(answer: str, kind: FieldType) -> None:
    check_answer(question(kind), answer)


def test_our_packs_are_good() -> None:
    assert load_catalogue(PACKS).refused == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("version: 1.0.0", "version: one", 2, "regex"),
        ("block: handle", "block: nowhere", 4, "enum"),
        ("type: phone", "type: phon", 20, "enum"),
        ("rung: document", "rungs: document", None, "unknown field"),
        ("code: pension-certification", "code: [", None, "YAML"),
    ],
)
def test_faulty_pack_names_its_line(tmp_path: Path, old: str, new: str, line: int | None, words: str) -> None:
    text = (PACKS / "10-pension-certification.yaml").read_text(encoding="utf-8")
    file = tmp_path / "p.yaml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PackError, match=words) as caught:
        load_pack(file)
    if line is not None:
        assert caught.value.line == line


def test_a_faulty_pack_stops_only_itself(tmp_path: Path) -> None:
    for file in PACKS.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "99-broken.yaml").write_text("code: broken\n", encoding="utf-8")
    catalogue = load_catalogue(tmp_path)
    assert len(catalogue.packs) == 2
    assert [error.file for error in catalogue.refused] == ["99-broken.yaml"]


READER_UP = {DeviceClass.ID_CARD_READER: DeviceStatus(state=DeviceState.ONLINE)}
PRINTER_EMPTY = {DeviceClass.RECEIPT_PRINTER: DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.OUT)}


def test_what_is_missing_is_said_before_the_start() -> None:
    catalogue = load_catalogue(PACKS)
    pension, progress = catalogue.packs.values()
    offline = Situation(devices={**READER_UP, **PRINTER_EMPTY}, line=LineState.OFFLINE)
    assert availability(pension, offline).obstacles == (Obstacle.SENT_LATER, Obstacle.NO_SLIP)
    assert availability(pension, offline).can_start
    assert not availability(progress, offline).can_start
    assert not availability(pension, Situation(line=LineState.ONLINE)).can_start
    assert not availability(pension, Situation(devices=READER_UP, enrolled=False)).can_start


@pytest.mark.fault(6, 17, 25)
@pytest.mark.parametrize(
    ("situation", "obstacle"),
    [
        (
            Situation(devices=READER_UP, line=LineState.ONLINE, standing=Standing.ROLLED_BACK),
            Obstacle.STOPPED,
        ),
        (Situation(devices=READER_UP, line=LineState.ONLINE, standing=Standing.CLONED), Obstacle.STOPPED),
        (Situation(devices=READER_UP, line=LineState.ONLINE, room_for_cases=False), Obstacle.NO_ROOM),
    ],
)
def test_a_stopped_or_full_terminal_begins_nothing_that_it_would_have_to_keep(
    situation: Situation, obstacle: Obstacle
) -> None:
    pension, progress = load_catalogue(PACKS).packs.values()
    found = availability(pension, situation)
    assert obstacle in found.obstacles
    assert not found.can_start
    assert availability(progress, situation).can_start  # looking a case up keeps nothing
    assert obstacle not in availability(pension, replace(situation, journal_ready=False)).obstacles


def test_idle_warns_then_expires_and_work_does_not_count() -> None:
    clock = ManualClock()
    timer = IdleTimer(clock, warning_s=90, wipe_s=30)
    clock.advance(89)
    assert timer.read().state is IdleState.ATTENDED
    clock.advance(11)
    assert (timer.read().state, timer.read().seconds_left) == (IdleState.WARNING, 20)
    timer.touch()
    timer.pause()
    clock.advance(1000)
    assert timer.read().state is IdleState.ATTENDED
    timer.resume()
    clock.advance(121)
    assert timer.read().state is IdleState.EXPIRED
    timer.stretch(2)
    assert timer.read().state is IdleState.ATTENDED


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_slip_says_received_and_never_accepted(language: str) -> None:
    pack = load_catalogue(PACKS).packs["pension-certification"]
    entry_id = new_entry_id()
    number = receipt_number("110001", entry_id)
    now = datetime(2026, 11, 22, 10, 24, tzinfo=UTC)
    receipt = Receipt(number=number, entry_id=entry_id, sequence=1, received_at=now, service_code=pack.code)
    page = compose_slip(
        receipt,
        pack,
        resident=None,
        local_time=now,
        site_name="青石村便民服务站",
        help_phone="12345",
        language=language,
        attempt=2,
    )
    words = "\n".join(block.text for block in page.blocks if isinstance(block, Text))
    assert in_fours(number) in words
    assert "受理" not in words
    assert ("补打第 1 次" in words) or ("Copy no. 1" in words)
    assert [block.data for block in page.blocks if isinstance(block, QrCode)] == [qr_text(number)]


def test_document_expiry_and_agreement() -> None:
    from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex

    document = IdentityDocument(
        kind=DocumentKind.RESIDENT_ID_CARD,
        name="测试甲",
        number="11010519491231002X",
        sex=Sex.FEMALE,
        birth=date(1949, 12, 31),
        valid_from=date(2010, 1, 1),
        valid_until=date(2020, 1, 1),
    )
    assert document.expired(date(2026, 1, 1))
    assert document.number_agrees
