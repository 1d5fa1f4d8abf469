"""`python -m ui.gallery --out DIR`: every page in every mode, language and size, as pictures to be looked at."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.config import Language
from ui.gallery.exhibition import MODES, SIZES, Exhibition
from ui.gallery.scenes import SCENES
from ui.window import make_application, prepare_environment


def main(arguments: list[str]) -> int:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(prog="ui.gallery", description="Every page as a picture.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--lang", action="append", choices=[language.value for language in Language])
    parser.add_argument("--scene", action="append", help="only scenes whose names begin so")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder = TemporaryDirectory(prefix="linban-")
    prepare_environment(Path(folder.name))
    application = make_application()
    for size in options.size or SIZES:
        exhibition = Exhibition(size)
        for mode in options.mode or MODES:
            for language in options.lang or [language.value for language in Language]:
                pictures = options.out / size / f"{mode}-{language}"
                pictures.mkdir(parents=True, exist_ok=True)
                for scene in SCENES:
                    if options.scene and not scene.name.startswith(tuple(options.scene)):
                        continue
                    exhibition.show(scene, mode, Language(language))
                    exhibition.picture().save(str(pictures / f"{scene.name}.png"))
        exhibition.close()
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
