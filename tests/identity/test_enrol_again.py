"""A terminal whose key is lost, that was copied, or is an old disk: stopped, told so, and enrolled again."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.cli import kiosk
from kiosk.clock import SystemClock
from kiosk.config import Settings, load
from kiosk.documents.signed_receipt import signed_text
from kiosk.domain.case import Case, PlatformState, new_entry_id
from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import iso_utc
from kiosk.domain.receipt import Receipt
from kiosk.errors import (
    IpcError,
    JournalError,
    JournalFault,
    LineFault,
    PlatformError,
    SecretError,
    SecretFault,
)
from kiosk.ipc import IpcClient
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.slip_key import usable_slip_key
from kiosk.secrets import keeping
from sync.attachments import AttachmentUpload
from sync.central.exchange import Platform
from sync.central.reclaim import Reclaims
from sync.central.server import build_platform, serving
from sync.central.standing import Standings
from sync.central.stick import import_stick
from sync.central.successors import UnknownTerminal, add_code
from sync.enrolment import enrol
from sync.identity import enrol_again, open_identity
from sync.paper_wire import Reclaim
from sync.platform_client import PlatformClient, Refused
from sync.slip_keys import tell_slip_key
from sync.usb_bundle import export, import_answers
from tests.identity.conftest import SoftTpm

ROOT = Path(__file__).resolve().parents[2]
CLOCK = SystemClock()
HOUR = timedelta(hours=1)
_TICK = threading.Event()


class World:
    """A platform that serves, and the settings of one terminal."""

    def __init__(self, folder: Path, platform: Platform, url: str) -> None:
        self.folder, self.platform, self.url = folder, platform, url
        self.settings = self.settings_of("terminal")

    def settings_of(self, name: str, tpm: str = "") -> Settings:
        file = self.folder / f"{name}.toml"
        state = self.folder / name
        state.mkdir(exist_ok=True)
        file.write_text(
            f'[paths]\nstate_dir = "{state}"\nrun_dir = "{self.folder / (name + "-run")}"\ntpm = "{tpm}"\n'
            f'[platform]\nurl = "{self.url}"\nheartbeat_s = 1.0\nretry_cap_s = 0.5\n'
        )
        return load(file)

    def code(self, successor_of: str | None = None) -> str:
        code = secrets.token_hex(5)
        add_code(self.platform.store, code, HOUR, successor_of)
        return code

    def enrol(self, settings: Settings) -> None:
        found = open_identity(settings, CLOCK)
        client = PlatformClient(settings.platform, found.key, CLOCK)
        with Journal.open(settings.journal_file, found.page_key, CLOCK) as journal:
            client.become(enrol(client, journal, self.code()))
            tell_slip_key(client, journal)
        client.close()

    def deliver(self, settings: Settings) -> None:
        """Send what waits, as the relay does: what is of one number travels together."""
        from sync.delivery import Delivery

        found = open_identity(settings, CLOCK)
        with Journal.open(settings.journal_file, found.page_key, CLOCK) as journal:
            client = PlatformClient(settings.platform, found.key, CLOCK)
            delivery = Delivery(client, CLOCK, 1.0)
            enrolment = journal.settings.enrolment()
            assert enrolment is not None
            delivery.become(enrolment)
            leased = journal.outbox.lease(100, 1 << 20, 60)
            done = delivery.deliver(leased, journal.entries.tail()[0], lambda: None)
            assert done.error is None, done.error
            journal.outbox.settle(done.settlements)
            client.close()

    def stored(self) -> dict[str, str]:
        """Which case is stored under which terminal's number, each once."""
        with self.platform.store.reading() as run:
            rows = run.execute(
                "select e.receipt_number, t.terminal_number, e.result from entry e join terminal t"
                " on t.terminal_id = e.terminal_id"
            ).fetchall()
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: row[1] for row in rows if row[2] == "stored"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    platform = build_platform(tmp_path / "platform" / "central.db", tmp_path / "platform")
    with serving(platform) as url:
        yield World(tmp_path, platform, url)
    platform.store.close()


def journal_of(settings: Settings) -> Journal:
    key = load_or_create_key(settings.journal_key_file, settings.journal_file, settings.paths.tpm)
    return Journal.open(settings.journal_file, key, CLOCK)


