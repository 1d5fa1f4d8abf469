"""Accounts from the platform's own command line: the first one, and the way back in."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner

from kiosk.clock import SystemClock
from sync.central.command import central
from sync.central.console.accounts import Accounts, Operator
from sync.central.console.acts import Acts
from sync.central.console.roles import Role
from sync.central.keys import load_or_create_keys
from sync.central.store import Store


def _run(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(central, ["--data", str(folder), "operator", *words])
    return result.exit_code, result.output


def _code(told: str) -> str:
    uri = re.search(r"otpauth://\S+", told)
    assert uri is not None
    totp = pyotp.parse_uri(uri[0])
    assert isinstance(totp, pyotp.TOTP)
    return totp.now()


def test_the_first_administrator_is_made_reset_listed_and_kept(tmp_path: Path) -> None:
    status, told = _run(tmp_path, "add", "test.jia", "--role", "administrator")
    assert status == 0, told
    first = re.search(r"first password: (\S+)", told)
    assert first is not None
    status, reset = _run(tmp_path, "reset", "test.jia")
    second = re.search(r"first password: (\S+)", reset)
    assert second is not None
    store = Store(tmp_path / "central.db", SystemClock())
    accounts = Accounts(store, load_or_create_keys(tmp_path).console)
    assert accounts.check("test.jia", first[1], _code(told)) is None, "the old words are void"
    signed_in = accounts.check("test.jia", second[1], _code(reset))
    assert signed_in == Operator("test.jia", Role.ADMINISTRATOR, must_change=True)
    assert [line.act for line in Acts(store).newest(10)] == ["account_reset", "account_added"]
    store.close()
    assert "test.jia" in _run(tmp_path, "list")[1]
    for words, trouble in (
        (("remove", "test.jia"), "last administrator"),
        (("remove", "li.si"), "no such account"),
        (("add", "test.jia", "--role", "viewer"), "used before"),
        (("add", "Zhang San", "--role", "viewer"), "small letters"),
        (("add", "li.si", "--role", "king"), "Invalid value"),
    ):
        status, told = _run(tmp_path, *words)
        assert status != 0
        assert trouble in told


def test_nothing_is_done_that_cannot_be_put_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(tmp_path, "add", "test.jia", "--role", "administrator")
    _, told = _run(tmp_path, "add", "test.yi", "--role", "operator")
    first = re.search(r"first password: (\S+)", told)
    assert first is not None

    def fail(*arguments: object) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(Acts, "note_in", fail)
        assert _run(tmp_path, "reset", "test.yi")[0] != 0
        assert _run(tmp_path, "remove", "test.yi")[0] != 0
    store = Store(tmp_path / "central.db", SystemClock())
    signed_in = Accounts(store, load_or_create_keys(tmp_path).console).check("test.yi", first[1], _code(told))
    assert signed_in is not None
    store.close()


def test_the_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    _run(tmp_path, "add", "test.jia", "--role", "administrator")
    assert (tmp_path / "console.key").stat().st_mode & 0o777 == 0o600
