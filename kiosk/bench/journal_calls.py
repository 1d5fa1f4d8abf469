"""What a program does to its files, call by call, as strace saw it: the script of a modelled power cut.

A write counts from the moment it was asked for, because it may reach the disk at any time after that.  A sync
counts from the moment it returned, and covers the writes that had returned before it was asked for.  A file is
known by its name at the time of the call, so a log of several processes is one log.

strace writes one line a call in the order in which it saw them; a call during which another process was seen
comes as two lines (`<unfinished ...>`, `<... resumed>`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kiosk.errors import LinbanError

STRACE = shutil.which("strace")

_CALLS = (
    "openat,open,creat,pwrite64,pwritev,pwritev2,write,writev,fallocate,fsync,fdatasync,sync_file_range,sync,"
    "syncfs,ftruncate,truncate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,copy_file_range"
)
_LONGEST_WRITE_BYTES = 1 << 20
NEVER = 1 << 62
"""When a call ended that was never seen to end."""


class NotRecorded(LinbanError):
    """The program's calls cannot be told: no strace, no permission, or a call that is not modelled."""


class CallKind(StrEnum):
    """What a call did."""

    CREATE = "create"
    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC = "sync"
    SYNC_FOLDER = "sync_folder"
    RENAME = "rename"
    UNLINK = "unlink"
    SAID = "said"
    """A line on standard output: what the program told the world, at this point of its life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that succeeded. `begun` and `ended` are line numbers of the log."""

    kind: CallKind
    path: str
    """Relative to the recorded folder."""
    begun: int
    ended: int
    data: bytes = b""
    offset: int = 0
    """Of a write; the new size, of a truncation."""
    target: str = ""


