"""What every test stands on: a screen that needs no display."""

import os
from pathlib import Path

import pytest

from tests.faults.table import FaultTable, remember_lines
from ui import NOT_OUR_WARNINGS

# Before anything loads Qt. Tests that look at a real display set it themselves.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", NOT_OUR_WARNINGS)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One for a vendor who tries one driver again and again, one for the table of the fault catalogue."""
    parser.addoption("--driver", default=None, help="only this driver, in tests/devices/test_conformance.py")
    parser.addoption("--fault-table", default=None, metavar="FILE", help="write FILE.html and FILE.json")


def pytest_configure(config: pytest.Config) -> None:
    """Collect the results of marked tests, in the process that sees all of them."""
    target = config.getoption("--fault-table")
    if target is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FaultTable(Path(target)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """See `remember_lines`."""
    remember_lines(item)
