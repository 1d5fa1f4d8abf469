"""`python -m sync.central.keep_openapi`: write the platform's document anew, after the messages were changed on purpose."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sync.central import openapi
from sync.central.api import build_app
from sync.central.server import build_platform


def main() -> None:
    """Build a platform that nobody talks to, and keep what it says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        platform = build_platform(Path(folder) / "central.db", Path(folder))
        openapi.KEPT_FILE.write_text(openapi.text(build_app(platform)), encoding="utf-8")
        platform.store.close()


if __name__ == "__main__":
    main()
