"""The platform's and the line's commands, as a person types them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from click.testing import CliRunner

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