def record(settings: Settings, count: int = 1) -> list[Receipt]:
    with journal_of(settings) as journal:
        return [
            journal.entries.record(
                Case(
                    entry_id=new_entry_id(),
                    service_code="pension-certification",
                    pack_version="1.0.0",
                    started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
                    answers={"phone": "13900000000"},
                )
            )
            for _ in range(count)
        ]


def standing(settings: Settings) -> Standing:
    with journal_of(settings) as journal:
        return journal.settings.standing()


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


@pytest.mark.fault(25)
def test_word_reaches_the_original_when_a_copy_got_a_place_of_its_own(world: World) -> None:
    world.enrol(world.settings)
    copy = world.settings_of("copy")
    shutil.rmtree(copy.paths.state_dir)
    shutil.copytree(world.settings.paths.state_dir, copy.paths.state_dir)
    (receipt,) = record(world.settings)
    world.deliver(world.settings)
    enrol_again(copy, CLOCK, world.code("100001"))
    with journal_of(world.settings) as journal:
        original = journal.settings.enrolment()
    assert original is not None
    Standings(world.platform.store).restore(original.terminal_id)
    assert world.platform.cases.change_state(receipt.number, PlatformState.CONCLUDED)
    (message,) = world.platform.cases.inbox(original.terminal_id, 0).messages
    assert message.receipt_number == receipt.number


def test_what_was_handed_in_before_follows_over_the_line(world: World) -> None:
    settings = world.settings
    world.enrol(settings)
    entry_id, content = new_entry_id(), os.urandom(700_000)
    with journal_of(settings) as journal:
        attachment = journal.attachments.put(entry_id, "image/jpeg", content)
        case = Case(
            entry_id=entry_id,
            service_code="pension-certification",
            pack_version="1.0.0",
            started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
            answers={},
            attachments=(attachment,),
        )
        journal.entries.record(case)
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


@pytest.mark.fault(17)
def test_old_disk_is_put_back_and_enrolled_again(world: World) -> None:
    settings = world.settings
    world.enrol(settings)
    first = record(settings, 2)
    world.deliver(settings)
    shutil.copytree(settings.paths.state_dir, world.folder / "image")
    forgotten = record(settings, 2)
    world.deliver(settings)
    shutil.rmtree(settings.paths.state_dir)
    (world.folder / "image").rename(settings.paths.state_dir)
    with journal_of(settings) as journal:
        journal.settings.set_standing(Standing.ROLLED_BACK)  # what the next heartbeat's answer does
    enrol_again(settings, CLOCK, world.code("100001"))
    later = record(settings, 2)
    world.deliver(settings)
    assert world.stored() == {
        **{one.number: "100001" for one in first + forgotten},
        **{one.number: "100002" for one in later},
    }


@pytest.mark.fault(25, 124)
def test_copied_terminal_both_copies_go_on_in_places_of_their_own(world: World) -> None:
    original = world.settings
    world.enrol(original)
    record(original)
    world.deliver(original)
    copy = world.settings_of("copy")
    shutil.rmtree(copy.paths.state_dir)
    shutil.copytree(original.paths.state_dir, copy.paths.state_dir)
    mine, theirs = record(original, 2), record(copy, 2)
    world.deliver(original)
    # The platform sees the fork; a person decides which machine keeps the place, the other gets its own.
    enrol_again(copy, CLOCK, world.code("100001"))
    after = record(copy, 1)
    world.deliver(copy)
    stored = world.stored()
    assert {one.number for one in mine} <= set(stored)
    assert stored[after[0].number] == "100002"
    # The copy's own old entries are kept apart for a person: two journals wrote the same places.
    assert not {one.number for one in theirs} & set(stored)
    with journal_of(copy) as journal:
        assert journal.outbox.summary().parked == 2
    with world.platform.store.reading() as run:
        apart = run.execute("select receipt_number from entry where result = 'quarantined'").fetchall()
    assert {row[0] for row in apart} == {one.number for one in theirs}


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


