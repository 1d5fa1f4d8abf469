"""Catalogues from a hostile hand, and installs that a power cut ends half-way: the one in use is old or new, never mixed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.catalogue.installed import InstalledCatalogues, offered
from kiosk.catalogue.loader import load_catalogue
from kiosk.catalogue.signature import (
    ListedPack,
    Publication,
    SignedManifest,
    SourcePack,
    check_pack,
    decode_signed,
    publish,
    verified,
)
from kiosk.config import PACKAGE_ROOT
from kiosk.errors import CatalogueError, CatalogueFault
from sync.central.catalogue_store import CatalogueStore
from sync.central.console.services import ServiceNames
from sync.central.server import build_platform

PACKS = PACKAGE_ROOT / "assets" / "packs"
PENSION = (PACKS / "10-pension-certification.yaml").read_text(encoding="utf-8")
PROGRESS = (PACKS / "20-case-progress.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


class _PowerCut(BaseException):
    """No handler of the program may catch it."""


def _version(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("version:")).split()[1].strip('"')


def _publication(key: Ed25519PrivateKey, version: int) -> Publication:
    """Both packs say of which catalogue they are, so that a mixture shows."""
    packs = []
    for code, file, text in (
        ("pension-certification", "10-pension.yaml", PENSION),
        ("case-progress", "20-progress.yaml", PROGRESS),
    ):
        old = _version(text)
        new = f"{version}.0.0"
        packs.append(SourcePack(code, new, file, text.replace(old, new, 1)))
    return publish(packs, version, NOW, key.private_bytes_raw())


class Shop:
    """A publisher, and the catalogues on a terminal's disk."""

    def __init__(self, folder: Path) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.publisher = self.key.public_key().public_bytes_raw()
        self.folder = folder

    @property
    def disk(self) -> InstalledCatalogues:
        """As a process that was started now sees it."""
        return InstalledCatalogues(self.folder, self.publisher)

    def install(self, version: int) -> None:
        publication, disk = _publication(self.key, version), self.disk
        disk.require_newer(publication.signed, verified(publication.signed, self.publisher))
        for listed in verified(publication.signed, self.publisher).packs:
            disk.keep_pack(publication.signed, listed.file, publication.packs[listed.digest].encode())
        disk.activate(publication.signed)

    def in_use(self) -> int:
        found = self.disk.current()
        if found is None:
            return 0
        assert {pack.version for pack in found.catalogue.packs.values()} == {f"{found.version}.0.0"}
        return found.version

    def sign(self, manifest: dict[str, Any]) -> SignedManifest:
        content = msgspec.json.encode(manifest)
        return SignedManifest(manifest=content, signature=self.key.sign(b"linban catalogue 1\0" + content))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "catalogue")


