"""`kiosk doctor` says where the keys lie, and what to do when one is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.commands.finding import Verdict
from kiosk.commands.keys import keys_found
from kiosk.config import Settings, load
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.secrets import keeping
from tests.identity.conftest import SoftTpm


def _settings(folder: Path, tpm: str) -> Settings:
    file = folder / "linban.toml"
    file.write_text(f'[paths]\nstate_dir = "{folder / "state"}"\ntpm = "{tpm}"\n')
    return load(file)


def _seen(settings: Settings) -> list[tuple[Verdict, str]]:
    return [(finding.verdict, finding.seen) for finding in keys_found(settings)]


def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    assert [verdict for verdict, _ in _seen(_settings(tmp_path, ""))] == [Verdict.WORKS] * 2
    assert not (tmp_path / "state").exists()


@pytest.mark.fault(125)
def test_where_keys_lie_and_when_the_tpm_was_cleared(tmp_path: Path, tpm: SoftTpm) -> None:
    settings = _settings(tmp_path, tpm.address)
    key = load_or_create_key(settings.journal_key_file, settings.journal_file, tpm.address)
    Journal.open(settings.journal_file, key, SystemClock()).close()
    keeping.load_or_make(settings.terminal_key_file)
    (page, page_seen), (own, own_seen) = _seen(settings)
    assert (page, page_seen) == (Verdict.WORKS, "sealed to this machine's TPM")
    assert (own, own_seen) == (Verdict.LIMITED, "in a file that only this account may read")
    tpm.clear()
    found = list(keys_found(settings))
    assert found[0].verdict is Verdict.FAILS
    assert "--again" in found[0].advice


@pytest.mark.fault(125)
def test_key_of_the_journal_is_gone(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "")
    key = load_or_create_key(settings.journal_key_file, settings.journal_file)
    Journal.open(settings.journal_file, key, SystemClock()).close()
    settings.journal_key_file.unlink()
    assert _seen(settings)[0][0] is Verdict.FAILS
