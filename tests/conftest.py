"""What every test stands on: a screen that needs no display."""

import os

from ui import NOT_OUR_WARNINGS

# Before anything loads Qt. Tests that look at a real display set it themselves.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", NOT_OUR_WARNINGS)
