"""`kiosk central-stick`: take in what terminals without a line put on a stick."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click


@click.command("central-stick")
@click.argument("stick", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--database",
    default=None,
    metavar="URL",
    help="sqlite:///FILE or postgresql://…  [default: central.db in --data]",
)
@click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("linban-central"),
    show_default=True,
    help="Folder of the platform's keys.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def central_stick(stick: Path, database: str | None, data_dir: Path, as_json: bool) -> None:
    """Take the folder STICK in as if it had come over the line, and write the signed answers beside it.

    May run beside the platform, and again as often as you like: nothing is stored twice.

    \b
    Example:
      kiosk central-stick /media/stick --data /var/lib/linban-central
    """
    from sync.central.server import build_platform
    from sync.central.stick import import_stick
    from sync.stick_words import in_sentences, sentence, show

    if not data_dir.is_dir():
        raise click.ClickException(f"{data_dir}: no such folder; --data names the platform's")
    platform = build_platform(database or data_dir / "central.db", data_dir)
    try:
        with in_sentences():
            taken = import_stick(platform, stick)
    finally:
        platform.store.close()
    report = [{**asdict(one), "refused": [sentence(fault) for fault in one.refused]} for one in taken]
    lines = []
    for one in taken:
        lines.append(
            f"terminal {one.terminal_number}: {one.stored} new, {one.known} known, {one.set_apart} set apart,"
            f" {one.answered} files answered, {one.attachments} attachments"
        )
        lines += [f"  {sentence(fault)}" for fault in one.refused]
    show({"terminals": report}, as_json, lines)
    if any(one.refused for one in taken):
        raise SystemExit(1)
