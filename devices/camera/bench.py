"""`kiosk bench camera`: codes read, beside zxing-cpp, pyzbar and OpenCV in the same run.

With `--photos DIR` on the photographs that DIR/manifest.json names, without on rendered ones.  What is
measured as ours is `CodeReader.look`, which is what the driver's decoder process calls; a photograph counts
as a picture that has come to rest, as one held still before the camera does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def run(photos: Path | None = None) -> dict[str, Any]:
    """Everything about the code camera. Raises `ValueError` when `photos` cannot be used."""
    # Before numpy is loaded: as in the decoder process, and so that nobody's helper threads are counted.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from devices.camera import bench_live
    from devices.camera.bench_contest import photograph_contest
    from devices.camera.bench_photographs import photographs, rendered

    pictures = rendered() if photos is None else photographs(photos)
    return {
        "source": "rendered" if photos is None else str(photos),
        "photographs": photograph_contest(pictures),
        "empty_frame": bench_live.empty_frames(),
        "still_scene": bench_live.still_scene(),
        "chinese_payloads": bench_live.chinese_payloads(),
        "process": bench_live.process_of_its_own(),
    }
