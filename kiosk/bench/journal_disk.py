"""A disk that loses its power: only what was synced is sure to be there afterwards.

The model, as strict as a journaling file system on a drive with a volatile cache:

* what was written and not synced is there, or not, or half (sectors of 512 bytes), in any order, and a sector
  that the power left in the middle may hold anything;
* names (made, moved, taken away) become sure when their folder is synced; until then some first part of the
  changes happened, because every journaling file system keeps them in order;
* files that are only ever mapped into memory, as SQLite's `-shm` is, are not written at all.
"""

from __future__ import annotations

import posixpath
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.bench.journal_calls import Call, CallKind

SECTOR_BYTES = 512
_IN_MEMORY_ONLY = "-shm"


class Damage(StrEnum):
    """What becomes of everything that was not synced."""

    LOST = "lost"
    """None of it is there: what a model with "only synced bytes survive" says."""
    KEPT = "kept"
    """All of it is there: a process that was killed, not a machine."""
    SOME = "some"
    """Some of the writes are there, in another order."""
    TORN = "torn"
    """Some sectors of some writes are there; some hold garbage."""
    CUT = "cut"
    """A first part of the writes is there, the last of them in half."""


@dataclass(slots=True)
class _File:
    durable: bytearray
    unsynced: list[Call] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Renaming:
    """A change of names: `path` means `file` from here on, or nothing; `gone` means nothing."""

    path: str
    file: int | None
    gone: str = ""


class Disk:
    """Files, what of them is sure, and what is not yet."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._files = [_File(bytearray(content)) for content in (files or {}).values()]
        self._durable_names: dict[str, int] = {path: number for number, path in enumerate(files or {})}
        self._names = dict(self._durable_names)
        self._unsynced_names: list[_Renaming] = []

    @property
    def unsure(self) -> bool:
        """Whether a power cut now has more than one outcome."""
        live = set(self._names.values()) | set(self._durable_names.values())
        return bool(self._unsynced_names) or any(self._files[number].unsynced for number in live)

    def apply(self, call: Call) -> None:
        """What `call` did."""
        if call.kind is not CallKind.SAID and call.path.endswith(_IN_MEMORY_ONLY):
            return
        match call.kind:
            case CallKind.CREATE:
                if call.path not in self._names:
                    self._files.append(_File(bytearray()))
                    self._rename(_Renaming(call.path, len(self._files) - 1))
            case CallKind.RENAME:
                self._rename(_Renaming(call.target, self._names.get(call.path), call.path))
            case CallKind.UNLINK:
                self._rename(_Renaming(call.path, None))
            case CallKind.SYNC_FOLDER:
                self._sync_folder(call.path)
            case CallKind.SAID:
                pass
            case _:
                if call.path in self._names:
                    self._change(self._files[self._names[call.path]], call)

    def after_power_cut(self, damage: Damage, chance: random.Random) -> dict[str, bytes]:
        """Every file's content when the machine starts again."""
        names = dict(self._durable_names)
        count = len(self._unsynced_names)
        kept = {Damage.LOST: 0, Damage.KEPT: count}.get(damage, chance.randint(0, count))
        for change in self._unsynced_names[:kept]:
            _apply_name(names, change)
        return {path: _content(self._files[number], damage, chance) for path, number in names.items()}

    def _rename(self, change: _Renaming) -> None:
        _apply_name(self._names, change)
        self._unsynced_names.append(change)

    def _sync_folder(self, folder: str) -> None:
        still = []
        for change in self._unsynced_names:
            if posixpath.dirname(change.path) == folder:
                _apply_name(self._durable_names, change)
            else:
                still.append(change)
        self._unsynced_names = still

    def _change(self, file: _File, call: Call) -> None:
        if call.kind is not CallKind.SYNC:
            file.unsynced.append(call)
            return
        still = []
        for change in file.unsynced:
            if change.ended <= call.begun:
                _put(file.durable, change)
            else:
                still.append(change)
        file.unsynced = still


def played(calls: Iterable[Call], files: Mapping[str, bytes] | None = None) -> Disk:
    """The disk after all of `calls`."""
    disk = Disk(files)
    for call in calls:
        disk.apply(call)
    return disk


def _apply_name(names: dict[str, int], change: _Renaming) -> None:
    names.pop(change.gone, None)
    if change.file is None:
        names.pop(change.path, None)
    else:
        names[change.path] = change.file


def _put(content: bytearray, change: Call) -> None:
    if change.kind is CallKind.TRUNCATE:
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    _write(content, change.offset, change.data)


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _content(file: _File, damage: Damage, chance: random.Random) -> bytes:
    content = bytearray(file.durable)
    changes = list(file.unsynced)
    if not changes or damage is Damage.LOST:
        return bytes(content)
    if damage is Damage.KEPT:
        for change in changes:
            _put(content, change)
        return bytes(content)
    if damage is Damage.CUT:
        *changes, last = changes[: chance.randint(1, len(changes))]
        for change in changes:
            _put(content, change)
        _put_torn(content, last, 0.5, chance)
        return bytes(content)
    likely = chance.choice((0.1, 0.5, 0.9))
    if damage is Damage.SOME:
        chance.shuffle(changes)
    for change in changes:
        if damage is Damage.TORN:
            _put_torn(content, change, likely, chance)
        elif chance.random() < likely:
            _put(content, change)
    return bytes(content)


def _put_torn(content: bytearray, change: Call, likely: float, chance: random.Random) -> None:
    if change.kind is CallKind.TRUNCATE:
        if chance.random() < likely:
            _put(content, change)
        return
    position, end = change.offset, change.offset + len(change.data)
    while position < end:
        sector_end = min((position // SECTOR_BYTES + 1) * SECTOR_BYTES, end)
        if chance.random() < likely:
            part = change.data[position - change.offset : sector_end - change.offset]
            _write(content, position, part)
        elif chance.random() < 0.05:
            _write(content, position, chance.randbytes(sector_end - position))
        position = sector_end
