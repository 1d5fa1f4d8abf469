"""`python -m sync --config FILE`: the process that speaks with the central platform."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from kiosk.config import DEFAULT_FILE, load
from kiosk.errors import LinbanError
from kiosk.single_instance import claim


def main() -> int:
    """Read the settings and run; 2 when the settings or the journal's key cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m sync", description=__doc__)
    parser.add_argument("--config", type=Path, default=DEFAULT_FILE, metavar="FILE")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        settings = load(arguments.config)
        if not claim(settings.paths.run_dir, "sync"):
            sys.stderr.write("another sync process serves this terminal\n")
            return 2
        from sync.agent import run

        run(settings)
    except LinbanError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that hang in the network were left behind; an interpreter that tidies up around them may wait for one.
    os._exit(code)
