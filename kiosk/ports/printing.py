"""Printers: slips on a receipt printer, sheets of A4."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from kiosk.documents.page import Page
from kiosk.domain.printing import PrintOutcome, PrintProgress
from kiosk.ports.device import DevicePort


class SlipPrinter(DevicePort):
    """A receipt printer."""

    @abstractmethod
    def print(self, page: Page, timeout_s: float, cancel: threading.Event) -> PrintOutcome:
        """Print and cut `page`, and say what the printer itself confirmed.

        `printed` only on the printer's own confirmation after the last byte; `failed` only when the
        page certainly is not whole on paper; otherwise `unconfirmed`.
        """


class SheetPrinter(DevicePort):
    """An A4 printer."""

    @abstractmethod
    def print(
        self,
        document: Page | Path,
        copies: int,
        timeout_s: float,
        cancel: threading.Event,
        on_progress: Callable[[PrintProgress], None],
    ) -> PrintOutcome:
        """Print a page of blocks, or a PDF file, and say what the printer itself confirmed.

        `on_progress` is called on every look at the printer, at least every few seconds; the same may come again.

        `printed` only when the printer says that the job is completed and no fewer sheets came out than the
        document has; a spooler's word alone is `unconfirmed`.  No copy of the document stays behind, in no
        spool either.
        """

    @abstractmethod
    def clear(self) -> int:
        """Cancel what earlier sessions left in the queue and wipe it; returns how many jobs there were."""
