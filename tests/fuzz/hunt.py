"""Lets atheris look for an input that breaks a parser: `python tests/fuzz/hunt.py TARGET [libFuzzer options]`.

    python tests/fuzz/hunt.py sdt_frame -runs=1000000 tests/fuzz/corpus/sdt_frame

Ends with exit code 0 when the runs are over; an input that breaks the parser is written to ./crash-….
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent))
with atheris.instrument_imports(include=["devices"]):
    from targets import TARGETS  # type: ignore[import-not-found]

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
