"""The `kiosk` command. Each subcommand is loaded, by name, only when it is called.

The names are strings on purpose: the core imports none of the other packages, and `kiosk version`
must not pay for FastAPI.
"""

from __future__ import annotations

import importlib
import sys

import click

from kiosk.errors import LinbanError

_COMMANDS = {
    "run": ("kiosk.commands.run:run", "Run the terminal (or, with --demo, a whole simulated one)."),
    "demo": ("kiosk.commands.demo:demo", "A scripted resident goes through a service, without a screen."),
    "doctor": ("kiosk.commands.doctor:doctor", "What works on this machine, what does not, and what to do."),
    "queue": ("kiosk.commands.queue:queue", "The cases waiting on this terminal."),
    "services": ("kiosk.commands.services:services", "The service packs: list and check them."),
    "simulate": (
        "kiosk.commands.simulate:simulate",
        "A device or a line that is not there, speaking real bytes.",
    ),
    "central": ("sync.central.command:central", "The reference central platform."),
    "central-stick": (
        "sync.central.stick_command:central_stick",
        "Take in what terminals without a line put on a stick.",
    ),
    "enrol": ("kiosk.commands.enrol:enrol", "Register this terminal with a one-time code."),
    "bench": ("kiosk.commands.bench:bench", "Measure, beside a yardstick in the same run."),
    "config": ("kiosk.commands.config:config", "Every setting with its meaning; check a settings file."),
    "version": ("kiosk.commands.version:version", "Versions of Linban and of what it stands on."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in _COMMANDS:
            return None
        return load_command(_COMMANDS[cmd_name][0])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


def load_command(place: str) -> click.Command:
    """The click command at `module:name`."""
    module, _, name = place.partition(":")
    command = getattr(importlib.import_module(module), name)
    if not isinstance(command, click.Command):
        raise TypeError(f"{place} is not a command")
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def kiosk() -> None:
    """Linban (邻办): a government self-service terminal.

    \b
    Examples:
      kiosk run --demo            a terminal with simulated devices and its own platform
      kiosk demo --out pictures   a scripted resident; every screen as a picture
      kiosk doctor                what works here
    """


def main() -> None:
    """Entry point: an expected error is one sentence on standard error and exit code 1."""
    try:
        kiosk()
    except LinbanError as error:
        click.echo(f"kiosk: {error}", err=True)
        sys.exit(1)
