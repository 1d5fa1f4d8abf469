"""The library gets no memory at any point of any work: refused in our words, nothing half written, and it goes on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEP_BYTES = {
    "record": 2048,
    "lease": 2048,
    "settle": 2048,
    "open": 8192,
    "verify": 4096,
    "back_up": 12288,
    "replace": 16384,
}


@pytest.mark.fault(30)
@pytest.mark.parametrize("operation", STEP_BYTES)
def test_too_little_memory_is_said_and_nothing_promised_is_lost(operation: str, tmp_path: Path) -> None:
    program = Path(__file__).with_name("starved_process.py")
    done = subprocess.run(
        [
            sys.executable,
            str(program),
            str(tmp_path / "journal.db"),
            operation,
            str(STEP_BYTES[operation]),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    counted = {word: int(count) for word, count in re.findall(r"(\w+)=(\d+)", done.stdout)}
    assert set(counted) == {"no_memory", "well"}
    assert counted["no_memory"] >= 10
