"""`kiosk services`: the service packs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from kiosk.catalogue.loader import load_catalogue, load_pack
from kiosk.config import PACKAGE_ROOT
from kiosk.errors import PackError

_OWN_PACKS = PACKAGE_ROOT / "assets" / "packs"


@click.group()
def services() -> None:
    """The service packs: list and check them."""


@services.command("list")
@click.option(
    "--packs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=_OWN_PACKS,
    help="Folder.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_services(packs: Path, as_json: bool) -> None:
    """What this terminal offers.

    \b
    Example:
      kiosk services list --json
    """
    catalogue = load_catalogue(packs)
    rows = [
        {
            "code": pack.code,
            "revision": pack.revision,
            "name": pack.name.zh_CN,
            "block": pack.block.value,
            "offline": pack.offline.value,
            "questions": len(pack.fields),
        }
        for pack in catalogue.packs.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            click.echo(f"{row['code']:<24} {row['revision']:<20} {row['block']:<8} {row['name']}")
    for error in catalogue.refused:
        click.echo(f"refused: {error}", err=True)
    sys.exit(1 if catalogue.refused else 0)


@services.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
def check(files: tuple[Path, ...]) -> None:
    """Check pack FILES (default: all of ours); each fault is named with its file and line.

    \b
    Example:
      kiosk services check my-service.yaml
    """
    faulty = 0
    for file in files or tuple(sorted(_OWN_PACKS.glob("*.yaml"))):
        try:
            pack = load_pack(file)
            click.echo(f"{file.name}: good ({pack.code} {pack.revision})")
        except PackError as error:
            faulty += 1
            click.echo(str(error), err=True)
    sys.exit(1 if faulty else 0)
