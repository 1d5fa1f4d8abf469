"""A vendor attaches a driver without touching this tree: an installed entry point, named in the settings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.host import Host
from devices.id_card.kind import KIND
from devices.registry import make_driver
from kiosk.clock import SystemClock
from kiosk.commands.simulate import simulate
from kiosk.config import PathSettings, Settings, load
from kiosk.device_settings import DeviceSettings, IdCardReaderSettings, SocialCardReaderSettings
from kiosk.domain.device_status import DeviceClass, DeviceState
from kiosk.errors import ConfigError
from kiosk.ipc import IpcClient
from kiosk.ports import IdCardReader

SOURCE = """
from devices.id_card.kind import KIND


def make(settings, clock):
    return KIND.drivers["sdt"](settings, clock)


def make_nothing(settings, clock):
    return object()
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution with two drivers, one of which is none."""
    place = tmp_path / "site"
    info = place / "acme_readers-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "acme_readers.py").write_text(SOURCE, encoding="utf-8")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-readers\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[linban.drivers]\nx-acme = acme_readers:make\nx-empty = acme_readers:make_nothing\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.delitem(sys.modules, "acme_readers", raising=False)


def named(driver: str) -> DeviceSettings:
    return DeviceSettings(id_card_reader=IdCardReaderSettings(driver=driver, port="/dev/null"))


@pytest.mark.usefixtures("acme")
def test_the_settings_name_it_and_it_is_made(tmp_path: Path) -> None:
    file = tmp_path / "linban.toml"
    file.write_text('[devices.id_card_reader]\ndriver = "x-acme"\nport = "/dev/null"\n', encoding="utf-8")
    driver = make_driver(KIND, load(file).devices, SystemClock())
    assert isinstance(driver, IdCardReader)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("name", "complaint"), [("x-empty", "made no driver"), ("x-nobody", "one of sdt, x-")]
)
def test_what_is_no_driver_is_refused_by_name(name: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make_driver(KIND, named(name), SystemClock())


@pytest.mark.usefixtures("acme")
def test_it_is_put_through_the_contract_of_its_class(tmp_path: Path) -> None:
    words = ["--conformance", "x-acme", "--class", "id_card_reader", "--out", str(tmp_path)]
    done = CliRunner().invoke(simulate, words)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "x-acme.html").is_file()


def test_without_its_class_it_is_asked_for() -> None:
    done = CliRunner().invoke(simulate, ["--conformance", "x-acme"])
    assert done.exit_code == 2
    assert "--class" in done.output


def test_a_driver_whose_library_is_missing_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "devices.transport.usb_bulk", raising=False)
    monkeypatch.setitem(sys.modules, "usb.core", None)
    settings = Settings(
        paths=PathSettings(state_dir=tmp_path, run_dir=tmp_path),
        devices=DeviceSettings(
            id_card_reader=IdCardReaderSettings(port="usb:0400:C35A"),
            social_card_reader=SocialCardReaderSettings(reader=f"sim:{tmp_path}/slot"),
        ),
    )
    host = Host(settings)
    host.start()
    try:
        assert host.statuses()[DeviceClass.ID_CARD_READER].state is DeviceState.NO_DEVICE
        with IpcClient(settings.devices_socket) as peer:
            assert peer.call("id_card.start", session="s1") == {}
    finally:
        host.close()
    assert "driver not loaded" in caplog.text
