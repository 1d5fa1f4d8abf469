"""Every way into the console, of every page: what is not in this list does not exist."""

from __future__ import annotations

from sync.central.console.pages import (
    accounts,
    audit,
    cases,
    catalogue,
    codes,
    entries,
    fleet,
    ledger,
    reclaims,
    sign_in,
    voices,
)
from sync.central.console.visit import Way

WAYS: tuple[Way, ...] = (
    *sign_in.WAYS,
    *fleet.WAYS,
    *cases.WAYS,
    *entries.WAYS,
    *reclaims.WAYS,
    *voices.WAYS,
    *codes.WAYS,
    *catalogue.WAYS,
    *ledger.WAYS,
    *audit.WAYS,
    *accounts.WAYS,
)
