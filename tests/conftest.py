"""What every test stands on: a screen that needs no display."""

import os

import pytest

from ui import NOT_OUR_WARNINGS

# Before anything loads Qt. Tests that look at a real display set it themselves.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", NOT_OUR_WARNINGS)


def pytest_addoption(parser: pytest.Parser) -> None:
    """For a vendor who tries one driver again and again."""
    parser.addoption("--driver", default=None, help="only this driver, in tests/devices/test_conformance.py")
