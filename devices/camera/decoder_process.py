"""`python -m devices.camera.decoder_process SOCKET MEMORY SYMBOLOGY…`: decodes pictures, and nothing else.

Decoders are C++ that is fed with whatever somebody holds before a camera.  So they work in a process of
their own: a crash, an endless loop or a hunger for memory ends this process and no other.  SOCKET and MEMORY
are the numbers of inherited descriptors; the memory has no name, so nothing is left when both ends are killed.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from devices.camera.decoder import CodeReader, Look, Reading
from devices.camera.decoder_messages import (
    LONGEST_CODE_BYTES,
    MESSAGE_BYTES,
    MOST_CODES,
    Answer,
    Code,
    decode_order,
    encode,
)
from devices.transport.frame_source import Pixels

MEMORY_BYTES = 1 << 30
"""Data segments: ten times what the dearest look at a 4K picture was seen to need."""
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_NICENESS = 5
"""A look may wait; the screen may not."""


class Looks(Protocol):
    """What is served here."""

    def look(self, grey: Pixels, *, settled: bool) -> Look:
        """See `CodeReader.look`."""
        ...


def serve(line: socket.socket, memory: int, reader: Looks) -> None:
    """Answer orders until the other end is gone."""
    line.sendall(encode(Answer(0)))
    shared: mmap.mmap | None = None
    while message := line.recv(MESSAGE_BYTES):
        order = decode_order(message)
        size = order.width_px * order.height_px
        if shared is None or len(shared) < size:
            shared = mmap.mmap(memory, os.fstat(memory).st_size, mmap.MAP_SHARED, mmap.PROT_READ)
        picture = np.frombuffer(shared, np.uint8, size).reshape(order.height_px, order.width_px)
        started = time.process_time()
        look = reader.look(picture, settled=order.settled)
        codes = tuple(_code(reading) for reading in look.readings[:MOST_CODES])
        line.sendall(encode(Answer(order.number, codes, look.located, time.process_time() - started)))


def _code(reading: Reading) -> Code:
    if len(reading.data) > LONGEST_CODE_BYTES:
        return Code(None, reading.symbology, reading.rung, too_long=True)
    return Code(reading.text, reading.symbology, reading.rung)


def confine() -> None:
    """Die with the parent, leave no picture of anybody in a core file, and take no more than a share."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(_NICENESS)
    # Whoever stops the terminal tells the parent; the parent closes the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main(arguments: Sequence[str], make_reader: Callable[[Sequence[str]], Looks] = CodeReader) -> None:
    """Serve the descriptors that were inherited."""
    confine()
    line = socket.socket(fileno=int(arguments[0]))
    try:
        serve(line, int(arguments[1]), make_reader(tuple(arguments[2:])))
    except OSError:
        pass  # the other end is gone in the middle of an answer
    finally:
        line.close()


if __name__ == "__main__":
    main(sys.argv[1:])
