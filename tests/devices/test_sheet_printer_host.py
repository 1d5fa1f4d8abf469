"""The A4 printer as the face sees it: through the devices process, from a stuck tray to a pulled plug."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devices.host import Host
from devices.sheet_printer.simulator import SheetPrinterSimulator
from kiosk.config import PathSettings, Settings
from kiosk.device_settings import DeviceSettings, SheetPrinterSettings
from kiosk.errors import ConfigError, IpcError
from kiosk.ipc import IpcClient
from tests.devices.print_world import ONE_SHEET, a_printer, needs_printer

PAGE = msgspec.to_builtins(ONE_SHEET)


def settings_for(uri: str, folder: Path) -> Settings:
    return Settings(
        paths=PathSettings(state_dir=folder, run_dir=folder),
        devices=DeviceSettings(sheet_printer=SheetPrinterSettings(uri=uri)),
    )


class Peer:
    def __init__(self, socket: Path) -> None:
        self.client = IpcClient(socket)

    def wait_for(self, method: str, timeout_s: float = 20.0, **wanted: Any) -> dict[str, Any]:
        """The parameters of the next `method` in which each of these stands."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for message in self.client.notifications(0.05):
                if message.method == method and _has(message.params, wanted):
                    return message.params
        raise AssertionError(f"no {method} with {wanted}")


def _has(params: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(
        _has(params[key], value) if isinstance(value, dict) else params.get(key) == value
        for key, value in wanted.items()
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[SheetPrinterSimulator, Peer]]:
    with a_printer() as simulator:
        settings = settings_for(simulator.uri, tmp_path)
        host = Host(settings)
        host.start()
        peer = Peer(settings.devices_socket)
        try:
            yield simulator, peer
        finally:
            peer.client.close()
            host.close()


@needs_printer
def test_a_page_is_asked_for_waits_for_paper_and_is_printed(
    world: tuple[SheetPrinterSimulator, Peer],
) -> None:
    simulator, peer = world
    peer.wait_for("device.status", device="sheet_printer", status={"state": "online"})
    simulator.put(paper="out")
    peer.wait_for("device.status", device="sheet_printer", status={"paper": "out"})
    peer.client.call("sheet_printer.print", job="a", page=PAGE)
    with pytest.raises(IpcError):
        peer.client.call("sheet_printer.print", job="b", page=PAGE)
    peer.wait_for("sheet_printer.progress", job="a", progress={"waiting": "paper"})
    simulator.put(paper="full")
    peer.wait_for("sheet_printer.outcome", job="a", outcome={"verdict": "printed", "fault": "none"})
    peer.client.call("sheet_printer.print", job="a", page=PAGE)
    peer.wait_for("sheet_printer.outcome", job="a", outcome={"verdict": "printed"})
    assert simulator.sheets == 1


@pytest.mark.slow
@needs_printer
def test_the_plug_is_pulled_and_put_back(world: tuple[SheetPrinterSimulator, Peer]) -> None:
    simulator, peer = world
    peer.wait_for("device.status", device="sheet_printer", status={"state": "online"})
    simulator.unplug()
    peer.wait_for("device.status", device="sheet_printer", status={"state": "offline"})
    peer.client.call("sheet_printer.print", job="a", page=PAGE)
    peer.wait_for("sheet_printer.outcome", job="a", outcome={"verdict": "failed", "fault": "no_printer"})
    simulator.plug()
    peer.wait_for("device.status", timeout_s=5.0, device="sheet_printer", status={"state": "online"})
    peer.client.call("sheet_printer.clear")
    peer.client.call("sheet_printer.print", job="b", page=PAGE)
    peer.wait_for("sheet_printer.outcome", job="b", outcome={"verdict": "printed"})


@pytest.mark.parametrize("uri", ["ipp://printer:99999/ipp/print", "ipp://[half/ipp/print"])
def test_an_impossible_address_is_a_mistake_in_the_settings(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Host(settings_for(uri, tmp_path))
