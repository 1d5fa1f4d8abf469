"""`kiosk version`."""

from __future__ import annotations

import json
import platform
from importlib import metadata

import click

from kiosk import __version__

_LIBRARIES = (
    "PySide6-Essentials",
    "sqlcipher3",
    "cryptography",
    "msgspec",
    "pyserial",
    "requests",
    "fastapi",
)


def versions() -> dict[str, str]:
    """Linban, Python, SQLite (the one in use, not the system's) and the main libraries."""
    found = {"linban": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    try:
        import sqlcipher3.dbapi2 as sqlite

        found["sqlite"] = sqlite.sqlite_version
    except ImportError:
        found["sqlite"] = "not installed"
    return found


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def version(as_json: bool) -> None:
    """Versions of Linban and of what it stands on."""
    found = versions()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    width = max(map(len, found))
    for name, value in found.items():
        click.echo(f"{name:<{width}}  {value}")
