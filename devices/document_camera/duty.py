"""Taking pictures of papers for one session: what the camera sees, pages on request, a document at the end.

What was taken stands in files under the run directory until the session stops, its peer goes away, or
another one begins.  Nothing that a paper says is logged or pushed but to the peers on the socket.
"""

from __future__ import annotations

import base64
import logging
import threading
from typing import Any

from devices.claim import Claim
from devices.document_camera.session_folder import SessionFolder, checked_name
from devices.duty import Desk, Duty, Method, text_of
from kiosk.ipc import Params
from kiosk.ports import CaptureRemark, DocumentCamera, NotCaptured, PageCaptured, Preview

_PREVIEW_WITHIN_S = 0.9
_PREVIEW_EVERY_S = 0.125
_REST = 0.4
"""Of the time that a preview took: a slow machine shows fewer of them instead of nothing else."""
_ATTEMPT_S = 1.2
"""Between two attempts the person is shown what is in the way."""
CAPTURE_WITHIN_S = 10.0
log = logging.getLogger(__name__)
_FINAL = frozenset((CaptureRemark.CANCELED, CaptureRemark.NO_CAMERA))


class DocumentCameraDuty(Duty[DocumentCamera]):
    """Shows the plate while a session wants it to, and takes a page when it is asked for one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._claim = Claim()
        self._folder = SessionFolder(desk.run_dir)
        self._lock = threading.Lock()
        self._wanted: tuple[str, frozenset[CaptureRemark], float] | None = None
        """The session, what it puts up with, and when it gives up."""
        self._resting = False

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {
            "document_camera.start": self._start,
            "document_camera.stop": lambda _params: self.cancel(),
            "document_camera.capture": self._capture,
            "document_camera.discard": self._discard,
            "document_camera.finish": self._finish,
        }

    def _start(self, params: Params) -> None:
        """Show the plate to a session from now on, as long as the peer that asks is connected."""
        session = checked_name(text_of(params, "session"))
        with self._lock:
            self._wanted, self._resting = None, False
        # In this order: without a claim the device's thread would clear a folder up.
        self._claim.take(session)
        self._folder.begin(session)

    def _capture(self, params: Params) -> None:
        """Take a page. Raises `ValueError` without a session, and when it has taken enough."""
        names = params.get("in_spite_of") or []
        if not isinstance(names, list):
            raise ValueError("in_spite_of: a list is needed")
        in_spite_of = frozenset(CaptureRemark(name) for name in names)
        session = self._claim.look()[0]
        if session is None or not self._claim.held:
            raise ValueError("no session has begun")
        if self._folder.is_full:
            raise ValueError("no more pages")
        if not self.desk.attached:
            self._tell(session, NotCaptured(remark=CaptureRemark.NO_CAMERA))
            return
        with self._lock:
            self._resting = False
            self._wanted = (session, in_spite_of, self.desk.clock.monotonic() + CAPTURE_WITHIN_S)

    def _discard(self, params: Params) -> None:
        """Drop a page that was taken."""
        self._folder.discard(text_of(params, "file"))

    def _finish(self, _params: Params) -> dict[str, Any]:
        """The pages as one document; the camera rests until another page is asked for."""
        file, pages, size = self._folder.bind()
        with self._lock:
            self._resting = True
        return {"file": str(file), "pages": pages, "bytes": size}

    def cancel(self) -> None:
        """Stop, and leave nothing."""
        self._claim.release()
        with self._lock:
            self._wanted = None
        self._folder.end()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`: also to clear up after a peer that has gone, and to say that there is no camera."""
        if not self._claim.held:
            return self._folder.is_open
        return self._wanted is not None or (is_open and not self._resting)

    def step(self, driver: DocumentCamera) -> float:
        """See `Duty`: one preview, or one attempt at a page."""
        generation = self._folder.generation
        session, cancel = self._claim.look()
        if session is None:
            self._folder.end(generation)
            with self._lock:
                self._wanted = None
            return 0.0
        with self._lock:
            wanted = self._wanted
        if wanted is not None and wanted[0] == session:
            return self._attempt(driver, session, cancel, wanted)
        return self._show(driver, session, cancel)

    def _attempt(
        self,
        driver: DocumentCamera,
        session: str,
        cancel: threading.Event,
        wanted: tuple[str, frozenset[CaptureRemark], float],
    ) -> float:
        _, in_spite_of, deadline = wanted
        outcome = driver.capture(_ATTEMPT_S, cancel, in_spite_of)
        late = self.desk.clock.monotonic() >= deadline
        if isinstance(outcome, NotCaptured) and not late and outcome.remark not in _FINAL:
            self._show(driver, session, cancel)
            return 0.0
        with self._lock:
            if self._wanted is wanted:
                self._wanted = None
        self._tell(session, outcome)
        lost = isinstance(outcome, NotCaptured) and outcome.remark is CaptureRemark.NO_CAMERA
        return -1.0 if lost else 0.0

    def _show(self, driver: DocumentCamera, session: str, cancel: threading.Event) -> float:
        started = self.desk.clock.monotonic()
        preview = driver.preview(_PREVIEW_WITHIN_S, cancel)
        if preview is None:
            return -1.0
        self._tell(session, preview)
        took_s = self.desk.clock.monotonic() - started
        return max(_PREVIEW_EVERY_S - took_s, took_s * _REST)

    def _tell(self, session: str, told: Preview | PageCaptured | NotCaptured) -> None:
        if self._claim.look()[0] != session:
            return
        if isinstance(told, Preview):
            picture = base64.b64encode(told.jpeg).decode("ascii")
            about: dict[str, Any] = {"jpeg": picture, "corners": told.corners, "remark": told.remark}
            self.desk.notify("document_camera.preview", {"session": session, **about})
            return
        about = {"file": None, "width": 0, "height": 0, "remark": told.remark}
        if isinstance(told, PageCaptured):
            try:
                file = self._folder.add(session, told.jpeg)
            except OSError as error:
                # The run directory is memory, and can be full.
                log.error("page not stored", extra={"reason": error.strerror})
                about["remark"] = CaptureRemark.CANCELED
            else:
                if file is None:
                    return
                about |= {"file": str(file), "width": told.width_px, "height": told.height_px}
        self.desk.notify("document_camera.captured", {"session": session, **about})
