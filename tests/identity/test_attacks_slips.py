"""Slips from a hostile hand, and honest ones whose terminal or platform is not what it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import base45
import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.documents.signed_receipt import (
    NotOurWord,
    key_id,
    new_slip_key,
    public_half,
    read_signed,
    signed_text,
)
from kiosk.domain.case import new_entry_id
from kiosk.domain.receipt import Receipt, receipt_number
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey
from kiosk.journal.slip_key import usable_slip_key
from sync.central.reclaim import ReclaimRefused, Reclaims
from sync.identity import enrol_again, open_identity
from sync.paper_wire import Reclaim, ReclaimAnswer
from sync.platform_client import PlatformClient
from sync.slip_keys import tell_slip_key
from tests.identity.terminal_world import CLOCK, World, journal_of, record


def _slip_key(world: World) -> bytes:
    with journal_of(world.settings) as journal:
        key = usable_slip_key(journal.settings)
    assert key is not None
    return key


def _tell(world: World) -> None:
    """What the keeper does after each heartbeat."""
    found = open_identity(world.settings, CLOCK)
    with Journal.open(world.settings.journal_file, found.page_key, CLOCK) as journal:
        client = PlatformClient(world.settings.platform, found.key, CLOCK)
        enrolment = journal.settings.enrolment()
        assert enrolment is not None
        client.become(enrolment)
        assert tell_slip_key(client, journal)
        client.close()


def _reclaim(world: World, text: str) -> ReclaimAnswer:
    return Reclaims(world.platform.store).reclaim(text, "测试甲")


def _refusal(world: World, text: str) -> str:
    with pytest.raises(ReclaimRefused) as caught:
        _reclaim(world, text)
    return caught.value.word


def _invented(number: str = "100001", sequence: int = 1) -> Receipt:
    entry_id = new_entry_id()
    return Receipt(
        number=receipt_number(number, entry_id),
        entry_id=entry_id,
        sequence=sequence,
        received_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
        service_code="pension-certification",
        digest=os.urandom(32),
    )


@pytest.fixture
def enrolled(world: World) -> Iterator[World]:
    world.enrol(world.settings)
    yield world


def test_key_of_another_terminal_signs_for_this_one(enrolled: World) -> None:
    other = enrolled.settings_of("other")
    enrolled.enrol(other)
    with journal_of(other) as journal:
        theirs = usable_slip_key(journal.settings)
    assert theirs is not None
    assert _refusal(enrolled, signed_text(_invented("100001"), theirs)) == "unknown-key"
    assert _refusal(enrolled, signed_text(_invented("999999"), theirs)) == "unknown-terminal"
    assert _reclaim(enrolled, signed_text(_invented("100002"), theirs)).result is Reclaim.RECLAIMED


def test_the_right_key_is_named_and_another_one_signed(enrolled: World) -> None:
    text = signed_text(_invented(), new_slip_key())
    number, token = text[10:26], base45.b45decode(text[27:])
    message = cbor2.loads(token[2:])
    protected, _, payload, signature = message.value
    for named in (
        {4: key_id(public_half(_slip_key(enrolled)))},
        {4: key_id(public_half(_slip_key(enrolled))), 1: -8},
    ):
        forged = b"\xd8\x3d" + cbor2.dumps(cbor2.CBORTag(18, [protected, named, payload, signature]))
        word = base45.b45encode(forged).decode()
        assert _refusal(enrolled, f"LINBAN:R2:{number}:{word}") == "bad-signature"


@pytest.mark.parametrize("tag", [16, 17, 18, 96, 97, 98])
@pytest.mark.parametrize("algorithm", [-8, -7, 5, 1, 0, None])
def test_another_kind_of_message_with_the_public_key_as_its_secret(
    enrolled: World, tag: int, algorithm: int | None
) -> None:
    """A MAC under the public key, no algorithm, another algorithm: what took in libraries of this family before."""
    import hashlib
    import hmac

    public = public_half(_slip_key(enrolled))
    text = signed_text(_invented(), new_slip_key())
    message = cbor2.loads(base45.b45decode(text[27:])[2:])
    protected = cbor2.dumps({1: algorithm}) if algorithm is not None else b""
    named, payload = {4: key_id(public)}, message.value[2]
    mac = hmac.new(public, cbor2.dumps(["MAC0", protected, b"", payload]), hashlib.sha256).digest()
    for seal in (mac, b"", bytes(64), [[protected, named, bytes(64)]]):
        forged = b"\xd8\x3d" + cbor2.dumps(cbor2.CBORTag(tag, [protected, named, payload, seal]))
        word = base45.b45encode(forged).decode()
        assert _refusal(enrolled, text[:27] + word) in ("bad-signature", "no-signed-slip")


@pytest.mark.parametrize(
    "token",
    [
        b"\x9a\xff\xff\xff\xff",
        b"\x9b\x3f" + b"\xff" * 7,
        b"\x5b\x0f" + b"\xff" * 7,
        b"\x7a\xc0\x00\x00\x00",
        b"\x81" * 600,
        b"\xa1" * 600,
        b"\xc1" * 600,
        b"\xc5\x82\x1b\x7f" + b"\xff" * 7 + b"\x01",
        b"\xd8\x23" + cbor2.dumps("(a{1,60000}){1,60000}"),
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xd8\x1e\x82\x01\x00",
    ],
    ids=[
        "four thousand million things",
        "more than memory",
        "bytes without end",
        "text without end",
        "lists in lists",
        "maps in maps",
        "tags in tags",
        "a number with a huge exponent",
        "a pattern",
        "a list in itself",
        "a fraction by zero",
    ],
)
def test_a_code_made_to_exhaust_whoever_reads_it(token: bytes) -> None:
    word = base45.b45encode(b"\xd8\x3d" + token).decode()
    with pytest.raises(NotOurWord):
        read_signed(f"LINBAN:R2:1000011234567890:{word}")


def test_a_code_that_is_cut_at_every_place_or_far_too_long(enrolled: World) -> None:
    (receipt,) = record(enrolled.settings)
    text = signed_text(receipt, _slip_key(enrolled))
    for end in range(0, len(text), 7):
        assert _refusal(enrolled, text[:end]) in ("no-signed-slip", "bad-signature")
    for longer in (text + "0" * 1024, text * 500):
        assert _refusal(enrolled, longer) == "no-signed-slip"
    assert _reclaim(enrolled, f"\n {text} \r\n").result is Reclaim.RECLAIMED


def test_paper_that_says_another_thing_of_a_case_that_is_here(enrolled: World) -> None:
    """Signed by the right key, which a copy of the disk holds as well: the person who scans it is told."""
    (receipt,) = record(enrolled.settings)
    enrolled.deliver(enrolled.settings)
    key = _slip_key(enrolled)
    assert _reclaim(enrolled, signed_text(receipt, key)).agrees
    other = replace(receipt, digest=os.urandom(32))
    answer = _reclaim(enrolled, signed_text(other, key))
    assert (answer.result, answer.agrees) == (Reclaim.KNOWN, False)
    # Another case at the place of one that is here.
    answer = _reclaim(enrolled, signed_text(_invented(sequence=receipt.sequence), key))
    assert (answer.result, answer.agrees) == (Reclaim.RECLAIMED, False)
    # And two papers for one place.
    first, second = _invented(sequence=7), _invented(sequence=7)
    assert _reclaim(enrolled, signed_text(first, key)).agrees
    assert _reclaim(enrolled, signed_text(first, key)).agrees
    assert not _reclaim(enrolled, signed_text(second, key)).agrees
    enrolled_numbers = enrolled.stored()
    assert list(enrolled_numbers) == [receipt.number]


@pytest.mark.fault(25)
def test_a_copy_of_the_disk_cannot_sign_for_the_terminal_that_was_enrolled_again(enrolled: World) -> None:
    stolen = _slip_key(enrolled)
    (before,) = record(enrolled.settings)
    old_slip = signed_text(before, stolen)
    enrol_again(enrolled.settings, CLOCK, enrolled.code("100001"))
    with journal_of(enrolled.settings) as journal:
        assert usable_slip_key(journal.settings) is None
    _tell(enrolled)
    assert _slip_key(enrolled) != stolen
    assert _refusal(enrolled, signed_text(_invented("100002"), stolen)) == "unknown-key"
    # Slips of before count still: the resident did nothing wrong.
    assert _reclaim(enrolled, old_slip).result is Reclaim.RECLAIMED


def test_an_old_slip_that_is_printed_again_after_the_terminal_was_enrolled_again(enrolled: World) -> None:
    (before,) = record(enrolled.settings)
    enrol_again(enrolled.settings, CLOCK, enrolled.code("100001"))
    _tell(enrolled)
    again = _reclaim(enrolled, signed_text(before, _slip_key(enrolled)))
    assert (again.result, again.terminal_number) == (Reclaim.RECLAIMED, "100001")
    # But a terminal of another place vouches for nobody.
    other = enrolled.settings_of("other")
    enrolled.enrol(other)
    with journal_of(other) as journal:
        theirs = usable_slip_key(journal.settings)
    assert theirs is not None
    assert _refusal(enrolled, signed_text(_invented("100001"), theirs)) == "unknown-key"


@pytest.mark.fault(65)
def test_the_platform_was_put_back_to_before_it_heard_of_the_key(enrolled: World) -> None:
    (receipt,) = record(enrolled.settings)
    text = signed_text(receipt, _slip_key(enrolled))
    with enrolled.platform.store.transaction() as run:
        run.execute("delete from slip_key")
    epoch = enrolled.platform.store.begin_epoch("restored")
    assert _refusal(enrolled, text) == "unknown-key"
    with journal_of(enrolled.settings) as journal:
        journal.settings.put(SettingKey.PLATFORM_EPOCH, epoch.encode())  # as the next heartbeat's answer does
        assert usable_slip_key(journal.settings) is not None  # slips go on meanwhile
    _tell(enrolled)
    assert _reclaim(enrolled, text).result is Reclaim.RECLAIMED
    with enrolled.platform.store.reading() as run:
        told = run.execute("select count(*) from slip_key").fetchone()
    assert told is not None
    assert told[0] == 1


def test_a_slip_of_a_terminal_that_was_stopped(enrolled: World) -> None:
    """Stopped before or after: what was promised on paper is a promise."""
    from sync.central.standing import Standings

    (receipt,) = record(enrolled.settings)
    with journal_of(enrolled.settings) as journal:
        enrolment = journal.settings.enrolment()
    assert enrolment is not None
    Standings(enrolled.platform.store).suspend(enrolment.terminal_id)
    assert _reclaim(enrolled, signed_text(receipt, _slip_key(enrolled))).result is Reclaim.RECLAIMED


def test_the_key_of_a_slip_is_no_key_to_the_platform(enrolled: World) -> None:
    """It can sign nothing but slips."""
    from kiosk.errors import PlatformError
    from sync.heartbeat_wire import HeartbeatRequest

    with journal_of(enrolled.settings) as journal:
        enrolment = journal.settings.enrolment()
    assert enrolment is not None
    client = PlatformClient(
        enrolled.settings.platform, Ed25519PrivateKey.from_private_bytes(_slip_key(enrolled)), CLOCK
    )
    client.become(enrolment)
    message = HeartbeatRequest(
        version="0", pending=0, parked=0, disk_free_bytes=1, uptime_s=1.0, boot_id="b", tail_sequence=0
    )
    with pytest.raises(PlatformError):
        client.heartbeat(message, 0, 5.0)
    client.close()
