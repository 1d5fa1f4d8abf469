"""`python -m ui.yardstick`: paint the page, say READY as the face does, and wait to be ended."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickView

from kiosk import notify


def main() -> int:
    """Show the page until the process is ended."""
    application = QGuiApplication(sys.argv)
    view = QQuickView(QUrl.fromLocalFile(str(Path(__file__).with_name("Yardstick.qml"))))
    view.frameSwapped.connect(notify.ready)
    view.show()
    code = application.exec()
    del view
    return code


if __name__ == "__main__":
    sys.exit(main())
