"""A terminal offers what its publisher signed, and only that; what does not prove true changes nothing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.catalogue.installed import InstalledCatalogues, offered
from kiosk.catalogue.signature import (
    Publication,
    SourcePack,
    decode_publication,
    publish,
    verified,
)
from kiosk.commands.services import services
from kiosk.errors import CatalogueError, CatalogueFault, PlatformError
from sync.catalogue_download import CatalogueDownload
from sync.central.catalogue_store import CatalogueStore
from sync.central.exchange import Platform
from sync.freight import Freight
from sync.line import ExchangeKind
from sync.line_simulator import LineMode, LineSimulator
from sync.platform_clock import PlatformClock
from tests.sync.catalogue_packs import NOW, PACKS, PENSION, PROGRESS, pension, progress
from tests.sync.uploads import hand_in


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def signed_by(key: Ed25519PrivateKey) -> Callable[..., Publication]:
    def sign(version: int, *packs: SourcePack, valid_from: datetime = NOW) -> Publication:
        return publish(list(packs) or [pension(), progress()], version, valid_from, key.private_bytes_raw())

    return sign


class Shelf:
    """A terminal's download, and the platform that it downloads from."""

    def __init__(self, platform: Platform, terminal: Any, key: Ed25519PrivateKey) -> None:
        self.store = CatalogueStore(platform.store)
        self.publisher = key.public_key().public_bytes_raw()
        self.store.trust(self.publisher)
        self.terminal = terminal
        self.folder = terminal.folder / "catalogue"
        self.platform_clock = PlatformClock(terminal.clock)
        self.platform_clock.heard(datetime(2026, 11, 22, tzinfo=UTC), terminal.clock.monotonic())
        self.download = self.restarted()

    def restarted(self) -> CatalogueDownload:
        self.download = CatalogueDownload(
            self.terminal.client, self.platform_clock, self.folder, self.publisher
        )
        return self.download

    def publish(self, publication: Publication) -> str:
        return self.store.publish(msgspec.json.encode(publication)).digest

    def hand_out(self, publication: Publication) -> str:
        """Put it on the platform unchecked, as one that was broken into would."""
        with self.store._store.transaction() as run:
            self.store._insert(run, publication, msgspec.json.decode(publication.signed.manifest)["version"])
        return publication.signed.digest

    def follow(self, newest: str) -> int | None:
        found = self.download.follow(newest, 0, lambda: True)
        return None if found is None else found.version

    def offered(self) -> dict[str, str]:
        catalogue = offered(PACKS, self.folder, self.publisher)
        return {code: pack.version for code, pack in catalogue.packs.items()}


@pytest.fixture
def shelf(platform: Platform, terminal: Any, key: Ed25519PrivateKey) -> Shelf:
    return Shelf(platform, terminal, key)


def test_only_what_is_missing_is_downloaded(
    shelf: Shelf, line: LineSimulator, signed_by: Callable[..., Publication]
) -> None:
    assert offered(PACKS, shelf.folder, shelf.publisher).signed_version is None
    assert shelf.follow(shelf.publish(signed_by(1))) == 1
    assert offered(PACKS, shelf.folder, shelf.publisher).signed_version == 1
    before = line.state()["bytes_down"]
    second = shelf.publish(signed_by(2, pension("1.1.0"), progress()))
    assert shelf.follow(second) == 2
    assert shelf.offered()["pension-certification"] == "1.1.0"
    assert (
        line.state()["bytes_down"] - before < len(PENSION.encode()) + 6000
    )  # one pack, compressed, and the list
    assert shelf.follow(second) is None
    kept = sorted(path.name[:2] for path in (shelf.folder / "sets").iterdir())
    assert kept == ["1-", "2-"]


def test_a_service_that_is_withdrawn(shelf: Shelf, signed_by: Callable[..., Publication]) -> None:
    shelf.follow(shelf.publish(signed_by(1)))
    in_a_session = offered(PACKS, shelf.folder, shelf.publisher)
    shelf.follow(shelf.publish(signed_by(2, progress())))
    assert list(shelf.offered()) == ["case-progress"]
    assert in_a_session.get("pension-certification") is not None  # a session keeps what it began with


