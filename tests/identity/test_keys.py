"""The terminal's keys: where they are looked for, and that none is made where one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import JournalError, JournalFault, SecretError, SecretFault
from kiosk.journal.journal import Journal
from kiosk.journal.page_key import load_or_create_key
from kiosk.secrets import keeping, tpm_protocol
from kiosk.secrets import tpm as chip
from kiosk.secrets.keeping import Place
from tests.identity.conftest import SoftTpm

KEY = bytes(range(32))


def test_key_is_made_once_and_sealed_to_the_tpm(tmp_path: Path, tpm: SoftTpm) -> None:
    file = tmp_path / "terminal.key"
    made = keeping.load_or_make(file, tpm.address)
    assert made.place is Place.TPM
    assert not file.exists()
    content = keeping.sealed_file(file).read_bytes()
    assert made.secret not in content
    tpm.power_cycle()
    assert keeping.load_or_make(file, tpm.address) == made


def test_account_that_may_not_use_the_tpm_gets_a_file(
    tmp_path: Path, tpm: SoftTpm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer's laptop, and a terminal whose account is not in the group of the TPM."""
    monkeypatch.setattr("os.access", lambda *_: False)  # these tests run as root, which may do anything
    assert keeping.load_or_make(tmp_path / "terminal.key", tpm.address).place is Place.FILE


def test_many_keys_fit_because_every_slot_is_freed(tmp_path: Path, tpm: SoftTpm) -> None:
    for number in range(8):
        file = tmp_path / f"{number}.key"
        secret = keeping.load_or_make(file, tpm.address).secret
        assert keeping.load(file, tpm.address) == keeping.FoundKey(secret, Place.TPM)


@pytest.mark.fault(125)
def test_tpm_was_cleared(tmp_path: Path, tpm: SoftTpm) -> None:
    file, journal = tmp_path / "journal.key", tmp_path / "journal.db"
    key = load_or_create_key(file, journal, tpm.address)
    Journal.open(journal, key, SystemClock()).close()
    before = journal.read_bytes()
    tpm.clear()
    with pytest.raises(JournalError) as caught:
        load_or_create_key(file, journal, tpm.address)
    assert caught.value.fault is JournalFault.MISSING_KEY
    with pytest.raises(SecretError) as secret:
        keeping.load_or_make(file, tpm.address)
    assert secret.value.fault is SecretFault.FOREIGN
    assert journal.read_bytes() == before
    assert not file.exists()


@pytest.mark.fault(125)
def test_disk_in_another_machine(tmp_path: Path, new_tpm: Callable[[str], SoftTpm]) -> None:
    file = tmp_path / "journal.key"
    keeping.load_or_make(file, new_tpm("mine").address)
    with pytest.raises(SecretError) as caught:
        keeping.load_or_make(file, new_tpm("theirs").address)
    assert caught.value.fault is SecretFault.FOREIGN


@pytest.mark.fault(125)
@pytest.mark.parametrize("address", ["", "/nonexistent/tpm"])
def test_machine_without_the_tpm_that_sealed(tmp_path: Path, tpm: SoftTpm, address: str) -> None:
    file = tmp_path / "journal.key"
    keeping.load_or_make(file, tpm.address)
    with pytest.raises(SecretError) as caught:
        keeping.load_or_make(file, address)
    assert caught.value.fault is SecretFault.NO_TPM


def test_tpm_hangs_up_in_the_middle(tmp_path: Path, tpm: SoftTpm) -> None:
    file = tmp_path / "journal.key"
    keeping.load_or_make(file, tpm.address)
    tpm.stop()
    Path(tpm.address).touch()
    try:
        with pytest.raises(SecretError) as caught:
            keeping.load_or_make(file, tpm.address)
        assert caught.value.fault is SecretFault.NO_TPM
    finally:
        Path(tpm.address).unlink()
        tpm.start()
    assert keeping.load(file, tpm.address) is not None