class SyncProcess:
    """`python -m sync` on these settings."""

    def __init__(self, world: World, settings: Settings, name: str) -> None:
        command = [sys.executable, "-m", "sync", "--config", str(world.folder / f"{name}.toml")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.settings = settings
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        status: dict[str, Any] = {}
        for _ in range(1000):
            with contextlib.suppress(IpcError), IpcClient(self.settings.sync_socket) as client:
                status = client.call("status")
                if holds(status):
                    return status
            assert self.process.poll() is None
            _TICK.wait(0.02)
        raise AssertionError(status)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def run_sync(world: World) -> Iterator[Callable[[Settings, str], SyncProcess]]:
    started: list[SyncProcess] = []

    def start(settings: Settings, name: str) -> SyncProcess:
        started.append(SyncProcess(world, settings, name))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.fault(125)
def test_process_without_its_key_says_so_and_is_enrolled_by_command(
    world: World, run_sync: Callable[[Settings, str], SyncProcess]
) -> None:
    settings = world.settings
    world.enrol(settings)
    unsent = record(settings, 2)
    settings.terminal_key_file.unlink()
    process = run_sync(settings, "terminal")
    process.until(lambda status: status["standing"] == "key_lost")

    def command(*words: str) -> Any:
        return CliRunner().invoke(kiosk, ["enrol", *words, "--config", str(world.folder / "terminal.toml")])

    plain = command(world.code())
    assert (plain.exit_code, "--again" in plain.output) == (1, True)
    wrong = command(world.code(), "--again")
    assert (wrong.exit_code, "ask for one for the place" in wrong.output) == (1, True)
    done = command(world.code("100001"), "--again")
    assert (done.exit_code, "registered as terminal 100002" in done.output) == (0, True)
    process.until(lambda status: status["terminal_number"] == "100002" and status["pending"] == 0)
    assert world.stored() == {one.number: "100001" for one in unsent}
    assert standing(settings) is Standing.OK


@pytest.mark.fault(125)
def test_process_finds_the_cleared_tpm_and_starts_afresh(
    world: World, tpm: SoftTpm, run_sync: Callable[[Settings, str], SyncProcess]
) -> None:
    settings = world.settings_of("sealed", tpm.address)
    world.enrol(settings)
    record(settings)
    tpm.clear()
    process = run_sync(settings, "sealed")
    process.until(lambda status: status["standing"] == "key_lost")
    words = ["enrol", world.code("100001"), "--again", "--config", str(world.folder / "sealed.toml")]
    assert "terminal 100002" in CliRunner().invoke(kiosk, words).output
    process.until(lambda status: status["terminal_number"] == "100002" and status["state"] == "online")
    record(settings)


@pytest.mark.fault(17)
def test_old_disk_is_noticed_stopped_and_enrolled_again_by_the_running_process(
    world: World, run_sync: Callable[[Settings, str], SyncProcess]
) -> None:
    settings = world.settings
    world.enrol(settings)
    sent = record(settings, 1)
    world.deliver(settings)
    shutil.copytree(settings.paths.state_dir, world.folder / "image")
    forgotten = record(settings, 2)
    first = run_sync(settings, "terminal")
    first.until(lambda status: status["pending"] == 0 and status["state"] == "online")
    first.close()
    with world.platform.store.transaction() as run:  # what is here for minutes has overtaken no heartbeat
        run.execute("update entry set stored_at = ?", (iso_utc(datetime.now(UTC) - timedelta(minutes=3)),))
    shutil.rmtree(settings.paths.state_dir)
    (world.folder / "image").rename(settings.paths.state_dir)

    second = run_sync(settings, "terminal")
    second.until(lambda status: status["standing"] == "rolled_back")
    with pytest.raises(JournalError) as refused:
        record(settings)
    assert refused.value.fault is JournalFault.STOPPED
    shown = (
        CliRunner().invoke(kiosk, ["queue", "status", "--config", str(world.folder / "terminal.toml")]).output
    )
    assert "an old disk was put back" in shown
    words = ["enrol", world.code("100001"), "--again", "--config", str(world.folder / "terminal.toml")]
    assert "terminal 100002" in CliRunner().invoke(kiosk, words).output
    second.until(lambda status: status["terminal_number"] == "100002" and status["state"] == "online")
    later = record(settings, 1)
    with IpcClient(settings.sync_socket) as face:
        face.call("wake")
    second.until(lambda status: status["pending"] == 0 and later[0].number in world.stored())
    assert world.stored() == {
        **{one.number: "100001" for one in sent + forgotten},
        later[0].number: "100002",
    }
    second.until(lambda status: status["standing"] == "ok")
