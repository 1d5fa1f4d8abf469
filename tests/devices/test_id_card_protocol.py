"""SDT frames and the text block, byte for byte and under noise."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.id_card.code_tables import NATIONS, nation_name
from devices.id_card.practice_cards import PRACTICE_CARDS, text_block
from devices.id_card.protocol import (
    Command,
    FrameReader,
    Verdict,
    command_frame,
    format_sam_id,
    parse_card_data,
    parse_reply,
    reply_frame,
)
from devices.id_card.text_block import parse_address, parse_identity
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.ports import CardFault

COMMAND_FRAMES = {
    Command.RESET: "AA AA AA 96 69 00 03 10 FF EC",
    Command.SAM_STATUS: "AA AA AA 96 69 00 03 11 FF ED",
    Command.SAM_ID: "AA AA AA 96 69 00 03 12 FF EE",
    Command.FIND: "AA AA AA 96 69 00 03 20 01 22",
    Command.SELECT: "AA AA AA 96 69 00 03 20 02 21",
    Command.READ: "AA AA AA 96 69 00 03 30 01 32",
    Command.READ_WITH_FINGERPRINT: "AA AA AA 96 69 00 03 30 10 23",
    Command.READ_ADDITIONAL_ADDRESS: "AA AA AA 96 69 00 03 30 03 30",
}
REPLY_FRAMES = [
    (Verdict.OK, b"", "AA AA AA 96 69 00 04 00 00 90 94"),
    (Verdict.FOUND, bytes(4), "AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97"),
    (Verdict.NO_CARD, b"", "AA AA AA 96 69 00 04 00 00 80 84"),
    (Verdict.OK, bytes(8), "AA AA AA 96 69 00 0C 00 00 90 00 00 00 00 00 00 00 00 9C"),
    (Verdict.SELECT_FAILED, b"", "AA AA AA 96 69 00 04 00 00 81 85"),
    (Verdict.READ_FAILED, b"", "AA AA AA 96 69 00 04 00 00 41 45"),
    (Verdict.SAM_REFUSED_CARD, b"", "AA AA AA 96 69 00 04 00 00 32 36"),
    (Verdict.NO_SUCH_ITEM, b"", "AA AA AA 96 69 00 04 00 00 91 95"),
    (Verdict.BAD_CHECKSUM, b"", "AA AA AA 96 69 00 04 00 00 10 14"),
    (Verdict.SAM_NOT_LICENSED, b"", "AA AA AA 96 69 00 04 00 00 66 62"),
]
SAM_ID_REPLY = "AA AA AA 96 69 00 14 00 00 90 05 00 01 00 70 B6 32 01 12 CF 0F 00 C1 35 34 11 76"


def read_frame(name: str, with_fingerprint: bool = False, fingerprint: bytes = bytes(1024)) -> bytes:
    card = PRACTICE_CARDS[name]
    blocks = [card.text, card.photo] + ([fingerprint] if with_fingerprint else [])
    return reply_frame(Verdict.OK, b"".join(len(b).to_bytes(2, "big") for b in blocks) + b"".join(blocks))


@pytest.mark.parametrize("command", COMMAND_FRAMES)
def test_every_command_is_the_published_frame(command: Command) -> None:
    assert command_frame(command) == bytes.fromhex(COMMAND_FRAMES[command])


@pytest.mark.parametrize(("verdict", "data", "published"), REPLY_FRAMES)
def test_every_answer_is_read_as_published(verdict: int, data: bytes, published: str) -> None:
    assert reply_frame(verdict, data) == bytes.fromhex(published)
    (body,) = FrameReader().feed(bytes.fromhex(published))
    assert (parse_reply(body).verdict, parse_reply(body).data) == (verdict, data)


def test_the_sam_number_is_what_stands_on_its_label() -> None:
    (body,) = FrameReader().feed(bytes.fromhex(SAM_ID_REPLY))
    assert format_sam_id(parse_reply(body).data) == "05.01-20100720-0001036050-0288634305"


def test_the_practice_card_is_the_published_frame() -> None:
    frame = read_frame("测试甲")
    assert len(frame) == 1295
    assert frame[-1] == 0x20
    assert (
        hashlib.sha256(frame).hexdigest()
        == "ee8fef9d93c35e14da17a7762c3d651d7eb44d9316d032484ab801c7ad7000ce"
    )
    long = read_frame("测试甲", with_fingerprint=True)
    assert (len(long), long[:16].hex(), long[-1]) == (2321, "aaaaaa9669090a000090010004000400", 0x2A)


def test_the_additional_address_is_the_published_frame() -> None:
    published = bytes.fromhex(
        "AAAAAA9669004A000090 1753AC4E025E1D6733963A53B06540573200F753" + "2000" * 25 + "E2"
    )
    assert len(published) == 81
    (body,) = FrameReader().feed(published)
    assert parse_address(parse_reply(body).data) == "北京市朝阳区新址2号"


@pytest.mark.parametrize("fingerprint_bytes", [1024, 512, 0])
def test_cards_with_two_fingers_one_finger_and_none_are_cut_by_their_lengths(fingerprint_bytes: int) -> None:
    frame = read_frame("测试甲", with_fingerprint=True, fingerprint=b"\x07" * fingerprint_bytes)
    assert len(frame) == {1024: 2321, 512: 1809, 0: 1297}[fingerprint_bytes]
    (body,) = FrameReader().feed(frame)
    data = parse_card_data(parse_reply(body).data, with_fingerprint=True)
    assert data is not None
    assert (data.text, len(data.photo), len(data.fingerprint)) == (
        PRACTICE_CARDS["测试甲"].text,
        1024,
        fingerprint_bytes,
    )


@pytest.mark.fault(86)
def test_lengths_that_do_not_add_up_are_refused() -> None:
    assert parse_card_data(b"\x01\x00\x04\x00" + bytes(1279), False) is None
    assert parse_card_data(b"\x00\xff\x04\x00" + bytes(1279), False) is None
    assert parse_card_data(b"", False) is None


@pytest.mark.parametrize("cut", range(0, 1295, 7))
def test_a_frame_cut_anywhere_is_no_frame(cut: int) -> None:
    reader = FrameReader()
    assert reader.feed(read_frame("测试甲")[:cut]) == []
    assert reader.rescan() == []


def test_a_broken_off_frame_does_not_swallow_the_next_answer() -> None:
    reader = FrameReader()
    assert reader.feed(read_frame("测试甲")[:700] + reply_frame(Verdict.READ_FAILED)) == []
    assert [parse_reply(body).verdict for body in reader.rescan()] == [Verdict.READ_FAILED]
    assert reader.pending == 0


@pytest.mark.fault(86)
def test_an_impossible_length_costs_one_byte_only() -> None:
    noise = bytes.fromhex("AAAAAA9669FFFF AAAAAA96690000 AA AAAA9669")
    (body,) = FrameReader().feed(noise + reply_frame(Verdict.NO_CARD))
    assert parse_reply(body).verdict == Verdict.NO_CARD


def test_a_lost_first_byte_does_not_lose_the_frame() -> None:
    assert len(FrameReader().feed(reply_frame(Verdict.NO_CARD)[1:])) == 1


@given(
    noise=st.binary(max_size=40).filter(lambda data: b"\xaa\xaa\x96\x69" not in data),
    answers=st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), min_size=1, max_size=5),
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_frames_between_noise_arrive_whole_however_they_are_split(
    noise: bytes, answers: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(
        noise.rstrip(b"\xaa") + b"\x00" + reply_frame(verdict, data) for verdict, data in answers
    )
    reader, bodies, at, turn = FrameReader(), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        bodies += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert [(parse_reply(body).verdict, parse_reply(body).data) for body in bodies] == answers


@pytest.mark.fault(87)
@given(st.binary(max_size=6000))
@settings(max_examples=150, deadline=None)
def test_any_noise_is_survived_with_a_bounded_buffer(noise: bytes) -> None:
    reader = FrameReader()
    reader.feed(noise)
    reader.rescan()
    assert reader.pending <= 0x1000 + 7


@pytest.mark.fault(91)
@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("测试甲", DocumentKind.RESIDENT_ID_CARD, "11010519491231002X"),
        ("测试𠮷㛃", DocumentKind.RESIDENT_ID_CARD, "000000199506070227"),
        ("测试戊", DocumentKind.HMT_RESIDENCE_PERMIT, "810000197910050414"),
        ("泰斯特", DocumentKind.FOREIGN_PERMANENT_2017, "AAA000000000001"),
        ("测试己", DocumentKind.FOREIGN_PERMANENT_2023, "911000199008180525"),
    ],
)
def test_every_layout_is_read(name: str, kind: DocumentKind, number: str) -> None:
    document = parse_identity(PRACTICE_CARDS[name].text)
    assert isinstance(document, IdentityDocument)
    assert (document.kind, document.name, document.number) == (kind, name, number)
    assert document.number_agrees


def test_the_domestic_card_is_read_field_by_field() -> None:
    assert parse_identity(PRACTICE_CARDS["测试甲"].text) == IdentityDocument(
        kind=DocumentKind.RESIDENT_ID_CARD,
        name="测试甲",
        number="11010519491231002X",
        sex=Sex.FEMALE,
        birth=date(1949, 12, 31),
        valid_from=date(2020, 1, 1),
        valid_until=None,
        nation_code="01",
        address="北京市朝阳区测试路1号",
        issuer="测试公安局",
    )


def test_a_long_english_name_is_joined_from_its_two_places() -> None:
    document = parse_identity(PRACTICE_CARDS["foreign-2023"].text)
    assert isinstance(document, IdentityDocument)
    assert document.english_name == "SAMPLE, TESTER WITH A VERY LONG FAMILY NAME"


GOOD = PRACTICE_CARDS["测试甲"].text


def changed(offset: int, value: bytes) -> bytes:
    return GOOD[:offset] + value + GOOD[offset + len(value) :]


@pytest.mark.parametrize(
    ("mishap", "text"),
    [
        ("half a surrogate pair in the name", changed(0, b"\x42\xd8")),
        ("a control character in the name", changed(0, b"\x07\x00")),
        ("erased memory in the name", changed(0, b"\xff\xff")),
        ("no name", changed(0, " ".encode("utf-16-le") * 15)),
        ("a sex nobody knows", changed(30, b"7\x00")),
        ("month 13", changed(36, "19491331".encode("utf-16-le"))),
        ("a wrong check digit", changed(122 + 34, b"1\x00")),
        ("a letter in the number", changed(122, b"A\x00")),
        ("an end before its beginning", changed(204, "20190101".encode("utf-16-le"))),
        ("full-width digits", changed(36, "１９４９１２３１".encode("utf-16-le"))),
        ("zeros only", bytes(256)),
    ],
)
def test_a_text_that_makes_no_sense_is_unreadable(mishap: str, text: bytes) -> None:
    assert parse_identity(text) is CardFault.UNREADABLE, mishap


@pytest.mark.fault(91)
@pytest.mark.parametrize("letter", ["Z", "K", "j", "X"])
def test_an_unknown_type_is_refused_not_guessed(letter: str) -> None:
    assert parse_identity(changed(248, letter.encode("utf-16-le"))) is CardFault.UNSUPPORTED_DOCUMENT


@given(st.binary(min_size=256, max_size=256), st.sampled_from([b" \0", b"J\0", b"I\0", b"Y\0", b"Q\0"]))
@settings(max_examples=200, deadline=None)
def test_any_text_block_is_an_identity_or_a_fault(noise: bytes, letter: bytes) -> None:
    assert isinstance(parse_identity(noise[:248] + letter + noise[250:]), (IdentityDocument, CardFault))


@pytest.mark.fault(92)
@given(
    st.text(
        alphabet=st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zs", "Zl", "Zp", "Cf")),
        min_size=1,
        max_size=7,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_name_however_rare_comes_through_unchanged(name: str) -> None:
    fields = {"name": name, "sex": "2", "birth": "19491231", "number": "11010519491231002X"}
    fields |= {"valid_from": "20200101", "valid_until": "长期"}
    document = parse_identity(text_block("", fields))
    if any(ord(char) & 0xFFFE == 0xFFFE for char in name):
        return
    assert isinstance(document, IdentityDocument)
    assert document.name == name


def test_an_unknown_nation_is_shown_as_its_code() -> None:
    assert (nation_name("01"), nation_name("56"), nation_name("97"), nation_name("63")) == (
        "汉",
        "基诺",
        "其他",
        "63",
    )
    assert len(NATIONS) == 59
