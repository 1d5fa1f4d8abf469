"""Two packs of the product's own, as a publisher has them, and the day from which they are valid."""

from __future__ import annotations

from datetime import UTC, datetime

from kiosk.catalogue.signature import SourcePack
from kiosk.config import PACKAGE_ROOT

PACKS = PACKAGE_ROOT / "assets" / "packs"
PENSION = (PACKS / "10-pension-certification.yaml").read_text(encoding="utf-8")
PROGRESS = (PACKS / "20-case-progress.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def pension(version: str = "1.0.0") -> SourcePack:
    text = PENSION.replace("version: 1.0.0", f"version: {version}").replace(
        'version: "1.0.0"', f'version: "{version}"'
    )
    return SourcePack("pension-certification", version, "10-pension.yaml", text)


def progress() -> SourcePack:
    found = next(line for line in PROGRESS.splitlines() if line.startswith("version:"))
    return SourcePack(
        "case-progress", found.partition(":")[2].strip().strip('"'), "20-progress.yaml", PROGRESS
    )
