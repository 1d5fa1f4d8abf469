"""One process of a kind: the second ends at once, the first is not disturbed, and a killed one leaves no lock."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.single_instance import claim

ROOT = Path(__file__).parents[2]
_HOLD = (
    "import sys; from pathlib import Path\n"
    "from kiosk.single_instance import claim\n"
    "print(claim(Path(sys.argv[1]), 'sync'), flush=True)\n"
    "sys.stdin.read()\n"
)


def _holder(run_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(run_dir)], cwd=ROOT, stdin=-1, stdout=-1, text=True
    )


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


@pytest.mark.fault(22)
def test_a_second_process_of_a_kind_is_refused_and_one_of_another_kind_is_not(tmp_path: Path) -> None:
    first = _holder(tmp_path)
    assert _said(first) == "True"
    assert not claim(tmp_path, "sync")
    second = _holder(tmp_path)
    assert _said(second) == "False"
    assert claim(tmp_path, "ui")
    assert claim(tmp_path, "ui")  # it is this very process that holds it
    _end(second)
    assert not claim(tmp_path, "sync")
    _end(first)
    assert claim(tmp_path, "sync")


@pytest.mark.fault(9)
def test_where_no_lock_can_be_kept_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert claim(tmp_path / "file" / "run", "ui")


@pytest.mark.fault(9)
@pytest.mark.parametrize("reason", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_refuses_nobody_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reason: int
) -> None:
    def keep_none(descriptor: int, how: int) -> None:
        raise OSError(reason, os.strerror(reason))

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr("fcntl.lockf", keep_none)
    assert claim(tmp_path, "sync")
    assert claim(tmp_path, "sync")
    assert len(os.listdir("/proc/self/fd")) == before
    assert os.strerror(reason) in caplog.text
    assert "paths.run_dir" in caplog.text


@pytest.mark.fault(22)
@pytest.mark.parametrize("package", ["sync", "devices"])
def test_a_second_process_ends_before_it_touches_anything(tmp_path: Path, package: str) -> None:
    run_dir, state_dir = tmp_path / "run", tmp_path / "state"
    settings = tmp_path / "linban.toml"
    settings.write_text(f'[paths]\nstate_dir = "{state_dir}"\nrun_dir = "{run_dir}"\n', encoding="utf-8")
    hold = _HOLD.replace("'sync'", repr(package))
    first = subprocess.Popen(
        [sys.executable, "-c", hold, str(run_dir)], cwd=ROOT, stdin=-1, stdout=-1, text=True
    )
    assert _said(first) == "True"
    command = [sys.executable, "-m", package, "--config", str(settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    _end(first)
    assert done.returncode == 2
    assert f"another {package} process" in done.stderr
    assert [one.name for one in run_dir.iterdir()] == [f"{package}.lock"]
    assert not state_dir.exists()