@pytest.mark.fault(119)
def test_an_older_one_shown_again(shelf: Shelf, signed_by: Callable[..., Publication]) -> None:
    first = signed_by(3)
    shelf.follow(shelf.publish(first))
    shelf.follow(shelf.publish(signed_by(4, pension("1.1.0"), progress())))
    with pytest.raises(CatalogueError):
        shelf.publish(signed_by(2))  # the platform itself refuses it
    assert shelf.follow(shelf.hand_out(signed_by(2, progress()))) is None
    with shelf.store._store.transaction() as run:
        run.execute("delete from catalogue where version = 4")  # a platform that was put back
    shelf.restarted()
    assert shelf.follow(first.signed.digest) is None
    assert shelf.download.fault is CatalogueFault.OLDER
    assert shelf.offered()["pension-certification"] == "1.1.0"
    # Not even after the links were taken away by hand.
    (shelf.folder / "current").unlink()
    (shelf.folder / "previous").unlink()
    shelf.restarted()
    assert shelf.follow(first.signed.digest) is None
    assert shelf.download.fault is CatalogueFault.OLDER


@pytest.mark.fault(119)
def test_one_that_somebody_else_signed(shelf: Shelf) -> None:
    stranger = Ed25519PrivateKey.generate()
    forged = publish([pension("9.9.9"), progress()], 9, NOW, stranger.private_bytes_raw())
    with pytest.raises(CatalogueError) as caught:
        shelf.publish(forged)
    assert caught.value.fault is CatalogueFault.SIGNATURE
    assert shelf.follow(shelf.hand_out(forged)) is None
    assert shelf.download.fault is CatalogueFault.SIGNATURE
    assert not (shelf.folder / "current").exists()


@pytest.mark.fault(119, 123)
def test_a_pack_that_was_altered_on_the_platform(shelf: Shelf, signed_by: Callable[..., Publication]) -> None:
    digest = shelf.publish(signed_by(1))
    with shelf.store._store.transaction() as run:
        run.execute("update pack set body = ?", (PENSION.replace("养老", "别的").encode(),))
    assert shelf.follow(digest) is None
    assert shelf.download.fault is CatalogueFault.DIGEST
    assert shelf.offered() == {"pension-certification": "1.0.0", "case-progress": "1.0.0"}


def test_a_pack_that_the_platform_lost_keeps_no_photograph_here(
    shelf: Shelf, signed_by: Callable[..., Publication]
) -> None:
    digest = shelf.publish(signed_by(1))
    with shelf.store._store.transaction() as run:
        run.execute("delete from pack")
    terminal = shelf.terminal
    hand_in(terminal, b"photograph")
    assert terminal.drain() is None
    terminal.line.enrolled("100001")
    terminal.line.succeeded(ExchangeKind.HEARTBEAT)
    terminal.line.note_queue(terminal.journal.outbox.summary())
    freight = Freight(
        terminal.client, shelf.download, terminal.line, terminal.clock, threading.Event(), retry_cap_s=1.0
    )
    freight.note_catalogue(digest)
    assert freight._cycle(terminal.journal) <= 1.0  # it is asked for again soon
    assert terminal.journal.attachments.summary().waiting == 0
    assert shelf.download.fault is CatalogueFault.DIGEST


@pytest.mark.fault(123)
@pytest.mark.parametrize(
    "text",
    ["code: [", "code: other-service\n", PENSION.replace("zh_CN", "zh_TW"), "a: &a [*a]\n"],
    ids=["not-yaml", "half-a-pack", "without-chinese", "in-a-circle"],
)
def test_a_signed_pack_that_cannot_be_loaded(
    shelf: Shelf, signed_by: Callable[..., Publication], text: str
) -> None:
    shelf.follow(shelf.publish(signed_by(1)))
    broken = SourcePack("broken-service", "1.0.0", "30-broken.yaml", text)
    digest = shelf.publish(signed_by(2, pension(), broken))
    assert shelf.follow(digest) is None
    assert shelf.download.fault is CatalogueFault.PACK
    assert offered(PACKS, shelf.folder, shelf.publisher).signed_version == 1
    assert shelf.follow(digest) is None  # nor is it asked for again