def _cut(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the power fail before the n-th thing that is done to the disk."""
    left = count(after, -1)

    def failing(act: Callable[..., Any]) -> Callable[..., Any]:
        def done(*arguments: Any, **named: Any) -> Any:
            if next(left) <= 0:
                raise _PowerCut
            return act(*arguments, **named)

        return done

    for name in ("replace", "rename", "symlink_to", "unlink", "mkdir"):
        monkeypatch.setattr(Path, name, failing(getattr(Path, name)))
    monkeypatch.setattr(shutil, "rmtree", failing(shutil.rmtree))
    monkeypatch.setattr(os, "fsync", failing(os.fsync))


@pytest.mark.fault(119, 123)
def test_power_cut_before_every_step_of_an_install(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.install(1)
    shop.install(2)
    kept = shop.folder.with_name("kept")
    shutil.copytree(shop.folder, kept, symlinks=True)
    for step in range(200):
        shutil.rmtree(shop.folder)
        shutil.copytree(kept, shop.folder, symlinks=True)
        with monkeypatch.context() as patched:
            _cut(patched, step)
            try:
                shop.install(3)
                break
            except _PowerCut:
                pass
        assert shop.in_use() in (2, 3)
        assert shop.disk.fault() is None
        # Neither may an older one come back now, nor the one that was being installed be kept out for ever.
        with pytest.raises(CatalogueError, match="older"):
            shop.install(1)
        if shop.in_use() == 2:
            shop.install(3)
        assert shop.in_use() == 3
    assert step > 15
    assert shop.disk.highest_version() == 3


@pytest.mark.fault(123)
def test_a_damaged_catalogue_is_mended_by_the_very_same(shop: Shop) -> None:
    shop.install(1)
    shop.install(2)
    (shop.folder / "current" / "10-pension.yaml").write_bytes(b"bit rot")
    assert (shop.in_use(), shop.disk.fault()) == (1, CatalogueFault.DIGEST)
    with pytest.raises(CatalogueError, match="older"):
        shop.install(1)
    shop.install(2)
    assert (shop.in_use(), shop.disk.fault()) == (2, None)
    # What was damaged did not become what one goes back to.
    (shop.folder / "current" / "20-progress.yaml").unlink()
    assert shop.in_use() == 1


@pytest.mark.fault(123)
def test_an_old_program_noted_the_number_before_the_switch(shop: Shop) -> None:
    """And the power failed in between: the terminal must not wait for a still newer catalogue."""
    shop.install(2)
    old = (shop.folder / "current").readlink()
    shop.install(3)
    (shop.folder / "current").unlink()
    (shop.folder / "current").symlink_to(old)
    assert shop.in_use() == 2
    shop.install(3)
    assert shop.in_use() == 3


def test_the_link_is_pointed_elsewhere_while_somebody_reads(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.install(1)
    place = "kiosk.catalogue.installed.check_pack"
    other = Shop(shop.folder)
    other.key, other.publisher = shop.key, shop.publisher

    def check(listed: ListedPack, content: bytes) -> None:
        monkeypatch.setattr(place, check_pack)
        check_pack(listed, content)
        other.install(2)

    monkeypatch.setattr(place, check)
    assert shop.in_use() == 1
    assert shop.in_use() == 2


@pytest.mark.parametrize(
    "file",
    [
        "../../journal.key.yaml",
        "/etc/x.yaml",
        "a/b.yaml",
        "..yaml",
        "a.yaml\n",
        "a\0.yaml",
        "A.yaml",
        ".yaml",
    ],
)
def test_a_pack_whose_name_leaves_the_folder(shop: Shop, file: str) -> None:
    pack = {"code": "a", "version": "1.0.0", "file": file, "digest": "0" * 64, "size_bytes": 1}
    signed = shop.sign({"version": 1, "valid_from": NOW.isoformat(), "packs": [pack]})
    with pytest.raises(CatalogueError):
        verified(signed, shop.publisher)
    assert not shop.folder.exists()


@pytest.mark.fault(123)
def test_a_catalogue_of_ten_thousand_packs(shop: Shop) -> None:
    packs = [
        {"code": f"a{n}", "version": "1.0.0", "file": f"a{n}.yaml", "digest": "0" * 64, "size_bytes": 1}
        for n in range(10_000)
    ]
    signed = shop.sign({"version": 1, "valid_from": NOW.isoformat(), "packs": packs})
    for look in (
        lambda: verified(signed, shop.publisher),
        lambda: decode_signed(msgspec.json.encode(signed)),
    ):
        with pytest.raises(CatalogueError) as caught:
            look()
        assert caught.value.fault is CatalogueFault.SHAPE


def test_a_manifest_that_lists_another_size_or_another_service(shop: Shop) -> None:
    publication = _publication(shop.key, 1)
    for name, value in (("size_bytes", 7), ("digest", "0" * 64), ("code", "another"), ("version", "9.9.9")):
        listed = msgspec.json.decode(publication.signed.manifest)
        listed["packs"][0][name] = value
        signed, disk = shop.sign(listed), shop.disk
        for pack, text in zip(listed["packs"], publication.packs.values(), strict=True):
            disk.keep_pack(signed, pack["file"], text.encode())
        with pytest.raises(CatalogueError):
            disk.activate(signed)
        assert shop.in_use() == 0


def test_the_publisher_of_another_county(shop: Shop, tmp_path: Path) -> None:
    """Well signed, newer, and not ours; and after the settings name another publisher, the old one's is not used."""
    shop.install(2)
    theirs = _publication(Ed25519PrivateKey.generate(), 9)
    with pytest.raises(CatalogueError, match="signature"):
        shop.disk.activate(theirs.signed)
    assert shop.in_use() == 2
    catalogue = offered(PACKS, shop.folder, theirs.publisher)
    assert (catalogue.signed_version, len(catalogue.refused)) == (None, 1)
    assert "not used: signature" in str(catalogue.refused[0])
    assert set(catalogue.packs) == set(load_catalogue(PACKS).packs)


HOSTILE = {
    "a hundred thousand brackets": "a: " + "[" * 100_000,
    "forty thousand maps": "{a: " * 40_000,
    "a number of five thousand digits": "code: x\nversion: " + "9" * 5000,
    "the thirteenth month": "code: 2026-13-01",
    "the twenty-fifth hour": "code: 2026-01-01T25:00:00Z",
    "an hour that no place has": "code: 2026-01-01T00:00:00+99:99",
    "a tag that does not fit": "code: !!timestamp abc",
    "no truth": "code: !!bool abc",
    "no number": "code: !!float abc",
    "a snake": "&a {code: x, fields: *a}",
    "an object": "!!python/object/apply:os.system [true]",
    "questions without end": "code: x\nfields: [&f {key: a}" + ", *f" * 50_000 + "]",
    "a question that is a number": "code: x\nfields: 7",
}


@pytest.mark.fault(123)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pack_stops_nothing_but_itself(tmp_path: Path, text: str) -> None:
    (tmp_path / "10-good.yaml").write_text(PENSION, encoding="utf-8")
    (tmp_path / "20-bad.yaml").write_text(text, encoding="utf-8")
    catalogue = load_catalogue(tmp_path)
    assert list(catalogue.packs) == ["pension-certification"]
    assert [str(error).startswith("20-bad.yaml") for error in catalogue.refused] == [True]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pack_that_was_published_breaks_no_page(tmp_path: Path, text: str) -> None:
    platform = build_platform(tmp_path / "central.db", tmp_path)
    key = Ed25519PrivateKey.generate()
    store = CatalogueStore(platform.store)
    store.trust(key.public_key().public_bytes_raw())
    packs = [
        SourcePack("pension-certification", "1.0.0", "10-good.yaml", PENSION),
        SourcePack("bad", "1.0.0", "20-bad.yaml", text[: 250 * 1024]),
    ]
    store.publish(msgspec.json.encode(publish(packs, 1, NOW, key.private_bytes_raw())))
    names = ServiceNames(platform.store)
    assert names.service("pension-certification", "zh") != "pension-certification"
    platform.store.close()
