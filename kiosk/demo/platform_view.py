"""What the demonstration's central platform has stored, asked by the platform's own command."""

from __future__ import annotations

import json
import subprocess
import sys

from kiosk.demo.world import World


def cases_stored(world: World, receipt_number: str) -> int:
    """How many cases the platform holds under `receipt_number`; 1 is what a receipt promises."""
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "sync.central.inspect",
            "--data",
            str(world.platform_dir),
            "--receipt",
            receipt_number,
        ],
        capture_output=True,
        check=True,
        timeout=20,
    )
    return int(json.loads(answer.stdout)["cases"])
