"""One IPP server over HTTP: a question, its answer, and a deadline for both together.

The whole exchange has one deadline: a server that sends a byte a second is as late as one that sends
nothing.  Every wait looks at `cancel`, so that a walk-away is noticed within a tenth of a second.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from devices.sheet_printer.ipp import Attribute, Malformed, Operation, Response, decode, encode
from devices.sheet_printer.line import Ended, Line, LinkFault
from kiosk.clock import Clock

MAX_ANSWER_BYTES: Final = 1024 * 1024
"""Printers answer with 10 to 100 KB, most of it paper sizes."""
_SEND_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The exchange failed; `sent_bytes` of the document had been handed to the network by then."""

    fault: LinkFault
    sent_bytes: int = 0


class IppConnection:
    """Asks one printer or one queue. Opened when needed, kept open between questions."""

    def __init__(self, uri: str, clock: Clock, certificate_sha256: str = "") -> None:
        parts = urlsplit(uri)
        self.uri = uri
        self._clock = clock
        self._tls = parts.scheme == "ipps"
        self._host, self._port = parts.hostname or "localhost", parts.port or 631
        self._path = parts.path or "/"
        self._pin = certificate_sha256.replace(":", "").lower()
        self._line: Line | None = None
        self._request_id = 0

    def close(self) -> None:
        """Hang up. May be called at any time."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def ask(
        self,
        operation: Operation,
        deadline: float,
        cancel: threading.Event,
        *,
        about: Iterable[Attribute] = (),
        job: Iterable[Attribute] = (),
        document: bytes = b"",
    ) -> Response | NoAnswer:
        """One exchange. A kept connection that has died in the meantime is opened again, once, and only
        when nothing can have happened by it: a question with a document or a new job is never repeated,
        and therefore gets a connection of its own (some printers hang up after each answer unsaid).
        """
        self._request_id = self._request_id % 0x7FFFFFFF + 1
        head = encode(operation, self._request_id, self.uri, about, job)
        harmless = operation not in (Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.SEND_DOCUMENT)
        if not harmless:
            self.close()
        was_open = self._line is not None
        answer = self._exchange(head, document, deadline, cancel)
        if isinstance(answer, NoAnswer) and answer.fault is LinkFault.LOST and was_open and harmless:
            answer = self._exchange(head, document, deadline, cancel)
        return answer

    def _exchange(
        self, head: bytes, document: bytes, deadline: float, cancel: threading.Event
    ) -> Response | NoAnswer:
        sent = 0
        try:
            line = self._connect(deadline, cancel)
            line.send(self._http_head(len(head) + len(document)) + head)
            for start in range(0, len(document), _SEND_BYTES):
                part = document[start : start + _SEND_BYTES]
                sent += len(part)
                line.send(part)
            return self._answer(line)
        except Ended as ended:
            self.close()
            return NoAnswer(ended.fault, sent)

    def _http_head(self, length: int) -> bytes:
        host = f"[{self._host}]" if ":" in self._host else self._host
        lines = (
            f"POST {self._path} HTTP/1.1",
            f"Host: {host}:{self._port}",
            "Content-Type: application/ipp",
            "Accept: application/ipp",
            f"Content-Length: {length}",
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "replace")

    def _answer(self, line: Line) -> Response | NoAnswer:
        """Read the HTTP answer to this question. Raises `Ended`."""
        try:
            reply = http.client.HTTPResponse(line, method="POST")  # type: ignore[arg-type]
            reply.begin()
            kind = (reply.headers.get_content_type() or "").lower()
            body = reply.read(MAX_ANSWER_BYTES + 1)
        except (http.client.HTTPException, ValueError) as error:
            # An incomplete body is a cut line; anything else is not HTTP as we know it.
            cut = isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected)
            raise Ended(LinkFault.LOST if cut else LinkFault.NOT_IPP) from error
        if len(body) <= MAX_ANSWER_BYTES and reply.length:
            raise Ended(LinkFault.LOST)
        status, keeps = reply.status, not reply.will_close and reply.isclosed()
        reply.close()
        if status in (401, 403):
            raise Ended(LinkFault.REFUSED)
        if status != 200 or kind != "application/ipp" or len(body) > MAX_ANSWER_BYTES:
            raise Ended(LinkFault.NOT_IPP)
        answer = decode(body)
        if isinstance(answer, Malformed) or answer.request_id not in (self._request_id, 0):
            raise Ended(LinkFault.NOT_IPP)
        if not keeps:
            self.close()
        return answer

    def _connect(self, deadline: float, cancel: threading.Event) -> Line:
        """The open line, with its deadline set anew. Raises `Ended`."""
        if self._line is None:
            self._line = Line(self._clock, deadline, cancel)
            self._line.dial(self._host, self._port)
            if self._tls:
                self._line.secure(self._host, self._pin)
        self._line.deadline, self._line.cancel = deadline, cancel
        return self._line
