"""A terminal whose key is lost: stopped, told so, and enrolled again, and everything it took arrives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.config import Settings, load
from kiosk.documents.signed_receipt import signed_text
from kiosk.domain.case import PlatformState
from kiosk.domain.enrolment import Standing
from kiosk.errors import (
    JournalError,
    JournalFault,
    LineFault,
    PlatformError,
    SecretError,
    SecretFault,
)
from kiosk.journal.slip_key import usable_slip_key
from kiosk.secrets import keeping
from sync.attachments import AttachmentUpload
from sync.central.reclaim import Reclaims
from sync.central.stick import import_stick
from sync.central.successors import UnknownTerminal
from sync.identity import enrol_again, open_identity
from sync.paper_wire import Reclaim
from sync.platform_client import PlatformClient, Refused
from sync.usb_bundle import export, import_answers
from tests.identity.conftest import SoftTpm
from tests.identity.terminal_world import CLOCK, World, journal_of, record, standing
from tests.invented_cases import case_with


@pytest.mark.fault(125)
def test_key_is_gone_then_enrolled_again_and_everything_arrives(world: World) -> None:
    settings = world.settings
    world.enrol(settings)
    sent = record(settings, 2)
    world.deliver(settings)
    unsent = record(settings, 3)
    settings.terminal_key_file.unlink()
    with pytest.raises(SecretError) as caught:
        open_identity(settings, CLOCK)
    assert caught.value.fault is SecretFault.GONE
    assert not settings.terminal_key_file.exists()
    assert standing(settings) is Standing.KEY_LOST
    with pytest.raises(JournalError) as refused:
        record(settings)
    assert refused.value.fault is JournalFault.STOPPED

    enrolment = enrol_again(settings, CLOCK, world.code("100001"))
    assert enrolment.terminal_number == "100002"
    later = record(settings, 2)
    world.deliver(settings)
    assert world.stored() == {
        **{one.number: "100001" for one in sent + unsent},
        **{one.number: "100002" for one in later},
    }
    with journal_of(settings) as journal:
        assert journal.verify().ok
        assert journal.outbox.summary().acknowledged == 7
    with world.platform.store.reading() as run:
        notes = run.execute("select kind from chain_note where closed_at is null").fetchall()
        old = run.execute("select standing from terminal where terminal_number = '100001'").fetchone()
    assert notes == []
    assert old is not None
    assert old[0] == Standing.SUSPENDED.value


@pytest.mark.fault(66)
def test_word_on_an_old_case_reaches_the_terminal_that_took_the_place(world: World) -> None:
    world.enrol(world.settings)
    (receipt,) = record(world.settings)
    world.deliver(world.settings)
    world.settings.terminal_key_file.unlink()
    new = enrol_again(world.settings, CLOCK, world.code("100001"))
    assert world.platform.cases.change_state(receipt.number, PlatformState.ACCEPTED)
    (message,) = world.platform.cases.inbox(new.terminal_id, 0).messages
    assert (message.receipt_number, message.state) == (receipt.number, PlatformState.ACCEPTED)


def test_what_was_handed_in_before_follows_over_the_line(world: World) -> None:
    settings = world.settings
    world.enrol(settings)
    with journal_of(settings) as journal:
        journal.entries.record(case_with(journal, os.urandom(700_000)))
    settings.terminal_key_file.unlink()
    enrolment = enrol_again(settings, CLOCK, world.code("100001"))
    world.deliver(settings)
    found = open_identity(settings, CLOCK)
    client = PlatformClient(settings.platform, found.key, CLOCK)
    client.become(enrolment)
    with journal_of(settings) as journal:
        key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)
        assert AttachmentUpload(client, CLOCK, lambda: True).run(journal, key) == 1
    client.close()
    with world.platform.store.reading() as run:
        rows = run.execute(
            "select t.terminal_number, a.stored_at is not null from attachment a join terminal t"
            " on t.terminal_id = a.terminal_id"
        ).fetchall()
    assert [(row[0], bool(row[1])) for row in rows] == [("100001", True)]


@pytest.mark.fault(125)
def test_key_is_put_back(world: World) -> None:
    world.enrol(world.settings)
    kept = world.settings.terminal_key_file.read_bytes()
    world.settings.terminal_key_file.write_bytes(os.urandom(32))
    with pytest.raises(SecretError) as caught:
        open_identity(world.settings, CLOCK)
    assert caught.value.fault is SecretFault.FOREIGN
    assert standing(world.settings) is Standing.KEY_LOST
    world.settings.terminal_key_file.write_bytes(kept)
    open_identity(world.settings, CLOCK)
    assert standing(world.settings) is Standing.OK
    record(world.settings)


def test_only_a_code_for_this_very_place_will_do(world: World) -> None:
    world.enrol(world.settings)
    other = world.settings_of("other")
    world.enrol(other)
    before = world.settings.terminal_key_file.read_bytes()
    for code, word in (
        (world.code(), "not-for-succession"),
        (world.code("100002"), "another-terminal"),
        ("ffffffffff", "unknown-code"),
    ):
        with pytest.raises(Refused) as caught:
            enrol_again(world.settings, CLOCK, code)
        assert caught.value.word == word
    assert world.settings.terminal_key_file.read_bytes() == before
    assert standing(world.settings) is Standing.OK
    record(world.settings)
    with pytest.raises(UnknownTerminal):
        world.code("999999")


def test_no_other_terminal_s_entries_are_taken_from_a_stranger(world: World) -> None:
    """A terminal that says that its entries are another's, without having taken that one's place."""
    world.enrol(world.settings)
    stranger = world.settings_of("stranger")
    world.enrol(stranger)
    record(world.settings, 1)
    found = open_identity(stranger, CLOCK)
    client = PlatformClient(stranger.platform, found.key, CLOCK)
    with journal_of(world.settings) as journal, journal_of(stranger) as own:
        enrolment = own.settings.enrolment()
        assert enrolment is not None
        client.become(enrolment)
        with pytest.raises(Refused) as caught:
            client.send_entries(journal.unsent.chunk(0, 10, 1 << 20), 1)
    client.close()
    assert caught.value.word == "foreign-terminal"
    assert world.stored() == {}


def test_three_in_one_place_one_after_the_other(world: World) -> None:
    world.enrol(world.settings)
    receipts = record(world.settings, 1)
    for number in ("100001", "100002"):
        world.settings.terminal_key_file.unlink()
        enrol_again(world.settings, CLOCK, world.code(number))
        receipts += record(world.settings, 1)
    world.deliver(world.settings)
    assert world.stored() == {
        one.number: number for one, number in zip(receipts, ("100001", "100002", "100003"), strict=True)
    }


@pytest.mark.parametrize("cut_at", ["become", "move_over"])
def test_power_cut_between_the_platform_s_answer_and_the_new_key(
    world: World, monkeypatch: pytest.MonkeyPatch, cut_at: str
) -> None:
    settings = world.settings
    world.enrol(settings)
    unsent = record(settings, 1)
    code = world.code("100001")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if cut_at == "become":
            patched.setattr("kiosk.journal.settings.Settings.become", cut)
        else:
            patched.setattr(keeping, "move_over", cut)
        with pytest.raises(KeyboardInterrupt):
            enrol_again(settings, CLOCK, code)
    if cut_at == "become":
        # The same code with the same fresh key: the platform says what it said.
        assert enrol_again(settings, CLOCK, code).terminal_number == "100002"
    open_identity(settings, CLOCK)
    assert not keeping.exists(settings.terminal_key_file.with_name("terminal.next.key"))
    later = record(settings, 1)
    world.deliver(settings)
    assert world.stored() == {unsent[0].number: "100001", later[0].number: "100002"}


def test_platform_cannot_be_reached_and_nothing_has_changed(world: World) -> None:
    world.enrol(world.settings)
    away = load_with_url(world, "http://127.0.0.1:9")
    with pytest.raises(PlatformError) as caught:
        enrol_again(away, CLOCK, "4821093377")
    assert caught.value.fault is LineFault.NO_LINE
    assert standing(world.settings) is Standing.OK
    open_identity(world.settings, CLOCK)


def load_with_url(world: World, url: str) -> Settings:
    file = world.folder / "terminal.toml"
    away = world.folder / "away.toml"
    away.write_text(file.read_text().replace(world.url, url))
    return load(away)


@pytest.mark.fault(125)
def test_tpm_was_cleared_everything_local_is_lost_and_paper_brings_it_back(
    world: World, tpm: SoftTpm
) -> None:
    settings = world.settings_of("sealed", tpm.address)
    world.enrol(settings)
    (receipt,) = record(settings)
    with journal_of(settings) as journal:
        key = usable_slip_key(journal.settings)
    assert key is not None
    slip = signed_text(receipt, key)
    encrypted = settings.journal_file.read_bytes()
    tpm.clear()
    with pytest.raises(JournalError) as caught:
        open_identity(settings, CLOCK)
    assert caught.value.fault is JournalFault.MISSING_KEY
    enrolment = enrol_again(settings, CLOCK, world.code("100001"))
    assert enrolment.terminal_number == "100002"
    aside = [file for file in settings.paths.state_dir.iterdir() if ".damaged-keyless-" in file.name]
    assert encrypted in [file.read_bytes() for file in aside]
    record(settings)
    world.deliver(settings)
    # The case that only this disk knew: made known again from the resident's slip.
    assert Reclaims(world.platform.store).reclaim(slip, "测试甲").result is Reclaim.RECLAIMED
    assert world.platform.cases.progress(receipt.number).state is PlatformState.RECEIVED


def test_stick_carries_both_numbers(world: World, tmp_path: Path) -> None:
    settings = world.settings
    world.enrol(settings)
    old = record(settings, 2)
    settings.terminal_key_file.unlink()
    enrol_again(settings, CLOCK, world.code("100001"))
    new = record(settings, 2)
    root = tmp_path / "stick"
    root.mkdir()
    found = open_identity(settings, CLOCK)
    with journal_of(settings) as journal:
        assert export(journal, found.key, root, CLOCK).files == 2
        (taken,) = import_stick(world.platform, root)
        assert (taken.stored, taken.refused) == (4, [])
        assert import_answers(journal, found.key.public_key().public_bytes_raw(), root).acknowledged == 4
    assert world.stored() == {
        **{one.number: "100001" for one in old},
        **{one.number: "100002" for one in new},
    }