@pytest.mark.fault(123)
def test_the_line_is_cut_between_two_packs(
    shelf: Shelf, line: LineSimulator, signed_by: Callable[..., Publication]
) -> None:
    digest = shelf.publish(signed_by(1))
    asked = iter([True, False])
    assert shelf.download.follow(digest, 0, lambda: next(asked)) is None
    line.set_mode(LineMode.CUT)
    with pytest.raises(PlatformError):
        shelf.follow(digest)
    assert not (shelf.folder / "current").exists()
    line.set_mode(LineMode.UP)
    shelf.restarted()
    assert shelf.follow(digest) == 1


def test_one_that_is_valid_from_a_later_day(shelf: Shelf, signed_by: Callable[..., Publication]) -> None:
    digest = shelf.publish(signed_by(1, valid_from=datetime(2026, 12, 1, tzinfo=UTC)))
    assert shelf.follow(digest) is None
    assert shelf.follow(digest) is None  # 304: it waits already
    shelf.platform_clock.heard(datetime(2026, 12, 1, 0, 1, tzinfo=UTC), shelf.terminal.clock.monotonic())
    assert shelf.follow(digest) == 1


@pytest.mark.fault(123)
@pytest.mark.parametrize("how", ["pack", "manifest", "stray", "gone"])
def test_a_disk_that_changed_what_was_installed(
    shelf: Shelf, signed_by: Callable[..., Publication], how: str
) -> None:
    shelf.follow(shelf.publish(signed_by(1)))
    shelf.follow(shelf.publish(signed_by(2, pension("1.1.0"), progress())))
    current = shelf.folder / "current"
    match how:
        case "pack":
            file = current / "10-pension.yaml"
            file.write_text(file.read_text(encoding="utf-8") + "\n# altered", encoding="utf-8")
        case "manifest":
            (current / "catalogue.json").write_bytes(b"{}")
        case "stray":
            (current / "99-stray.yaml").write_text(PROGRESS, encoding="utf-8")
        case _:
            (current / "20-progress.yaml").unlink()
    catalogue = offered(PACKS, shelf.folder, shelf.publisher)
    assert catalogue.signed_version == 1  # the one before
    assert "not used" in str(catalogue.refused[-1])


