"""`python -m ui.workbench --run-dir DIR`: the window; closing it ends the program with exit code 0."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from ui.workbench.window import WorkbenchWindow


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m ui.workbench", description="The world around the terminal."
    )
    parser.add_argument("--run-dir", type=Path, required=True, help="where the simulators' sockets are")
    parser.add_argument("--language", choices=("zh_CN", "en"), default="zh_CN")
    arguments = parser.parse_args()
    application = QGuiApplication(sys.argv[:1])
    window = WorkbenchWindow(arguments.run_dir.resolve(), arguments.language)
    code = application.exec()
    window.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
