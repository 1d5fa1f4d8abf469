"""The pages of one session: files that only this user can read, and that are gone when the session is."""

from __future__ import annotations

import os
import re
import shutil
import threading
from pathlib import Path

MOST_PAGES = 30
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PDF = "document.pdf"


def checked_name(session: str) -> str:
    """The session's name, if it can be a folder's. Raises `ValueError`."""
    if not _SAFE.fullmatch(session):
        raise ValueError("session: not a name")
    return session


class SessionFolder:
    """run_dir/documents/<session>. Used from several threads: what was closed is not written to."""

    def __init__(self, run_dir: Path) -> None:
        self._root = run_dir / "documents"
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._pages: list[Path] = []
        self._taken = 0
        self._generation = 0
        # A predecessor that was killed could not do it.
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def is_open(self) -> bool:
        """Whether there is a session with a folder."""
        return self._folder is not None

    @property
    def is_full(self) -> bool:
        """Whether no page can be added."""
        return len(self._pages) >= MOST_PAGES

    @property
    def generation(self) -> int:
        """Which session this is, counted."""
        return self._generation

    def begin(self, session: str) -> None:
        """Empty, for a session whose name was checked."""
        self.end()
        with self._lock:
            self._generation += 1
            self._folder, self._pages, self._taken = self._root / session, [], 0

    def end(self, generation: int | None = None) -> None:
        """Remove everything; with a number only if that session is still the one."""
        with self._lock:
            if generation not in (None, self._generation):
                return
            self._folder, self._pages = None, []
            shutil.rmtree(self._root, ignore_errors=True)

    def add(self, session: str, jpeg: bytes) -> Path | None:
        """Write one more page; None when the session is over by now. Raises `OSError` when there is no room."""
        with self._lock:
            if self._folder is None or self._folder.name != session or self.is_full:
                return None
            self._taken += 1
            file = self._folder / f"page-{self._taken:03d}.jpg"
            self._write(file, jpeg)
            self._pages.append(file)
            return file

    def discard(self, name: str) -> None:
        """Remove one page again. Raises `ValueError` when it is none of this session's."""
        with self._lock:
            file = next((page for page in self._pages if name in (page.name, str(page))), None)
            if file is None:
                raise ValueError("file: no such page")
            self._pages.remove(file)
            file.unlink(missing_ok=True)

    def bind(self) -> tuple[Path, int, int]:
        """All pages as one document: its file, its pages, its bytes. Raises `ValueError` without a page, or
        without room for the document.
        """
        from devices.document_camera.page_pdf import pdf_of

        with self._lock:
            if self._folder is None or not self._pages:
                raise ValueError("no page was taken")
            file = self._folder / _PDF
            try:
                data = pdf_of(self._pages)
                self._write(file, data)
            except OSError as error:
                raise ValueError("the document cannot be stored") from error
            return file, len(self._pages), len(data)

    def _write(self, file: Path, data: bytes) -> None:
        for folder in (self._root, file.parent):
            folder.mkdir(mode=0o700, exist_ok=True, parents=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
        except OSError:
            file.unlink(missing_ok=True)  # half a page is none, and takes the room of others
            raise