def test_a_power_cut_at_every_step_of_the_switch(
    shelf: Shelf, signed_by: Callable[..., Publication], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done last, a whole catalogue is offered, and the next try finishes."""

    class PowerCut(BaseException):
        pass

    shelf.follow(shelf.publish(signed_by(1)))
    digest = shelf.publish(signed_by(2, pension("1.1.0"), progress()))
    steps = 0
    while True:
        left = iter(range(steps))

        def fsync(descriptor: int, left: Any = left) -> None:
            if next(left, None) is None:
                raise PowerCut

        monkeypatch.setattr("kiosk.catalogue.installed.os.fsync", fsync)
        shelf.restarted()
        try:
            done = shelf.follow(digest)
        except PowerCut:
            steps += 1
            assert offered(PACKS, shelf.folder, shelf.publisher).signed_version in (1, 2)
            continue
        break
    assert steps > 4
    assert done == 2 or offered(PACKS, shelf.folder, shelf.publisher).signed_version == 2


def test_without_a_publisher_nothing_is_downloaded(platform: Platform, terminal: Any) -> None:
    download = CatalogueDownload(terminal.client, PlatformClock(terminal.clock), terminal.folder / "c", None)
    assert download.follow("ab" * 32, 0, lambda: True) is None
    assert download.current_digest == ""
    assert offered(PACKS, terminal.folder / "c", None).signed_version is None


def test_an_operator_publishes(
    platform: Platform, platform_url: str, key: Ed25519PrivateKey, signed_by: Callable[..., Publication]
) -> None:
    content = msgspec.json.encode(signed_by(1))
    headers = {"authorization": f"Bearer {platform.keys.operator_token}"}

    def post(body: bytes, told: dict[str, str]) -> requests.Response:
        return requests.post(f"{platform_url}/v1/operator/catalogue", data=body, headers=told, timeout=5)

    assert post(content, {}).status_code == 401
    refused = post(content, headers)
    assert (refused.status_code, refused.json()["type"].endswith("catalogue-signature")) == (422, True)
    CatalogueStore(platform.store).trust(key.public_key().public_bytes_raw())
    assert post(content, headers).status_code == 200
    assert post(content, headers).status_code == 200  # the same again is no fault
    assert post(b"{", headers).status_code == 422


def test_signing_from_the_command_line(tmp_path: Path, shelf: Shelf) -> None:
    run = CliRunner()
    made = run.invoke(services, ["new-key", str(tmp_path / "p.key")])
    assert made.exit_code == 0
    publisher = bytes.fromhex(made.output.strip())
    assert os.stat(tmp_path / "p.key").st_mode & 0o077 == 0
    assert run.invoke(services, ["new-key", str(tmp_path / "p.key")]).exit_code == 1
    out = tmp_path / "catalogue.json"
    packs = [str(file) for file in sorted(PACKS.glob("*.yaml"))]
    common = ["sign", "--key", str(tmp_path / "p.key"), "--out", str(out)]
    done = run.invoke(services, [*common, "--version", "7", *packs])
    assert done.exit_code == 0, done.output
    assert verified(decode_publication(out.read_bytes()).signed, publisher).version == 7
    (tmp_path / "bad.yaml").write_text("code: [", encoding="utf-8")
    assert run.invoke(services, [*common, "--version", "8", str(tmp_path / "bad.yaml")]).exit_code == 1
    assert run.invoke(services, [*common, "--version", "8", "--valid-from", "soon", *packs]).exit_code == 2
    listed = run.invoke(services, ["list"])
    assert "unsigned" in listed.output
    config = tmp_path / "linban.toml"
    config.write_text(
        f'[paths]\nstate_dir = "{shelf.terminal.folder}"\n[platform]\npublisher_key = "{shelf.publisher.hex()}"\n'
    )
    shelf.follow(shelf.publish(publish([pension()], 5, NOW - timedelta(days=1), _raw(shelf))))
    listed = run.invoke(services, ["list", "--config", str(config), "--json"])
    assert [row["signed_version"] for row in json.loads(listed.output)] == [5]


def _raw(shelf: Shelf) -> bytes:
    """A new publisher whom both ends trust from now on."""
    key = Ed25519PrivateKey.generate()
    shelf.publisher = key.public_key().public_bytes_raw()
    shelf.store.trust(shelf.publisher)
    shelf.restarted()
    config = shelf.terminal.folder.parent / "linban.toml"
    if config.exists():
        text = config.read_text()
        start = text.index('publisher_key = "') + len('publisher_key = "')
        config.write_text(text[:start] + shelf.publisher.hex() + text[start + 64 :])
    assert InstalledCatalogues(shelf.folder, shelf.publisher).current() is None
    return key.private_bytes_raw()


def test_a_publisher_is_made_known_on_the_platforms_machine(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    from sync.central.command import central

    public, run = key.public_key().public_bytes_raw().hex(), CliRunner()
    common = ["--data", str(tmp_path), "publisher"]
    assert run.invoke(central, common).output == ""
    assert run.invoke(central, [*common, public]).output.strip() == public
    assert run.invoke(central, [*common, public]).output.strip() == public
    assert run.invoke(central, [*common, "not a key"]).exit_code == 2


@pytest.mark.fault(123)
def test_a_pack_of_ten_megabytes(shelf: Shelf, signed_by: Callable[..., Publication]) -> None:
    """Its publisher is told; and a platform that hands it out all the same changes nothing here."""
    digest = shelf.publish(signed_by(1))
    assert shelf.follow(digest) == 1
    huge = SourcePack("huge-service", "1.0.0", "30-huge.yaml", PENSION + "# " + "字" * 3_500_000)
    publication = signed_by(2, pension(), huge)
    with pytest.raises(CatalogueError) as caught:
        shelf.publish(publication)
    assert caught.value.fault is CatalogueFault.SHAPE
    assert shelf.follow(shelf.hand_out(publication)) is None
    assert shelf.download.fault is CatalogueFault.SHAPE
    assert offered(PACKS, shelf.folder, shelf.publisher).signed_version == 1
