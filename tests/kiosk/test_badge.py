"""Whom of the staff a badge stands for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain.badge import (
    BadgeRefusal,
    BadgeRoll,
    BadgeToken,
    Holder,
    Role,
    is_badge_code,
    load_roll,
    new_code,
    new_roll,
    token_of_card,
    token_of_code,
    who_shows,
)
from kiosk.errors import ConfigError

_CARD = "04000000000001"
_ASSISTANT = Holder(name="帮办0001", role=Role.ASSISTANT)


def _token(number: str = _CARD) -> BadgeToken:
    token = token_of_card(number)
    assert token is not None
    return token


@pytest.fixture(scope="module")
def roll() -> BadgeRoll:
    return (
        new_roll()
        .with_badge(_token(), _ASSISTANT)
        .with_badge(_token("04000000000002"), Holder(name="场地0001", role=Role.SITE_KEEPER))
        .with_badge(_token("04000000000003"), Holder(name="维护0001", role=Role.ENGINEER))
    )


def test_badge_on_the_roll(roll: BadgeRoll) -> None:
    assert roll.who(_token()) == _ASSISTANT
    assert roll.who(_token("04000000000003")) == Holder(name="维护0001", role=Role.ENGINEER)


def test_badge_of_nobody_is_a_value(roll: BadgeRoll) -> None:
    assert roll.who(_token("00000004")) is BadgeRefusal.UNKNOWN
    assert who_shows(roll, None) is BadgeRefusal.NOT_A_BADGE
    assert who_shows(None, _token()) is BadgeRefusal.NO_ROLL
    assert who_shows(roll, _token()) == _ASSISTANT


def test_badge_on_paper(roll: BadgeRoll) -> None:
    text = new_code()
    token = token_of_code(text + "\r\n")
    assert token is not None
    assert roll.who(token) is BadgeRefusal.UNKNOWN
    assert roll.with_badge(token, _ASSISTANT).who(token) == _ASSISTANT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LBB1:",
        "LBB1:" + "A" * 25,
        "LBB1:" + "A" * 27,
        "LBB1:" + "a" * 26,
        "LBB1:" + "1" * 26,
        "LBB2:" + "A" * 26,
    ],
)
def test_code_that_is_no_badge(text: str) -> None:
    assert token_of_code(text) is None
    assert is_badge_code(text) == text.startswith("LBB1:")


@pytest.mark.parametrize("number", ["", "04", "0400000", "0400000G", "04a1b2c3", "04" * 11, "04000000\n"])
def test_number_that_is_no_cards(number: str) -> None:
    assert token_of_card(number) is None


def test_code_that_spells_a_cards_number_is_not_that_card() -> None:
    number = "AAAAAAAAAAAAAAAAAAAA"
    card, code = _token(number), token_of_code("LBB1:" + "A" * 26)
    assert code is not None
    assert card.secret != code.secret
    assert {card.secret[:5], code.secret[:5]} == {b"card:", b"code:"}


def test_roll_keeps_no_badge(roll: BadgeRoll) -> None:
    kept = roll.encoded().decode()
    assert _CARD not in kept
    assert _CARD.lower() not in kept
    assert (
        new_roll().with_badge(_token(), _ASSISTANT).encoded()
        != new_roll().with_badge(_token(), _ASSISTANT).encoded()
    )


def test_nothing_of_a_badge_is_ever_printed(roll: BadgeRoll) -> None:
    assert _CARD not in f"{_token()!r} {_token()}"
    digest = json.loads(roll.encoded())["badges"][0]["digest"]
    assert digest not in f"{roll!r} {roll}"


def test_one_badge_stands_for_one_holder(roll: BadgeRoll) -> None:
    moved = roll.with_badge(_token(), Holder(name="帮办0002", role=Role.ASSISTANT))
    assert len(moved) == len(roll)
    assert moved.who(_token()) == Holder(name="帮办0002", role=Role.ASSISTANT)
    assert moved.without("帮办0002").who(_token()) is BadgeRefusal.UNKNOWN


def test_roll_in_a_file(roll: BadgeRoll, tmp_path: Path) -> None:
    file = tmp_path / "badges.json"
    assert load_roll(file) is None
    file.write_bytes(roll.encoded())
    loaded = load_roll(file)
    assert loaded is not None
    assert loaded.who(_token()) == _ASSISTANT


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"format": 2, "salt": "00"}',
        '{"format": 1, "salt": "zz"}',
        '{"format": 1, "salt": "00000000000000000000000000000000", "badges": [{"digest": "00", "name": "x", "role": "engineer"}]}',
        '{"format": 1, "salt": "00000000000000000000000000000000", "owner": "x"}',
    ],
)
def test_damaged_roll_is_an_error_of_the_settings(tmp_path: Path, content: str) -> None:
    file = tmp_path / "badges.json"
    file.write_text(content)
    with pytest.raises(ConfigError):
        load_roll(file)


def test_unreadable_roll_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_roll(tmp_path)


def test_unknown_role_in_the_file(roll: BadgeRoll, tmp_path: Path) -> None:
    file = tmp_path / "badges.json"
    file.write_bytes(roll.encoded().replace(b"engineer", b"director"))
    with pytest.raises(ConfigError):
        load_roll(file)


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_scanned_text(text: str) -> None:
    token = token_of_code(text)
    assert token is None or is_badge_code(text)
    token_of_card(text)
