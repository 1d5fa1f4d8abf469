"""The recorded runs that the sweeps cut short: the mixed run, an opening, and recoveries from crash states."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kiosk.bench.journal_calls import STRACE, Call, CallKind, record
from tests.journal.crash_states import mixed_run, recovery_run
from tests.journal.crash_states.promises import Promises
from tests.journal.crash_states.sweep import NAME, State, folder_in_memory, put

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run, and the files that were left at its end."""

    calls: list[Call]
    left: dict[str, bytes]


def why_not() -> str:
    """Why nothing can be recorded here; empty where it can."""
    if STRACE is None:
        return "strace is not installed"
    done = subprocess.run(
        [STRACE, "-qq", "-e", "trace=none", "true"], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else f"strace may not trace here: {done.stderr.strip()}"


def mixed(
    seed: int, rounds: int, steps: int, synchronous: str | None = None, before: bytes | None = None
) -> Run:
    """The mixed run of two processes on one journal, from nothing or from the journal `before`."""
    weakly = () if synchronous is None else (synchronous,)
    with folder_in_memory() as folder:
        inside = folder / "inside"
        inside.mkdir()
        if before is not None:
            (inside / NAME).write_bytes(before)
        calls = _record(mixed_run.__file__, [inside / NAME, seed, rounds, steps, *weakly], inside)
        files = [file for file in inside.rglob("*") if file.is_file()]
        return Run(calls, {str(file.relative_to(inside)): file.read_bytes() for file in files})


def recoveries(states: Sequence[State]) -> list[tuple[State, list[Call]]]:
    """What the real code does on each of `states`, by calls whose paths begin with its number."""
    with folder_in_memory() as folder:
        inside = folder / "inside"
        for number, state in enumerate(states):
            (inside / str(number)).mkdir(parents=True)
            put(replace(state, stale_index=False), inside / str(number))
        calls = _record(recovery_run.__file__, [inside, len(states)], inside)
        shutil.rmtree(inside)
    mine: list[list[Call]] = [[] for _ in states]
    current = -1
    for call in calls:
        if call.kind is CallKind.SAID and call.path.startswith("in "):
            current = int(call.path.split()[1])
        elif call.kind is CallKind.SAID or call.path.partition("/")[0] == str(current):
            mine[current].append(call)
    return list(zip(states, mine, strict=True))


def begun_from(state: State, number: int) -> tuple[dict[str, bytes], Promises]:
    """The disk and the promises with which the recovery `number` of `state` began."""
    files = {f"{number}/{name}": content for name, content in state.files.items()}
    told = state.promises
    return files, Promises(dict(told.done), dict(told.begun), told.ready)


def _record(script: str | None, arguments: Sequence[object], folder: Path) -> list[Call]:
    command = [sys.executable, str(script), *map(str, arguments)]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return record(command, folder, folder.parent / "calls", {"PYTHONPATH": path})