@pytest.mark.fault(125)
def test_sealed_key_with_a_flipped_bit(tmp_path: Path, tpm: SoftTpm) -> None:
    file = tmp_path / "journal.key"
    secret = keeping.load_or_make(file, tpm.address).secret
    sealed = keeping.sealed_file(file)
    whole = sealed.read_bytes()
    for place in range(0, len(whole), 11):
        sealed.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        try:
            assert keeping.load(file, tpm.address) == keeping.FoundKey(secret, Place.TPM)
        except SecretError:
            continue
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        sealed.write_bytes(whole[:size])
        with pytest.raises(SecretError):
            keeping.load(file, tpm.address)


def test_tools_of_the_tpm_project_open_what_was_sealed_here(tmp_path: Path, tpm: SoftTpm) -> None:
    if shutil.which("tpm2_unseal") is None:
        pytest.skip("tpm2-tools is not installed")
    sealed = chip.seal(tpm.address, KEY)
    for name, part in (("public", sealed.public), ("private", sealed.private)):
        (tmp_path / name).write_bytes(len(part).to_bytes(2, "big") + part)
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"

    def tool(*words: str) -> bytes:
        relay = f"{sys.executable} {Path(__file__).with_name('tpm_relay.py')} {tpm.address}"
        environment = {**os.environ, "TPM2TOOLS_TCTI": f"cmd:{relay}"}
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    tool("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc", "-a", attributes, "-c", "parent")
    tool("tpm2_flushcontext", "-t")
    tool("tpm2_load", "-Q", "-C", "parent", "-u", "public", "-r", "private", "-c", "item")
    tool("tpm2_flushcontext", "-t")
    assert tool("tpm2_unseal", "-c", "item") == KEY


def test_systemd_gives_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "linban.journal.key").write_bytes(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert keeping.load_or_make(tmp_path / "journal.key") == keeping.FoundKey(KEY, Place.CREDENTIAL)
    assert not (tmp_path / "journal.key").exists()
    assert keeping.load_or_make(tmp_path / "terminal.key").place is Place.FILE


def test_credential_disagrees_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "journal.key"
    keeping.load_or_make(file)
    (tmp_path / "linban.journal.key").write_bytes(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SecretError) as caught:
        keeping.load(file)
    assert caught.value.fault is SecretFault.TWO_KEYS


def test_file_key_stays_valid_when_a_tpm_appears(tmp_path: Path, tpm: SoftTpm) -> None:
    file = tmp_path / "journal.key"
    secret = keeping.load_or_make(file).secret
    assert keeping.load_or_make(file, tpm.address) == keeping.FoundKey(secret, Place.FILE)
    assert not keeping.sealed_file(file).exists()


@pytest.mark.fault(125)
def test_key_file_gone_and_the_journal_not(tmp_path: Path) -> None:
    file, journal = tmp_path / "journal.key", tmp_path / "journal.db"
    Journal.open(journal, load_or_create_key(file, journal), SystemClock()).close()
    file.unlink()
    with pytest.raises(JournalError) as caught:
        load_or_create_key(file, journal)
    assert caught.value.fault is JournalFault.MISSING_KEY
    assert not file.exists()


@pytest.mark.parametrize("new_is_sealed", [False, True])
@pytest.mark.parametrize("old_is_sealed", [False, True])
def test_new_key_takes_the_place_of_the_old(
    tmp_path: Path, tpm: SoftTpm, new_is_sealed: bool, old_is_sealed: bool
) -> None:
    old, new = tmp_path / "terminal.key", tmp_path / "terminal.next.key"
    keeping.load_or_make(old, tpm.address if old_is_sealed else "")
    wanted = keeping.load_or_make(new, tpm.address if new_is_sealed else "")
    keeping.move_over(new, old)
    assert keeping.load(old, tpm.address) == wanted
    assert not keeping.exists(new)


def test_answers_that_are_none_are_refused() -> None:
    for answer in (
        b"",
        bytes(10),
        bytes.fromhex("80010000000a00000000") + b"x",
        bytes.fromhex("8001ffffffff00000000"),
    ):
        with pytest.raises(tpm_protocol.TpmGarbage):
            tpm_protocol.check(answer)
    with pytest.raises(tpm_protocol.TpmGarbage):
        tpm_protocol.sealed_of(bytes.fromhex("80010000000c00000000ffff"))
