"""Records of social-security cards: the worked exchange, every status word, and bytes that make no sense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chip_card.chip import ChipAtWork, Manner
from devices.social_card.practice_cards import PRACTICE_CARDS, custom_card
from devices.social_card.protocol import APPLICATION, RECORDS, parse_identity, parse_record, read_identity
from devices.transport.apdu import ask, parse_response, read_record, select, tell
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.ports import CardFault

# Composed from the standard's records; the person is the sample of GB 11643.
_EXCHANGE = {
    "00A404000F7378312E73682EC9E7BBE1B1A3D5CF": "9000",
    "00A4020002EF05": "9000",
    "00B2050406": "0504202001019000",
    "00B2060406": "0604204001019000",
    "00A4020002EF06": "9000",
    "00B2010414": "081231313031303531393439313233313030325 8 9000".replace(" ", ""),
    "00B2020420": "091EB2E2CAD4BCD7" + "00" * 24 + "9000",
    "00B2030416": "6A83",
    "00B2040403": "0A01329000",
    "00B2050403": "0B01019000",
    "00B2070406": "0D04194912319000",
}
_PERSON = IdentityDocument(
    kind=DocumentKind.SOCIAL_SECURITY_CARD,
    name="测试甲",
    number="11010519491231002X",
    sex=Sex.FEMALE,
    birth=date(1949, 12, 31),
    valid_from=date(2020, 1, 1),
    valid_until=date(2040, 1, 1),
    nation_code="01",
)


def _scripted(answers: dict[str, str], seen: list[str] | None = None) -> Callable[[bytes], bytes]:
    def transmit(command: bytes) -> bytes:
        if seen is not None:
            seen.append(command.hex().upper())
        return bytes.fromhex(answers[command.hex().upper()])

    return transmit


def _powered(name: str = "测试甲", manner: Manner = Manner.PLAIN) -> ChipAtWork:
    return ChipAtWork(PRACTICE_CARDS[name], manner)


def test_worked_exchange() -> None:
    seen: list[str] = []
    assert read_identity(_scripted(_EXCHANGE, seen)) == _PERSON
    assert seen == list(_EXCHANGE)


def test_short_file_identifiers_select_no_file() -> None:
    seen: list[str] = []
    chip = _powered()

    def transmit(command: bytes) -> bytes:
        seen.append(command.hex().upper())
        return chip.answer(command)

    assert read_identity(transmit, short_file_ids=True) == _PERSON
    assert seen[1:3] == ["00B2052C06", "00B2062C06"]
    assert "00B2013414" in seen
    assert not any(command.startswith("00A402") for command in seen)


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("short_file_ids", [False, True])
def test_every_manner_of_handing_out_data(manner: Manner, short_file_ids: bool) -> None:
    assert read_identity(_powered(manner=manner).answer, short_file_ids) == _PERSON


@pytest.mark.parametrize("tag", [record.tag for record in RECORDS])
def test_record_that_the_card_lacks_is_an_empty_field(tag: int) -> None:
    chip = ChipAtWork(PRACTICE_CARDS["测试甲"], missing=frozenset({tag}))
    expected: IdentityDocument | CardFault = _PERSON
    match tag:
        case 0x05 | 0x06:  # half a validity would be taken for one without end
            expected = replace(_PERSON, valid_from=None, valid_until=None)
        case 0x08 | 0x09:
            expected = CardFault.UNREADABLE
        case 0x0A:
            expected = replace(_PERSON, sex=Sex.UNKNOWN)
        case 0x0B:
            expected = replace(_PERSON, nation_code="")
    assert read_identity(chip.answer) == expected


@pytest.mark.parametrize("word", range(0x6100, 0x6F01, 0x0101))
def test_any_other_word_at_any_command_gives_no_identity(word: int) -> None:
    """Every first byte of a status word, at each of the commands of a read."""
    for place in range(len(_EXCHANGE)):
        count = 0
        chip = _powered()

        def transmit(command: bytes, place: int = place, chip: ChipAtWork = chip) -> bytes:
            nonlocal count
            count += 1
            answer = chip.answer(command)
            return word.to_bytes(2, "big") if count == place + 1 else answer

        outcome = read_identity(transmit)
        # 61xx after SELECT is "done"; the data of a record that never comes is not.
        done = word >> 8 == 0x61 and place in (0, 1, 4)
        assert outcome == _PERSON if done else isinstance(outcome, CardFault)


@pytest.mark.parametrize(
    ("word", "at", "fault"),
    [
        ("6A82", 0, CardFault.NOT_AN_ID_CARD),
        ("6A81", 0, CardFault.NOT_AN_ID_CARD),
        ("6A86", 0, CardFault.NOT_AN_ID_CARD),
        ("6D00", 0, CardFault.NOT_AN_ID_CARD),
        ("6E00", 0, CardFault.NOT_AN_ID_CARD),
        ("6F00", 0, CardFault.UNREADABLE),
        ("6283", 0, CardFault.UNREADABLE),
        ("6A82", 1, CardFault.UNSUPPORTED_DOCUMENT),
        ("6982", 2, CardFault.UNSUPPORTED_DOCUMENT),
        ("6985", 2, CardFault.UNSUPPORTED_DOCUMENT),
        ("6700", 2, CardFault.UNREADABLE),
        ("6281", 5, CardFault.UNREADABLE),
        ("6581", 5, CardFault.UNREADABLE),
    ],
)
def test_refusals_are_told_apart(word: str, at: int, fault: CardFault) -> None:
    answers = dict(_EXCHANGE)
    answers[list(_EXCHANGE)[at]] = word
    assert read_identity(_scripted(answers)) == fault


@pytest.mark.parametrize("answer", ["", "90", "00" * 300, "00009000"[:4], "6000", "FFFF"])
def test_what_is_no_response_at_all(answer: str) -> None:
    assert read_identity(lambda _command: bytes.fromhex(answer)) is CardFault.UNREADABLE


def test_card_that_has_more_to_say_for_ever() -> None:
    asked = 0

    def transmit(_command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return b"\x61\x10"

    assert ask(transmit, read_record(1, 0, 0x14)) is None
    assert asked < 12


def test_card_that_never_likes_the_length() -> None:
    assert ask(lambda _command: b"\x6c\x14", read_record(1, 0, 0x14)) is None


def test_data_that_come_in_parts() -> None:
    parts = iter([b"\x01\x02\x61\x02", b"\x03\x04\x90\x00"])
    response = ask(lambda _command: next(parts), read_record(1, 0, 4))
    assert response is not None
    assert (response.data, response.word) == (b"\x01\x02\x03\x04", 0x9000)


def test_select_counts_what_waits_as_done() -> None:
    assert tell(lambda _command: b"\x61\x1a", select(0x0400, APPLICATION)) == 0x9000


# -- records -----------------------------------------------------------------------------------------


def _records(**changes: str) -> list[bytes]:
    return list(custom_card(changes).records.values())


@pytest.mark.parametrize(
    "name",
    ["测试甲", "测试·长名字阿卜杜热合曼吐尔", "测试𠮷㛃", "测试买买提·阿卜杜热合曼·吐尔逊江", "TEST PERSON"],
)
def test_name_of_any_length_and_of_rare_characters(name: str) -> None:
    document = parse_identity(_records(name=name))
    assert isinstance(document, IdentityDocument)
    assert document.name == name


def test_continuation_of_a_name_that_was_not_full() -> None:
    records = _records()
    records = [b"\x4e\x14" + "赵".encode("gbk").ljust(20, b"\0") if r[0] == 0x4E else r for r in records]
    assert parse_identity(records) is CardFault.UNREADABLE


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (0x08, b"110105194912310021"),  # wrong check character
        (0x08, b"11010519491331002X"),
        (0x08, b"\xb2\xe2" * 9),
        (0x08, b""),
        (0x09, b"\xb2" + bytes(29)),  # half a character
        (0x09, b"\x01\x02\x03"),
        (0x09, b"\xaa\xa1" + bytes(28)),  # private use
        (0x09, b"\xb2\xe2\x00\xca\xd4"),  # a hole
        (0x09, bytes(30)),
        (0x09, b"\xb2\xe2" * 16),  # longer than its field
        (0x0A, b"3"),
        (0x0A, b"12"),
        (0x0B, b"\x01\x01"),
        (0x0D, bytes.fromhex("19491332")),
        (0x0D, bytes.fromhex("1949123A")),
        (0x0D, bytes.fromhex("194912")),
        (0x05, bytes.fromhex("20410101")),  # begins after it ends
        (0x06, bytes.fromhex("20400230")),
    ],
)
def test_field_that_makes_no_sense(tag: int, value: bytes) -> None:
    records = [r for r in _records() if r[0] != tag]
    assert parse_identity([*records, bytes([tag, len(value)]) + value]) is CardFault.UNREADABLE


@pytest.mark.parametrize(("byte", "code"), [(0x00, ""), (0x09, "09"), (0x0B, ""), (0x11, ""), (0xFF, "")])
def test_nation_only_where_both_codings_agree(byte: int, code: str) -> None:
    records = [r for r in _records() if r[0] != 0x0B]
    document = parse_identity([*records, bytes([0x0B, 1, byte])])
    assert isinstance(document, IdentityDocument)
    assert document.nation_code == code


@pytest.mark.parametrize("blank", ["00000000", "FFFFFFFF"])
def test_blank_dates_are_no_dates(blank: str) -> None:
    document = parse_identity(_records(valid_from=blank, birth=blank))
    assert isinstance(document, IdentityDocument)
    assert (document.valid_from, document.valid_until, document.birth) == (None, None, date(1949, 12, 31))


def test_number_of_somebody_without_a_citizen_number() -> None:
    assert parse_identity(_records(number="AAA000000000001")) is CardFault.UNSUPPORTED_DOCUMENT


def test_lower_case_check_character() -> None:
    document = parse_identity(_records(number="11010519491231002x"))
    assert isinstance(document, IdentityDocument)
    assert document.number == "11010519491231002X"


def test_records_out_of_order_are_told_by_their_tags() -> None:
    assert parse_identity(reversed(_records())) == _PERSON


@pytest.mark.parametrize(
    "extra", [b"\x08\x00", b"\x99\x01\x00", b"", b"\x08", b"\x08\x12", b"\x08\x80" + bytes(128)]
)
def test_record_twice_unknown_or_cut(extra: bytes) -> None:
    assert parse_identity([*_records(), extra]) is CardFault.UNREADABLE


@given(st.binary(max_size=300))
def test_any_bytes_as_a_response_and_as_a_record(data: bytes) -> None:
    parse_response(data)
    found = parse_record(data)
    if found is not None:
        assert bytes([found[0], len(found[1])]) + found[1] == data


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(_records())), max_size=12))
def test_any_records_give_an_identity_or_a_fault(answers: list[bytes]) -> None:
    outcome = parse_identity(answers)
    assert isinstance(outcome, (IdentityDocument, CardFault))


@given(st.data())
def test_one_spoilt_byte_never_gives_another_number(data: st.DataObject) -> None:
    """Whatever is read of the number carries its own proof; all else that changed must still make sense."""
    records = _records()
    at = data.draw(st.integers(0, len(records) - 1))
    record = bytearray(records[at])
    record[data.draw(st.integers(0, len(record) - 1))] ^= data.draw(st.integers(1, 255))
    records[at] = bytes(record)
    outcome = parse_identity(records)
    if isinstance(outcome, IdentityDocument):
        assert outcome.number == _PERSON.number


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=40))
def test_card_that_answers_anything(answers: list[bytes]) -> None:
    asked = 0

    def transmit(_command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return answers[asked % len(answers)]

    assert isinstance(read_identity(transmit), (IdentityDocument, CardFault))
    assert asked < 200
