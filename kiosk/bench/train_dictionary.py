"""Trains a dictionary for cases: `python -m kiosk.bench.train_dictionary NUMBER`.

From the packs' own fields and invented residents, so that nobody's data is in it; the same packs and the
same zstd give the same file.  A number that exists is never written over.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import zstandard

from kiosk.bench.invented_cases import TRAINING, invented_cases
from kiosk.catalogue.loader import load_catalogue
from kiosk.config import PACKAGE_ROOT
from kiosk.domain.entry import EntryHeader, EntryKind
from kiosk.journal.case_dictionary import file_of, without_header
from kiosk.journal.sealing import encode_case

SIZE_BYTES = 4096
"""Larger ones made nothing smaller, and each process that seals holds one."""
_CASES = 4000
_SEED = 1


def train(packs_dir: Path) -> bytes:
    """The dictionary for the packs in `packs_dir`."""
    packs = list(load_catalogue(packs_dir).packs.values())
    samples: list[bytes | bytearray | memoryview[int]] = []
    for case in itertools.islice(invented_cases(packs, TRAINING, _SEED), _CASES):
        header = EntryHeader(
            terminal_number="000000",
            entry_id=case.entry_id,
            kind=EntryKind.CASE,
            service_code=case.service_code,
            pack_version=case.pack_version,
            receipt_number="",
        )
        short = without_header(encode_case(case), header)
        assert short is not None  # JSON has no control characters
        samples.append(short)
    return zstandard.train_dictionary(SIZE_BYTES, samples).as_bytes()


def main() -> None:
    """Write the dictionary with the number that is given."""
    file = file_of(int(sys.argv[1]))
    if file.exists():
        raise SystemExit(f"{file.name} was released; take the next number")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(train(PACKAGE_ROOT / "assets" / "packs"))


if __name__ == "__main__":
    main()
