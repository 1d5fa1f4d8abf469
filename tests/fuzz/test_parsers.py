"""What comes from outside never breaks a parser: kept inputs, generated ones, and (in the soak) a million hunted ones.

An input that once broke a parser is kept in `corpus/TARGET/` and tried for ever.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

HERE = Path(__file__).resolve().parent
_RUNS = 1_000_000


NAMES = list(TARGETS)


def parse(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", NAMES)
def test_kept_inputs_and_ordinary_ones_parse(name: str) -> None:
    kept = [file.read_bytes() for file in sorted((HERE / "corpus" / name).glob("*"))]
    assert kept
    for data in [*kept, *seeds(name), b""]:
        parse(name, data)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=2048), seed=st.integers(0, 99), at=st.integers(0, 2048))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ordinary_inputs_with_anything_inside_parse(name: str, data: bytes, seed: int, at: int) -> None:
    known = seeds(name)
    good = known[seed % len(known)]
    parse(name, good[: at % (len(good) + 1)] + data + good[at % (len(good) + 1) :])


@pytest.mark.parametrize("name", NAMES)
def test_a_megabyte_of_anything_is_parsed_in_bounded_memory(name: str) -> None:
    good = b"".join(seeds(name))
    flood = (good * (1 + 250_000 // len(good)))[:250_000]
    tracemalloc.start()
    try:
        parse(name, flood)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
def test_a_million_hunted_inputs_parse(name: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    begin_at = tmp_path / "seeds"
    begin_at.mkdir()
    (tmp_path / "found").mkdir()
    for number, seed in enumerate(seeds(name)):
        (begin_at / f"seed-{number}").write_bytes(seed)
    # A process begins with the peak of whoever started it, and a worker that has run other tests was large once.
    most_mb = 1024 + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    hunt = subprocess.run(
        [
            *(sys.executable, str(HERE / "hunt.py"), name),
            *(
                f"-runs={_RUNS}",
                "-max_len=4096",
                "-timeout=5",
                f"-rss_limit_mb={most_mb}",
                "-print_final_stats=1",
            ),
            *(
                f"-artifact_prefix={tmp_path}/",
                str(tmp_path / "found"),
                str(begin_at),
                str(HERE / "corpus" / name),
            ),
        ],
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [file.read_bytes().hex() for file in tmp_path.glob("*-*") if file.is_file()]
    assert hunt.returncode == 0, f"{broken}\n{hunt.stderr[-3000:]}"
