"""Reads the service packs of a folder (YAML) into a catalogue; a faulty pack stops nothing but itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

from kiosk.catalogue.pack import Block, FieldType, Pack, ServiceKind
from kiosk.catalogue.pack_text import NotYaml, read_tree
from kiosk.errors import PackError

MAX_PACK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The services offered, by code, in the order of their files, and the packs that were refused."""

    packs: dict[str, Pack]
    refused: tuple[PackError, ...] = field(default=())
    signed_version: int | None = None
    """The publisher's number of this catalogue; None for an unsigned folder."""

    def get(self, code: str) -> Pack | None:
        """The service `code`, or None when this terminal does not offer it."""
        return self.packs.get(code)

    def in_block(self, block: Block) -> list[Pack]:
        """The services of one block of the home page; 问一问 tells about all of them."""
        return [pack for pack in self.packs.values() if block in (pack.block, Block.CONSULT)]

    def frequent(self) -> list[Pack]:
        """大家常办."""
        return [pack for pack in self.packs.values() if pack.frequent]

    def of_kind(self, kind: ServiceKind) -> Pack | None:
        """The first service of a kind, or None."""
        return next((pack for pack in self.packs.values() if pack.kind is kind), None)


def load_catalogue(folder: Path) -> Catalogue:
    """Every pack in `folder`; those that cannot be used are named in `refused`, never half-used."""
    packs: dict[str, Pack] = {}
    refused: list[PackError] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            pack = load_pack(file)
            if pack.code in packs:
                raise PackError(file.name, f"the code {pack.code} belongs to another pack")
            packs[pack.code] = pack
        except PackError as error:
            refused.append(error)
    if not packs and not refused:
        refused.append(PackError(str(folder), "no service packs here"))
    return Catalogue(packs, tuple(refused))


def load_pack(file: Path) -> Pack:
    """One pack. Raises `PackError` with file, line and what is wrong."""
    try:
        if file.stat().st_size > MAX_PACK_BYTES:
            raise PackError(file.name, f"larger than {MAX_PACK_BYTES} bytes")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(file.name, f"cannot be read: {error}") from error
    try:
        node, tree = read_tree(text)
    except NotYaml as error:
        raise PackError(file.name, f"not YAML: {error.problem}", error.line) from error
    try:
        pack = msgspec.convert(tree, Pack)
    except msgspec.ValidationError as error:
        path = re.search(r"at `\$\.?([^`]*)`", str(error))
        line = _line_of(node, re.findall(r"[\w]+", path[1]) if path else [])
        raise PackError(file.name, str(error), line) from error
    if problem := _inconsistency(pack):
        raise PackError(file.name, problem)
    return pack


def _inconsistency(pack: Pack) -> str | None:
    """What the types alone cannot say."""
    keys = [item.key for item in pack.fields]
    if len(set(keys)) != len(keys):
        return "two questions have the same key"
    for item in pack.fields:
        if (item.type is FieldType.CHOICE) != bool(item.choices):
            return f"{item.key}: choices belong to questions of type choice, and those need them"
        if item.min_length > item.max_length:
            return f"{item.key}: min_length is larger than max_length"
    if pack.kind is ServiceKind.CASE_PROGRESS and [f.type for f in pack.fields] != [FieldType.RECEIPT_NUMBER]:
        return "a progress look-up asks for exactly one receipt number"
    return None


def _line_of(node: yaml.Node | None, path: list[str]) -> int | None:
    """The line (from 1) of the node at `path`, or of the nearest one above it."""
    if node is None:
        return None
    for step in path:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            found = node.value[int(step)]
        if found is None:
            break
        node = found
    return int(node.start_mark.line) + 1
