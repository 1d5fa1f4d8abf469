"""Heartbeats as they travel: how a terminal is, and what the platform knows of it. The forms are those of `sync.wire`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from kiosk.domain.enrolment import Standing
from sync.wire import Code, Count, Digest, Seconds, Signature


class DeviceReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one device is; the words are those of `kiosk.domain.device_status`."""

    device: Code
    state: Code
    paper: Annotated[str, Meta(max_length=32)] = ""
    detail: Annotated[str, Meta(max_length=64)] = ""


class AuditRoot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the terminal's audit chain stood at the end of a day; signed, so that it cannot be rewritten later."""

    day: date
    position: Count
    digest: Digest
    signature: Signature
    """The terminal's key over `kiosk.journal.audit_roots.statement`."""


class HeartbeatRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the terminal is. Nothing about a person."""

    version: Annotated[str, Meta(max_length=32)]
    pending: Count
    parked: Count
    oldest_unsent_s: Seconds | None = None
    disk_free_bytes: Count | None = None
    uptime_s: Seconds
    boot_id: Annotated[str, Meta(max_length=64)] = ""
    tail_sequence: Count = 0
    """The newest entry of the journal, and its digest: how the platform sees a clone and an old disk."""
    tail_digest: Annotated[bytes, Meta(max_length=32)] = b""
    acknowledged_sequence: Count = 0
    """The highest entry that this platform has acknowledged here: more than it knows of means that it forgot."""
    clock_trusted: bool = True
    days_left: Seconds | None = None
    """Days until the queue would fill the disk, at this terminal's pace."""
    devices: Annotated[list[DeviceReport], Meta(max_length=32)] = []
    faults: Annotated[list[Code], Meta(max_length=16)] = []
    """What the keeper is told as well: a journal replaced, a terminal that another one copies."""
    audit_roots: Annotated[list[AuditRoot], Meta(max_length=40)] = []
    """Those that the platform has not confirmed yet."""
    catalogue: Annotated[str, Meta(max_length=80)] = ""
    """Digest of the catalogue in use."""


class HeartbeatAnswer(Struct, frozen=True, kw_only=True):
    """What the platform knows of the terminal."""

    epoch: Code
    high_water: Count
    inbox_head: Count
    """The newest message for this terminal: with nothing new there is no need to ask for the inbox."""
    gaps: Annotated[list[tuple[int, int]], Meta(max_length=100)] = []
    """First and last sequence of what is missing below the high water: sent again from the journal."""
    standing: Standing = Standing.OK
    audit_roots_until: date | None = None
    """The last day whose audit root is stored."""
    catalogue: Annotated[str, Meta(max_length=80)] = ""
    """Digest of the newest catalogue's manifest; empty: none was published."""
