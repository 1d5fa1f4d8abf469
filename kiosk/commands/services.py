"""`kiosk services`: the service packs, and the catalogue that a publisher signs of them."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from kiosk.catalogue.loader import Catalogue, load_catalogue, load_pack
from kiosk.config import PACKAGE_ROOT, load
from kiosk.errors import CatalogueError, LinbanError, PackError

_OWN_PACKS = PACKAGE_ROOT / "assets" / "packs"
_KEY_BYTES = 32


@click.group()
def services() -> None:
    """The service packs: list, check and sign them."""


@services.command("list")
@click.option(
    "--packs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="An unsigned folder, as it is.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="What the terminal with these settings offers.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_services(packs: Path | None, config_file: Path | None, as_json: bool) -> None:
    """What is offered, and whether a publisher signed it.

    \b
    Examples:
      kiosk services list --config /etc/linban/linban.toml
      kiosk services list --packs ./packs --json
    """
    catalogue = _catalogue(packs, config_file)
    signed = catalogue.signed_version
    rows = [
        {
            "code": pack.code,
            "revision": pack.revision,
            "name": pack.name.zh_CN,
            "block": pack.block.value,
            "offline": pack.offline.value,
            "questions": len(pack.fields),
            "signed_version": signed,
        }
        for pack in catalogue.packs.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        click.echo("unsigned: for development" if signed is None else f"signed catalogue, version {signed}")
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


@services.command("new-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def new_key(file: Path) -> None:
    """Make a publisher's key in FILE and print the public half, for `publisher_key` in the terminals' settings.

    \b
    Example:
      kiosk services new-key publisher.key
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}; nothing was written") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.private_bytes_raw())
    click.echo(key.public_key().public_bytes_raw().hex())


@services.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path, exists=True), required=True, help="Publisher's key."
)
@click.option(
    "--version", "number", type=click.IntRange(1), required=True, help="Greater than the last one's."
)
@click.option("--valid-from", "valid_from", default=None, metavar="TIME", help="RFC 3339; default: at once.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The publication."
)
def sign(files: tuple[Path, ...], key_file: Path, number: int, valid_from: str | None, out: Path) -> None:
    """Check pack FILES and sign them as one catalogue, for the platform to hand out.

    \b
    Example:
      kiosk services sign --key publisher.key --version 7 --out catalogue-7.json packs/*.yaml
    """
    import msgspec

    from kiosk.catalogue.signature import SourcePack, decode_publication, publish

    key = key_file.read_bytes()
    if len(key) != _KEY_BYTES:
        raise click.ClickException(
            f"{key_file}: a publisher's key has {_KEY_BYTES} bytes; see `kiosk services new-key`"
        )
    try:
        packs = [(load_pack(file), file) for file in files]
        sources = [
            SourcePack(pack.code, pack.version, file.name, file.read_text(encoding="utf-8"))
            for pack, file in packs
        ]
        publication = publish(sources, number, _moment(valid_from), key)
        content = msgspec.json.encode(publication)
        decode_publication(content)
    except (PackError, CatalogueError) as error:
        raise click.ClickException(str(error)) from error
    out.write_bytes(content)
    click.echo(f"{out}: version {number}, {len(sources)} packs, {publication.signed.digest}")


def _catalogue(packs: Path | None, config_file: Path | None) -> Catalogue:
    if config_file is None:
        return load_catalogue(packs or _OWN_PACKS)
    from kiosk.catalogue.installed import offered

    try:
        settings = load(config_file)
    except LinbanError as error:
        raise click.ClickException(str(error)) from error
    return offered(packs or settings.paths.packs_dir, settings.catalogue_dir, settings.publisher_key)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a time like 2026-12-01T00:00:00+08:00") from error
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} needs a time zone")
    return moment.astimezone(UTC)
