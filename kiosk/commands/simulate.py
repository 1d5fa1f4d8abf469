"""`kiosk simulate`: hands over to the package whose device, or line, is played."""

from __future__ import annotations

from functools import partial

import click

from kiosk.cli import load_command

_DEVICES = ("id-card-reader", "receipt-printer", "barcode-scanner")
_LINE = "line"


class _DeviceGroup(click.Group):
    """Loads a simulator only when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_DEVICES, _LINE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == _LINE:
            return load_command("sync.line_simulator:simulate_line")
        if cmd_name not in _DEVICES:
            return None
        one_for_all = load_command("devices.simulate:simulate")
        if one_for_all.callback is None:
            return None
        return click.Command(
            cmd_name,
            params=[parameter for parameter in one_for_all.params if parameter.name != "device"],
            callback=partial(one_for_all.callback, device=cmd_name),
            help=f"A simulated {cmd_name} that speaks the real one's bytes behind a port of its own.",
            epilog=one_for_all.epilog,
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("What can be played"):
            formatter.write_dl(
                [
                    (
                        "id-card-reader",
                        "A SAM reader: cards to lay down, every fault a card and a cable can have.",
                    ),
                    ("receipt-printer", "An ESC/POS printer that renders what it prints."),
                    ("barcode-scanner", "A serial scanner."),
                    ("line", "The line to the platform: up, cut, slow, answers lost, a portal in the way."),
                ]
            )


@click.group(cls=_DeviceGroup)
def simulate() -> None:
    """Play a device, or the line to the platform, with real bytes.

    \b
    Examples:
      kiosk simulate id-card-reader --link /tmp/reader
      kiosk simulate receipt-printer --link /tmp/printer --control /tmp/printer.sock
      kiosk simulate line --listen 127.0.0.1:8001 --to 127.0.0.1:8000
    """
