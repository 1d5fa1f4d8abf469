"""`kiosk simulate`: one word to the package whose device is played."""

from __future__ import annotations

import click

from kiosk.cli import load_command

_DEVICES = {
    "id-card-reader": "devices.simulate:id_card_reader",
    "receipt-printer": "devices.simulate:receipt_printer",
    "barcode-scanner": "devices.simulate:barcode_scanner",
    "line": "sync.line_simulator:simulate_line",
}


class _DeviceGroup(click.Group):
    """Loads a simulator only when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_DEVICES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load_command(_DEVICES[cmd_name]) if cmd_name in _DEVICES else None


@click.group(cls=_DeviceGroup)
def simulate() -> None:
    r"""Play a device, or the line to the platform, with real bytes.

    \b
    Examples:
      kiosk simulate id-card-reader --link /tmp/reader
      kiosk simulate receipt-printer --link /tmp/printer --control /tmp/printer.sock
      kiosk simulate line --listen 127.0.0.1:8001 --to 127.0.0.1:8000
    """
