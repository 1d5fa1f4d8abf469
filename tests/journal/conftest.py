"""An enrolled journal in a fresh folder, a clock that moves only when told to, and invented residents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.clock import ManualClock
from kiosk.domain.case import Case, new_entry_id
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.domain.trust import Proof
from kiosk.journal.journal import Journal

MakeCase = Callable[[], Case]


@dataclass(frozen=True)
class Place:
    """Everything needed to open the same journal again."""

    file: Path
    key: bytes
    clock: ManualClock
    enrolment: Enrolment
    sealing_private_key: bytes

    def open(self, boot: str = "boot-1") -> Journal:
        return Journal.open(self.file, self.key, self.clock, boot)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    private = X25519PrivateKey.generate()
    enrolment = Enrolment(
        terminal_id="t-370508",
        terminal_number="370508",
        region_code="370502",
        sealing_key=private.public_key().public_bytes_raw(),
        signing_key=bytes(32),
    )
    file, key = tmp_path / "journal.db", bytes(range(32))
    return Place(file, key, ManualClock(), enrolment, private.private_bytes_raw())


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    with place.open() as opened:
        opened.settings.set_enrolment(place.enrolment)
        yield opened


@pytest.fixture
def make_case() -> MakeCase:
    def make() -> Case:
        return Case(
            entry_id=new_entry_id(),
            service_code="pension-certification",
            pack_version="1.0.0",
            started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
            answers={"phone": "13800138000", "address": "测试市测试区测试路1号"},
            resident=IdentityDocument(
                kind=DocumentKind.RESIDENT_ID_CARD,
                name="测试甲",
                number="11010519491231002X",
                sex=Sex.FEMALE,
                birth=date(1949, 12, 31),
                valid_from=date(2020, 1, 1),
                valid_until=None,
            ),
            proofs=frozenset({Proof.CHIP_READ}),
        )

    return make
