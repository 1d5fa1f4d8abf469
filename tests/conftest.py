"""What every test stands on: a screen that needs no display."""

import os

# Before anything loads Qt. Tests that look at a real display set it themselves.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
