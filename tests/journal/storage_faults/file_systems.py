"""Small real file systems, mounted where nobody else sees them; part of `stage.py`, which runs in its own namespace."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _run(*command: object) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{command[0]}: {done.stderr.strip()}")


@contextmanager
def memory(place: Path, size: str, inodes: int = 0) -> Iterator[Path]:
    """A tmpfs of `size` (as mount says it), which can hold no more than `inodes` files if that is given."""
    place.mkdir(exist_ok=True)
    options = f"size={size}" + (f",nr_inodes={inodes}" if inodes else "")
    _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", place)
    try:
        yield place
    finally:
        _run("umount", "-l", place)


def grow(place: Path, size: str) -> None:
    """Give a tmpfs more room."""
    _run("mount", "-o", f"remount,size={size}", place)


def ext4_image(image: Path, megabytes: int) -> Path:
    """An ext4 in a file. Sparse: on a store that is smaller, writing it back fails as a dying disk does."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    # A small journal, all of it written now: what is refused later is what is written later.
    now = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    _run("mkfs.ext4", "-q", "-F", "-b", 1024, "-J", "size=1", "-E", now, image)
    return image


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", image, place)
    try:
        yield place
    finally:
        _run("umount", "-l", place)


def mended(image: Path) -> None:
    """What the machine does with a file system before it mounts it again."""
    done = subprocess.run(["e2fsck", "-p", str(image)], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout


def make_read_only_at_once(place: Path) -> None:
    """What ext4 does when its own structures cannot be read any more: files that are open for writing included."""
    _run("mount", "-o", "remount,abort", place)


@contextmanager
def on_its_own(file: Path, store: Path) -> Iterator[None]:
    """`file` lies on another file system than its neighbours: `store` under its name."""
    file.touch()
    store.touch()
    _run("mount", "--bind", store, file)
    try:
        yield
    finally:
        _run("umount", "-l", file)
