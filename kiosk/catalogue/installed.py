"""Catalogues on this terminal's disk: one folder a catalogue, a link to the one in use, and the one before it.

    catalogue/
      current -> sets/3-5f0c…      replaced in one rename, so there is always a whole one
      previous -> sets/2-91ab…     what is offered again when the current one does not verify any more
      sets/3-5f0c…/catalogue.json  the signed manifest; beside it the packs
      highest                      the highest version ever in use here: it never goes down

The process that downloads writes here, the face reads; a catalogue is verified again at every reading.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import msgspec

from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.catalogue.signature import (
    Manifest,
    SignedManifest,
    check_pack,
    decode_signed,
    digest_of,
    verified,
)
from kiosk.durability import sync_path
from kiosk.errors import CatalogueError, CatalogueFault, PackError

_MANIFEST = "catalogue.json"
_CURRENT, _PREVIOUS, _HIGHEST = "current", "previous", "highest"


@dataclass(frozen=True, slots=True)
class InstalledCatalogue:
    """A catalogue that verified and whose packs all load."""

    digest: str
    version: int
    catalogue: Catalogue


class InstalledCatalogues:
    """The folder. `publisher` is the raw public key from the settings."""

    def __init__(self, folder: Path, publisher: bytes) -> None:
        self._folder, self._publisher = folder, publisher

    def current(self) -> InstalledCatalogue | None:
        """The one in use; the one before it when that is damaged; None when there is none."""
        for name in (_CURRENT, _PREVIOUS):
            with suppress(CatalogueError):
                return self._load(self._folder / name)
        return None

    def fault(self) -> CatalogueFault | None:
        """Why the current one is not used; None when it is, or when there is none."""
        if not (self._folder / _CURRENT).is_symlink():
            return None
        try:
            self._load(self._folder / _CURRENT)
        except CatalogueError as error:
            return error.fault
        return None

    def highest_version(self) -> int:
        """The highest version that was ever in use here."""
        found = [0]
        with suppress(OSError, ValueError):
            found.append(int((self._folder / _HIGHEST).read_text(encoding="ascii")))
        for name in (_CURRENT, _PREVIOUS):
            with suppress(CatalogueError):
                found.append(self._manifest(self._folder / name)[1].version)
        return max(found)

    def require_newer(self, signed: SignedManifest, manifest: Manifest) -> None:
        """Raises `CatalogueError(OLDER)` for a catalogue that does not go forward.

        The very one that was put here once may come again: it was damaged since, or a power cut came before its turn.
        """
        highest = self.highest_version()
        again = manifest.version == highest and any(self._sets().glob(f"{_set_name(signed, manifest)}*"))
        if manifest.version <= highest and not again:
            raise CatalogueError(CatalogueFault.OLDER, f"version {manifest.version} after {highest}")

    def known_pack(self, digest: str) -> bytes | None:
        """The bytes of a pack that some catalogue here has already, a half-downloaded one included."""
        for file in self._pack_files():
            with suppress(OSError):
                content = file.read_bytes()
                if digest_of(content) == digest:
                    return content
        return None

    def keep_pack(self, signed: SignedManifest, name: str, content: bytes) -> None:
        """Keep one pack of a catalogue that is still being downloaded."""
        draft = self._draft(signed)
        draft.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(draft / name, content)

    def activate(self, signed: SignedManifest) -> InstalledCatalogue:
        """Verify, load and then switch to a catalogue whose packs were all kept, in one rename.

        Raises `CatalogueError`; the one in use stays in use then.
        """
        manifest = verified(signed, self._publisher)
        self.require_newer(signed, manifest)
        draft = self._draft(signed)
        draft.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = {pack.file for pack in manifest.packs}
        for stray in draft.iterdir():
            if stray.name not in wanted:
                stray.unlink()
        _write(draft / _MANIFEST, msgspec.json.encode(signed))
        self._load(draft)
        sync_path(draft)
        final = self._free_name(_set_name(signed, manifest))
        draft.rename(final)
        sync_path(final.parent)
        with suppress(OSError, CatalogueError):
            self._load(self._folder / _CURRENT)  # a damaged one is nothing to go back to
            _link(self._folder / _PREVIOUS, (self._folder / _CURRENT).readlink())
        _link(self._folder / _CURRENT, final.relative_to(self._folder))
        sync_path(self._folder)
        # Last: a power cut before the switch must not leave a number that the catalogue in use does not have.
        _write(self._folder / _HIGHEST, str(manifest.version).encode("ascii"))
        self._drop_unused()
        return self._load(final)

    def _load(self, folder: Path) -> InstalledCatalogue:
        folder = folder.resolve()  # once: the link may be pointed at another one while this one is read
        signed, manifest = self._manifest(folder)
        for listed in manifest.packs:
            try:
                check_pack(listed, (folder / listed.file).read_bytes())
            except OSError as error:
                raise CatalogueError(CatalogueFault.DIGEST, f"{listed.file}: {error}") from error
        found = {file.name for file in folder.glob("*.yaml")}
        if found != {listed.file for listed in manifest.packs}:
            raise CatalogueError(CatalogueFault.DIGEST, "a pack that is not listed")
        catalogue = load_catalogue(folder)
        if catalogue.refused:
            raise CatalogueError(CatalogueFault.PACK, str(catalogue.refused[0]))
        said = {(listed.code, listed.version) for listed in manifest.packs}
        if {(pack.code, pack.version) for pack in catalogue.packs.values()} != said:
            raise CatalogueError(CatalogueFault.PACK, "the packs are not what the manifest calls them")
        return InstalledCatalogue(signed.digest, manifest.version, catalogue)

    def _manifest(self, folder: Path) -> tuple[SignedManifest, Manifest]:
        try:
            signed = decode_signed((folder / _MANIFEST).read_bytes())
        except OSError as error:
            raise CatalogueError(CatalogueFault.SHAPE, str(error)) from error
        return signed, verified(signed, self._publisher)

    def _draft(self, signed: SignedManifest) -> Path:
        return self._sets() / f"{signed.digest[:16]}.part"

    def _sets(self) -> Path:
        return self._folder / "sets"

    def _free_name(self, name: str) -> Path:
        """Nothing that may be in use is written over."""
        names = chain((name,), (f"{name}.{number}" for number in count(2)))
        return next(self._sets() / one for one in names if not (self._sets() / one).exists())

    def _pack_files(self) -> Iterator[Path]:
        yield from self._sets().glob("*/*.yaml")

    def _drop_unused(self) -> None:
        """Keep the current and the previous one; drafts of others too are of no use any more."""
        kept = set()
        for name in (_CURRENT, _PREVIOUS):
            with suppress(OSError):
                kept.add((self._folder / name).readlink().name)
        for folder in self._sets().iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def offered(packs_dir: Path, installed: Path, publisher: bytes | None) -> Catalogue:
    """What this terminal offers: the signed catalogue where a publisher is set, else the unsigned folder.

    With a publisher but without a usable catalogue (the first start, a damaged disk) the packs that came with the
    program are offered: they are as trusted as the program is.
    """
    if publisher is None:
        return load_catalogue(packs_dir)
    catalogues = InstalledCatalogues(installed, publisher)
    found = catalogues.current()
    if found is None:
        catalogue = load_catalogue(packs_dir)
        fault = catalogues.fault()
    else:
        catalogue = Catalogue(found.catalogue.packs, found.catalogue.refused, found.version)
        fault = catalogues.fault()
    if fault is not None:
        refused = (*catalogue.refused, PackError(str(installed / _CURRENT), f"not used: {fault.value}"))
        return Catalogue(catalogue.packs, refused, catalogue.signed_version)
    return catalogue


def _set_name(signed: SignedManifest, manifest: Manifest) -> str:
    return f"{manifest.version}-{signed.digest[:16]}"


def _write(file: Path, content: bytes) -> None:
    """Whole and on the disk, or not there."""
    draft = file.with_name(f".{file.name}.part")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _link(link: Path, target: Path) -> None:
    """Point `link` at `target` in one step: a reader sees the old one or the new one."""
    draft = link.with_name(f".{link.name}.part")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)
