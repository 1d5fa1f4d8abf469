"""`kiosk queue` as staff use it: each command, its help, its sentences."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.cli import kiosk
from kiosk.clock import SystemClock
from kiosk.commands.journal_words import JOURNAL, SECRET, STANDING
from kiosk.config import PlatformSettings, Settings, load
from kiosk.domain.case import ParkReason
from kiosk.domain.enrolment import Standing
from kiosk.domain.receipt import Receipt, is_receipt_number
from kiosk.errors import JournalFault, SecretFault
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.outbox import Parked
from kiosk.secrets import keeping
from sync.central.server import build_platform, serving
from sync.enrolment import enrol
from sync.platform_client import PlatformClient
from sync.stick_words import SENTENCES
from tests.invented_cases import invented_case

CODE = "4821093377"
ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("status", "list", "show", "retry", "export", "import", "verify")


class Site:
    """A settings file, a journal with three cases, a platform."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "linban.toml"
        self.config.write_text(
            f'[paths]\nstate_dir = "{folder / "state"}"\nrun_dir = "{folder / "run"}"\ntpm = ""\n'
        )
        self.settings: Settings = load(self.config)
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.receipts: list[Receipt] = []

    def journal(self) -> Journal:
        key = load_or_create_key(self.settings.journal_key_file, self.settings.journal_file)
        return Journal.open(self.settings.journal_file, key, SystemClock())

    def fill(self, url: str) -> None:
        clock = SystemClock()
        secret = keeping.load_or_make(self.settings.terminal_key_file).secret
        client = PlatformClient(
            PlatformSettings(url=url), Ed25519PrivateKey.from_private_bytes(secret), clock
        )
        with self.journal() as journal:
            enrol(client, journal, CODE)
            for _ in range(3):
                self.receipts.append(journal.entries.record(invented_case()))
        client.close()

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(kiosk, ["queue", *words, "--config", str(self.config)])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    platform = build_platform(tmp_path / "central" / "central.db", tmp_path / "central")
    platform.store.add_enrolment_code(CODE, timedelta(hours=1))
    made = Site(tmp_path)
    with serving(platform) as url:
        made.fill(url)
    platform.store.close()
    yield made


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(kiosk, ["queue", command, "--help"])
    assert shown.exit_code == 0
    assert f"kiosk queue {command}" in shown.output
    assert "--json" in shown.output
    assert command in CliRunner().invoke(kiosk, ["queue", "--help"]).output


@pytest.mark.parametrize("command", ["show", "retry"])
def test_the_number_in_an_example_is_one(command: str) -> None:
    shown = CliRunner().invoke(kiosk, ["queue", command, "--help"]).output
    number = re.search(rf'queue {command} "?([0-9 ]+)', shown)
    assert number is not None
    assert is_receipt_number(number[1].replace(" ", ""))


def test_every_reason_has_a_sentence() -> None:
    assert set(JOURNAL) == set(JournalFault)
    assert set(SECRET) == set(SecretFault)
    assert set(STANDING) == set(Standing)
    assert all(SENTENCES.values())


def test_status_says_what_waits_and_how_long_the_disk_lasts(site: Site) -> None:
    shown = site.run("status").output
    assert "100001: in order" in shown
    assert "waiting        3" in shown
    report = json.loads(site.run("status", "--json").stdout)
    assert (report["pending"], report["standing"], report["terminal_number"]) == (3, "ok", "100001")
    assert report["room"]["cases_allowed"] is True
    assert report["backups"] == []


@pytest.mark.fault(25)
def test_status_says_why_the_terminal_was_stopped(site: Site) -> None:
    with site.journal() as journal:
        journal.settings.set_standing(Standing.CLONED)
        journal.back_up(site.settings.journal_file.with_name("backups"), 2)
    shown = site.run("status").output
    assert "another machine uses this terminal's identity" in shown
    assert "backups        1" in shown


def test_list_show_and_retry(site: Site) -> None:
    first = site.receipts[0]
    with site.journal() as journal:
        journal.outbox.lease(1, 1 << 20, 60)
        journal.outbox.settle([Parked(entry_id=first.entry_id, reason=ParkReason.QUARANTINED)])
    (row,) = json.loads(site.run("list", "--state", "parked", "--json").stdout)
    assert row["receipt_number"] == first.number
    shown = json.loads(site.run("show", first.number, "--json").stdout)
    assert shown["park_reason"] == "quarantined"
    assert "13900000000" not in site.run("show", first.number).output
    assert json.loads(site.run("retry", first.number, "--json").stdout) == {"requeued": 1}
    assert site.run("retry", "1000010000000090").exit_code != 0


def test_verify_proves_the_chain(site: Site) -> None:
    assert json.loads(site.run("verify", "--json").stdout)["entries_checked"] == 3


def test_stick_goes_to_the_platform_and_comes_back(site: Site) -> None:
    done = json.loads(site.run("export", str(site.stick), "--json").stdout)
    assert (done["entries"], done["files"]) == (3, 1)
    words = ["central-stick", str(site.stick), "--data", str(site.folder / "central"), "--json"]
    (taken,) = json.loads(CliRunner().invoke(kiosk, words).stdout)["terminals"]
    assert (taken["stored"], taken["refused"]) == (3, [])
    result = json.loads(site.run("import", str(site.stick), "--json").stdout)
    assert (result["acknowledged"], result["refused"]) == (3, [])
    assert "waiting        0" in site.run("status").output


def test_each_mishap_is_one_sentence(site: Site) -> None:
    absent = site.run("export", str(site.folder / "nowhere"))
    assert (absent.exit_code, "plugged in" in absent.output) == (1, True)
    empty = site.run("import", str(site.stick))
    assert (empty.exit_code, "nothing on this stick" in empty.output) == (1, True)
    site.run("export", str(site.stick))
    (entries,) = (site.stick / "linban-100001").glob("entries-*")
    entries.write_bytes(entries.read_bytes()[:-1])
    words = ["central-stick", str(site.stick), "--data", str(site.folder / "central")]
    damaged = CliRunner().invoke(kiosk, words)
    assert (damaged.exit_code, "export again, which repairs it" in damaged.output) == (1, True)
    assert CliRunner().invoke(kiosk, ["central-stick", "x", "--data", "/nonexistent"]).exit_code == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    "command", [["status"], ["verify", "--json"], ["export", "/tmp"]], ids=lambda words: words[0]
)
def test_another_account_is_told_so_in_one_sentence(site: Site, command: list[str]) -> None:
    everybodys = Path(tempfile.gettempdir())
    for folder in (site.folder, *takewhile(lambda parent: parent != everybodys, site.folder.parents)):
        folder.chmod(0o755)
    code = (
        "import os, sys; import kiosk.commands.queue, sync.stick_commands; from kiosk.cli import main\n"
        "os.setuid(65534); main()\n"
    )
    words = ["queue", *command, "--config", str(site.config)]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "which account runs this" in done.stderr


@pytest.mark.fault(125)
def test_keys_are_gone(site: Site) -> None:
    site.settings.terminal_key_file.unlink()
    no_key = site.run("export", str(site.stick))
    assert (no_key.exit_code, "a key is gone" in no_key.output) == (1, True)
    assert not site.settings.terminal_key_file.exists()
    site.settings.journal_key_file.unlink()
    before = site.settings.journal_file.read_bytes()
    for command in ("status", "verify"):
        shown = site.run(command)
        assert (shown.exit_code, "kiosk enrol CODE --again" in shown.output) == (1, True)
    assert site.settings.journal_file.read_bytes() == before
    assert not site.settings.journal_key_file.exists()
    assert os.listdir(site.stick) == []