def record(
    command: Sequence[str], folder: Path, log: Path, environment: dict[str, str] | None = None
) -> list[Call]:
    """Run `command`, which must succeed, and tell what it did to the files below `folder`."""
    if STRACE is None:
        raise NotRecorded("strace is not installed")
    options = ["-f", "-qq", "-y", "-xx", "-s", str(_LONGEST_WRITE_BYTES), "--seccomp-bpf"]
    done = subprocess.run(
        [STRACE, *options, "-o", str(log), "-e", f"trace={_CALLS}", *command],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotRecorded(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    with log.open("rb") as lines:
        return read_log(lines, folder)


def read_log(lines: Iterator[bytes] | Sequence[bytes], folder: Path) -> list[Call]:
    """The calls in a log of strace, in the order in which they count."""
    reader = _Reader(str(folder.resolve()).encode())
    for number, line in enumerate(lines):
        reader.take(number, line)
    calls = reader.finished()
    return sorted(calls, key=lambda call: call.ended if call.kind in _SYNCS else call.begun)


_SYNCS = (CallKind.SYNC, CallKind.SYNC_FOLDER)
_LINE = re.compile(rb"(?:(\d+) +)?(?:(\w+)\(|<\.\.\. (\w+) resumed>)(.*)$", re.DOTALL)
_RESULT = re.compile(rb"\) += (-?\d+)")
_DESCRIPTOR = re.compile(rb"^ *(\d+)<([^>]*)>(\(deleted\))?")
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_NUMBER = re.compile(rb", (\d+)(?= *(?:,|\)|<unfinished|$))")
_UNMODELLED = frozenset(
    "pwritev pwritev2 writev fallocate sync_file_range sync syncfs truncate link linkat copy_file_range".split()
)


class _Reader:
    """Puts the halves of a call together and tells what the whole did."""

    def __init__(self, folder: bytes) -> None:
        self._folder = folder
        self._halves: dict[bytes, tuple[int, bytes, bytes]] = {}
        self._calls: list[Call] = []
        self._positions: dict[str, int] = {}

    def take(self, number: int, line: bytes) -> None:
        match = _LINE.match(line.rstrip(b"\n"))
        if match is None:
            return  # a signal, an exit
        process, name, resumed, rest = match.groups(default=b"")
        if name and rest.endswith(b"<unfinished ...>"):
            self._halves[process] = number, name, rest[: -len(b"<unfinished ...>")]
        elif name:
            self._whole(number, number, name, rest)
        elif (half := self._halves.pop(process, None)) is not None and half[1] == resumed:
            self._whole(half[0], number, resumed, half[2] + rest)

    def finished(self) -> list[Call]:
        for begun, name, rest in self._halves.values():
            self._whole(begun, NEVER, name, rest)  # killed inside: it may have happened
        self._halves.clear()
        return self._calls

    def _whole(self, begun: int, ended: int, name: bytes, rest: bytes) -> None:
        found = _RESULT.search(rest)
        result = int(found[1]) if found else 0
        if result < 0:
            return
        call = name.decode()
        if call in ("pwrite64", "write", "fsync", "fdatasync", "ftruncate"):
            self._on_descriptor(call, begun, ended, rest, result if found else None)
        elif call in ("openat", "open", "creat"):
            self._opening(begun, ended, rest)
        elif call in ("unlink", "unlinkat", "rename", "renameat", "renameat2"):
            self._naming(call, begun, ended, rest)
        elif call in _UNMODELLED and self._folder in _unhex(rest):
            raise NotRecorded(f"{call} on a file of the recorded folder is not modelled")

    def _on_descriptor(self, call: str, begun: int, ended: int, rest: bytes, result: int | None) -> None:
        match = _DESCRIPTOR.match(rest)
        if match is None:
            return
        if call == "write" and match[1] == b"1":
            said = _string(rest)
            self._add(CallKind.SAID, begun, ended, said.decode("utf-8", "replace").strip())
            return
        full = _unhex(match[2])
        path = self._inside(full)
        if path is None or match[3]:
            return
        if call in ("write", "pwrite64"):
            data = _string(rest[match.end() :])[: None if result is None else result]
            position = self._positions.get(path, 0) if call == "write" else int(_numbers(rest)[-1])
            if call == "write":
                self._positions[path] = position + len(data)
            self._add(CallKind.WRITE, begun, ended, path, data=data, offset=position)
        elif call == "ftruncate":
            self._add(CallKind.TRUNCATE, begun, ended, path, offset=int(_numbers(rest)[-1]))
        else:
            kind = CallKind.SYNC_FOLDER if Path(os.fsdecode(full)).is_dir() else CallKind.SYNC
            self._add(kind, begun, ended, path)

    def _opening(self, begun: int, ended: int, rest: bytes) -> None:
        path = self._inside(_absolute(rest))
        if path is None:
            return
        flags = rest.partition(b'"')[2].partition(b'"')[2]
        if b"O_APPEND" in flags:
            raise NotRecorded(f"{path} is opened for appending, which is not modelled")
        self._positions[path] = 0  # nobody here writes one file through two descriptors without saying where
        if b"O_CREAT" in flags:
            self._add(CallKind.CREATE, begun, ended, path)
        if b"O_TRUNC" in flags:
            self._add(CallKind.TRUNCATE, begun, ended, path, offset=0)

    def _naming(self, call: str, begun: int, ended: int, rest: bytes) -> None:
        path = self._inside(_absolute(rest))
        if path is None:
            return
        if call.startswith("unlink"):
            self._add(CallKind.UNLINK, begun, ended, path)
            return
        strings = list(_STRING.finditer(rest))
        target = self._inside(_absolute(rest[strings[0].end() :].lstrip(b", ")))
        if target is None:
            raise NotRecorded(f"{path} was moved out of the recorded folder")
        self._add(CallKind.RENAME, begun, ended, path, target=target)

    def _inside(self, path: bytes) -> str | None:
        path = os.path.normpath(path)
        if path == self._folder:
            return ""
        if not path.startswith(self._folder + b"/"):
            return None
        return os.fsdecode(path[len(self._folder) + 1 :])

    def _add(
        self,
        kind: CallKind,
        begun: int,
        ended: int,
        path: str,
        *,
        data: bytes = b"",
        offset: int = 0,
        target: str = "",
    ) -> None:
        self._calls.append(
            Call(kind=kind, path=path, begun=begun, ended=ended, data=data, offset=offset, target=target)
        )


def _unhex(text: bytes) -> bytes:
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes((int(match[1], 16),)), text)


def _string(rest: bytes) -> bytes:
    match = _STRING.search(rest)
    if match is None or match[2]:
        raise NotRecorded("a write is longer than strace was told to show")
    return bytes.fromhex(match[1].replace(b"\\x", b"").decode("ascii"))


def _numbers(rest: bytes) -> list[bytes]:
    arguments = rest.rpartition(b") = ")[0] or rest
    return re.findall(rb", (\d+)", arguments.rpartition(b'"')[2] if b'"' in arguments else arguments)


def _absolute(rest: bytes) -> bytes:
    """The path in `rest`, with the folder in front of it that strace told (`AT_FDCWD</folder>`)."""
    name = _string(rest)
    base = re.match(rb"^ *(?:AT_FDCWD|\d+)<([^>]*)>", rest)
    return os.path.join(_unhex(base[1]), name) if base else name  # noqa: PTH118  bytes, as the kernel has them
