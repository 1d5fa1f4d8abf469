"""`kiosk config`: the settings, explained and checked."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.config import DEFAULT_FILE, describe, load


@click.group()
def config() -> None:
    """Every setting with its meaning; check a settings file."""


@config.command()
def example() -> None:
    """Print a settings file with every key, its meaning and its default.

    \b
    Example:
      kiosk config example > linban.toml
    """
    click.echo(describe(), nl=False)


@config.command()
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT_FILE)
def check(file: Path) -> None:
    """Check FILE: a wrong key or value is named with its line."""
    load(file)
    click.echo(f"{file}: good")
