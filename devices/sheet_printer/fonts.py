"""Which Chinese font the pages are set in: its regular and its bold face."""

from __future__ import annotations

import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import ImageFont

_KNOWN: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
)
_FAMILY: Final = "Noto Sans CJK SC"
"""In a collection, the face with the forms of simplified Chinese."""
_MOST_FACES: Final = 64


class NoFont(Exception):
    """There is no font on this machine to set Chinese with."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face: a file, and which of those in it."""

    path: Path
    index: int = 0


@dataclass(frozen=True, slots=True)
class Faces:
    """What a page is set in; without a bold file the regular face stands in for it."""

    regular: Face
    bold: Face


@functools.lru_cache(maxsize=4)
def find_faces(given: Path | None = None) -> Faces:
    """The faces of `given`, or of the font that is installed. Raises `NoFont`."""
    path = given if given is not None else _installed()
    if not path.is_file():
        raise NoFont(str(path))
    bold = path.with_name(path.name.replace("Regular", "Bold"))
    regular = Face(path, _index(path))
    return Faces(regular, Face(bold, _index(bold)) if bold != path and bold.is_file() else regular)


def _installed() -> Path:
    for name in _KNOWN:
        if Path(name).is_file():
            return Path(name)
    if program := shutil.which("fc-match"):
        try:
            answer = subprocess.run(
                [program, "-f", "%{file}", f"{_FAMILY}:lang=zh-cn"],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise NoFont(_FAMILY) from error
        if answer.returncode == 0 and Path(answer.stdout).is_file():
            return Path(answer.stdout)
    raise NoFont(_FAMILY)


def _index(path: Path) -> int:
    """Where the simplified-Chinese face stands in a collection; 0 in a file with one face. Raises `NoFont`."""
    for index in range(_MOST_FACES):
        try:
            face = ImageFont.truetype(str(path), 10, index=index)
        except OSError as error:
            if index == 0:
                raise NoFont(str(path)) from error
            break
        if face.getname()[0] == _FAMILY:
            return index
    return 0
