"""A signed catalogue that arrives while somebody is at the terminal: they finish with theirs, the next one has the new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs
from pytestqt.qtbot import QtBot

from kiosk.catalogue.installed import InstalledCatalogues
from kiosk.catalogue.signature import SourcePack, publish
from kiosk.config import PACKAGE_ROOT
from tests.ui.test_journey import Stand

PACK = (PACKAGE_ROOT / "assets" / "packs" / "10-pension-certification.yaml").read_text(encoding="utf-8")


class SignedStand(Stand):
    """A terminal whose settings name a publisher."""

    def start(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes_raw()
        platform = structs.replace(self.settings.platform, publisher_key=public.hex())
        self.settings = structs.replace(self.settings, platform=platform)
        self.installed = InstalledCatalogues(self.settings.catalogue_dir, public)
        self.install(1, "1.0.0")
        super().start()

    def install(self, number: int, version: str) -> None:
        text = PACK.replace("version: 1.0.0", f"version: {version}")
        source = SourcePack("pension-certification", version, "10-pension.yaml", text)
        made = publish([source], number, datetime(2026, 11, 1, tzinfo=UTC), self.key.private_bytes_raw())
        self.installed.keep_pack(made.signed, source.file, text.encode("utf-8"))
        self.installed.activate(made.signed)

    def tell(self, number: int) -> None:
        self.line.say("line.status", state="online", pending=0, parked=0, catalogue_version=number)

    def versions(self) -> tuple[int | None, int | None]:
        """Of the catalogue that the session uses, and of the one that errands use."""
        navigator = self.face.navigator
        return navigator.session.catalogue.signed_version, navigator.errands.catalogue.signed_version


@pytest.fixture
def stand(qtbot: QtBot, tmp_path: Path) -> Iterator[SignedStand]:
    made = SignedStand(qtbot, tmp_path)
    yield made
    for face in list(made.faces):
        face.close()
    made.hands.go()
    made.line.server.close()


@pytest.mark.fault(121, 123)
def test_a_new_catalogue_waits_for_the_attract_page(stand: SignedStand, qtbot: QtBot) -> None:
    stand.on("attract")
    stand.tap("开始")
    stand.on("home")
    assert stand.versions() == (1, 1)
    stand.install(2, "1.1.0")
    stand.tell(2)
    stand.until(lambda: stand.face.navigator.errands.line.report.catalogue_version == 2)
    qtbot.wait(50)
    assert stand.versions() == (1, 1)
    stand.face.navigator.finish()
    stand.on("attract")
    stand.until(lambda: stand.versions() == (2, 2))
    assert stand.face.navigator.session.catalogue.packs["pension-certification"].version == "1.1.0"


def test_a_new_catalogue_while_nobody_is_there(stand: SignedStand) -> None:
    stand.on("attract")
    stand.until(lambda: hasattr(stand.face.navigator, "errands"))
    stand.install(2, "1.1.0")
    stand.tell(2)
    stand.until(lambda: stand.versions() == (2, 2))
