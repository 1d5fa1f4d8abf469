"""The platform's and the line's commands, as a person types them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from sqlcipher3 import dbapi2

from kiosk.cli import kiosk
from kiosk.errors import LinbanError
from kiosk.ipc import IpcClient
from sync.central.command import central
from sync.line_simulator import simulate_line

ROOT = Path(__file__).resolve().parents[2]


def test_the_platforms_command_explains_what_it_cannot_do() -> None:
    runner = CliRunner()
    assert "Examples:" in runner.invoke(central, ["--help"]).output
    refused = runner.invoke(central, ["--database", "mysql://db/linban"])
    assert (refused.exit_code, "neither sqlite:///FILE nor postgresql://" in refused.output) == (2, True)
    alone = runner.invoke(central, ["--workers", "2"])
    assert (alone.exit_code, "SQLite lets one process write" in alone.output) == (2, True)
    assert runner.invoke(central, ["--listen", "nowhere"]).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["central", "--data", "{here}/file/data"], "Not a directory"),
        (["central", "--data", "{here}/short"], "not the key that it should be"),
        (
            ["central", "--database", "sqlite:///{here}/file/sub/x.db", "--data", "{here}/data"],
            "Not a directory",
        ),
        (["central", "--data", "{here}/locked"], "locked"),
        (["central", "--data", "{here}/data", "--listen", "127.0.0.1:²"], "is not HOST:PORT"),
        (
            ["central", "--data", "{here}/data", "--forward-token-file", "{here}/short/sealing.key"],
            "no token",
        ),
        (["central", "--data", "{here}/file/data", "operator", "list"], "Not a directory"),
        (["central-stick", "{here}", "--data", "{here}/data", "--database", "mysql://x"], "neither sqlite"),
        (["central-stick", "{here}", "--data", "{here}/locked"], "locked"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1].rpartition("/")[2],
)
def test_what_is_wrong_with_a_folder_or_a_database_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.setattr("sync.central.sqlite_engine._BUSY_S", 0.1)
    (tmp_path / "file").write_bytes(b"")
    for folder in ("short", "data", "locked"):
        (tmp_path / folder).mkdir()
    (tmp_path / "short" / "sealing.key").write_bytes(b"\xff")
    with contextlib.closing(
        dbapi2.connect(str(tmp_path / "locked" / "central.db"), isolation_level=None)
    ) as held:
        held.execute("pragma journal_mode = wal")
        held.execute("begin immediate")
        result = CliRunner().invoke(kiosk, [argument.format(here=tmp_path) for argument in arguments])
    told = result.output if isinstance(result.exception, SystemExit) else str(result.exception)
    assert isinstance(
        result.exception, (SystemExit, LinbanError)
    )  # of which `kiosk.cli.main` makes a sentence
    assert says in told


def test_the_platforms_command_serves_and_its_inspector_counts(
    tmp_path: Path, make_terminal: Callable[..., Any]
) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "kiosk", "central", "--listen", "127.0.0.1:0", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--enrolment-code", "4821093377"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        terminal = make_terminal(url)
        terminal.enrol()
        (receipt,) = terminal.record()
        terminal.drain()
        inspect = [
            sys.executable,
            "-m",
            "sync.central.inspect",
            "--data",
            str(data),
            "--receipt",
            receipt.number,
        ]
        seen = subprocess.run(
            inspect, cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
        ).stdout
        assert '"cases":1,"received":1' in seen
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def test_the_line_is_cut_and_mended_through_its_control_socket(platform_url: str, tmp_path: Path) -> None:
    port = platform_url.rpartition(":")[2]
    control = tmp_path / "line.sock"
    command = [sys.executable, "-m", "kiosk", "simulate", "line", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*command, "--to", f"127.0.0.1:{port}", "--control", str(control)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = f"http://{process.stdout.readline().split()[1]}/v1/health"
        with IpcClient(control) as client:
            assert requests.get(url, timeout=5).json()["status"] == "ok"
            assert client.call("set", mode="portal")["mode"] == "portal"
            assert "sign in" in requests.get(url, timeout=5).text
            client.call("set", mode="cut")
            assert refused(url)
            client.call("set", mode="up")
            assert requests.get(url, timeout=5).status_code == 200
            state = client.call("state")
            assert (state["mode"], state["canned_answers"]) == ("up", 1)
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0
        if process.stdout is not None:
            process.stdout.close()


def refused(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return True
    return False


def test_an_address_that_is_none_is_refused_by_name() -> None:
    refusal = CliRunner().invoke(simulate_line, ["--listen", "here", "--to", "127.0.0.1:1"])
    assert (refusal.exit_code, "HOST:PORT" in refusal.output) == (2, True)
