"""TLS as a terminal speaks it: 1.2 at least, one authority, the host's name checked; and what its refusals mean."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from kiosk.errors import LineFault

_NOT_YET_VALID = 9
_EXPIRED = 10
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (OpenSSL, x509_vfy.h)."""


@lru_cache(maxsize=4)
def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the authority in `ca_file`, or else the system's. Raises `OSError` when the file is not usable.

    TLS 1.3 is chosen wherever both ends can (OpenSSL offers the highest first).  One for all clients: the system's
    authorities take 20 ms and two megabytes to load.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    return context


def tls_fault(error: BaseException, clock_looks_wrong: bool) -> LineFault:
    """Why a handshake failed. A certificate's dates are only as good as the clock that reads them."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            of_time = cause.verify_code in (_NOT_YET_VALID, _EXPIRED)
            return LineFault.CLOCK if of_time and clock_looks_wrong else LineFault.TLS
    return LineFault.TLS


def is_tls_error(error: BaseException) -> bool:
    """Whether TLS is the trouble somewhere below `error`."""
    broken = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
    return any(isinstance(cause, ssl.SSLError) and not isinstance(cause, broken) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made of: the libraries keep causes in three different places."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
