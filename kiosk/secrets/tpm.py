"""The terminal's TPM: seals a short secret so that only this machine gives it back.

Spoken to directly, through the kernel's resource manager (`/dev/tpmrm0`), by five commands of
`tpm_protocol`.  The alternatives were weighed: tpm2-pytss has no wheels and would tie the interpreter to the
distribution's, ctypes over libtss2-esys needs every structure of the library's headers copied by hand, and the
tpm2-tools programs put four processes and files on the disk between a start and its key.  tpm2-tools are the
peer in the tests instead: they open what was sealed here, and the other way round.

Limits: no PCR policy (a kernel update must not lock a terminal out of its own journal) and no encrypted
session: who can listen on the board's own bus to a chip of its own reads the secret there, as with every
unattended boot that asks for no password.
"""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.errors import SecretError, SecretFault
from kiosk.secrets import tpm_protocol as protocol
from kiosk.secrets.tpm_protocol import SealedObject, TpmGarbage, TpmRefusal

DEADLINE_S = 15.0
"""For one command: chips of their own may take seconds to make a key."""
_clock = SystemClock()


def is_there(address: str) -> bool:
    """Whether something that may be a TPM is at `address` (a device node, or the socket of a simulated one)."""
    try:
        mode = Path(address).stat().st_mode if address else 0
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def is_usable(address: str) -> bool:
    """Whether it is there and this account may speak to it."""
    return is_there(address) and os.access(address, os.R_OK | os.W_OK)


def seal(address: str, secret: bytes) -> SealedObject:
    """Seal `secret` to the TPM at `address`. Raises `SecretError`."""
    with _in_our_words(), ExitStack() as loaded:
        line = loaded.enter_context(_Line.to(address))
        parent = _loaded(line, loaded, protocol.create_primary())
        return protocol.sealed_of(line.call(protocol.create_sealed(parent, secret)))


def unseal(address: str, sealed: SealedObject) -> bytes:
    """The secret again. Raises `SecretError`: FOREIGN when this chip did not seal it or was cleared since."""
    with _in_our_words(), ExitStack() as loaded:
        line = loaded.enter_context(_Line.to(address))
        parent = _loaded(line, loaded, protocol.create_primary())
        item = _loaded(line, loaded, protocol.load(parent, sealed))
        return protocol.secret_of(line.call(protocol.unseal(item)))


def _loaded(line: _Line, loaded: ExitStack, command: bytes) -> int:
    """The handle that `command` gives, freed at the end: a simulated chip has no resource manager."""
    handle = protocol.handle_of(line.call(command))
    loaded.callback(line.forget, handle)
    return handle


class _Line:
    """One open line: a command out, a whole answer back, within the deadline."""

    def __init__(self, descriptor: int, *, stream: bool) -> None:
        self._descriptor = descriptor
        self._stream = stream
        self._dead = False
        """It missed a deadline: nobody waits for it once more."""

    @classmethod
    @contextmanager
    def to(cls, address: str) -> Iterator[_Line]:
        """Open `address`; closed on leaving."""
        if stat.S_ISSOCK(Path(address).stat().st_mode):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(DEADLINE_S)
                connection.connect(address)
                connection.setblocking(False)
                yield cls(connection.fileno(), stream=True)
            return
        descriptor = os.open(address, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            yield cls(descriptor, stream=False)
        finally:
            os.close(descriptor)

    def call(self, command: bytes) -> bytes:
        """The answer to `command`. A chip that is not ready yet is asked again by the kernel's own driver."""
        answer = self._exchange(command)
        protocol.check(answer)
        return answer

    def forget(self, handle: int) -> None:
        """Free a slot; what fails here fails again where it matters."""
        if self._dead:
            return
        # Whatever is wrong: the secret may be here already, and the chip frees its slots when it is switched on.
        with suppress(OSError, TpmGarbage, SecretError):
            self._exchange(protocol.flush(handle))

    def _exchange(self, command: bytes) -> bytes:
        until = _clock.monotonic() + DEADLINE_S
        os.write(self._descriptor, command)
        answer = self._read(protocol.MAX_COMMAND_BYTES if not self._stream else protocol.HEADER_BYTES, until)
        if not self._stream:
            return answer
        while len(answer) < protocol.HEADER_BYTES:
            answer += self._read(protocol.HEADER_BYTES - len(answer), until)
        size = protocol.answer_size(answer)
        while len(answer) < size:
            answer += self._read(size - len(answer), until)
        return answer

    def _read(self, size: int, until: float) -> bytes:
        ready, _, _ = select.select((self._descriptor,), (), (), max(until - _clock.monotonic(), 0.0))
        if not ready:
            self._dead = True
            raise SecretError(SecretFault.NO_TPM, "the TPM does not answer")
        data = os.read(self._descriptor, size)
        if not data:
            raise SecretError(SecretFault.NO_TPM, "the TPM hung up")
        return data


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except TpmRefusal as refusal:
        fault = SecretFault.FOREIGN if refusal.foreign else SecretFault.NO_TPM
        raise SecretError(fault, str(refusal)) from refusal
    except (OSError, TpmGarbage) as error:
        raise SecretError(SecretFault.NO_TPM, str(error)) from error
