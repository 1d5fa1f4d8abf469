"""What the terminal must remember across restarts, apart from its settings file: who it was enrolled as."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kiosk.domain.enrolment import Enrolment, Standing
from kiosk.journal.database import Database


class SettingKey(StrEnum):
    """Every key there is."""

    ENROLMENT = "enrolment"
    INBOX_CURSOR = "inbox_cursor"
    CATALOGUE_ETAG = "catalogue_etag"
    PLATFORM_EPOCH = "platform_epoch"
    """The platform's own mark of its history; another one means that it was restored from a backup."""
    CLOCK_OFFSET_MS = "clock_offset_ms"
    """Platform's clock minus ours, as last seen."""
    PLATFORM_TIME = "platform_time"
    """What the platform's clock last said (RFC 3339): our own is wrong when it shows less."""
    PAPER_LEFT = "paper_left"
    STANDING = "standing"
    """What the platform thinks of this terminal's chain; absent: OK. Recording asks for it in its one statement."""
    LIKENESS_KEY = "likeness_key"
    """32 bytes under which `kiosk.journal.likeness` hashes; made with the file."""
    PROBE = "probe"
    """Written and read back at each start, to see that the disk keeps what it is given."""
    SLIP_KEY = "slip_key"
    """The key that signs slips (`kiosk.documents.signed_receipt`), made here; the platform has its public half."""
    SLIP_KEY_KNOWN = "slip_key_known"
    """As which terminal the platform knows that key; another one, or none: slips carry the plain number."""
    TERMINAL_KEY = "terminal_key"
    """The public half of the key that this terminal was enrolled with: shows that the key was lost or replaced."""


_PUT = "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_enrolment_decoder = msgspec.json.Decoder(Enrolment)


class Settings:
    """The `setting` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enrolment(self) -> Enrolment | None:
        """Who this terminal is, or None before it was enrolled. Read afresh: the other process writes it."""
        value = self.get(SettingKey.ENROLMENT)
        return decode_enrolment(value) if value is not None else None

    def platform_epoch(self) -> str | None:
        """Which memory the platform has, as it told last; None before it told any."""
        value = self.get(SettingKey.PLATFORM_EPOCH)
        return value.decode("ascii") if value is not None else None

    def set_enrolment(self, enrolment: Enrolment) -> None:
        """Remember the platform's answer to an enrolment code."""
        with self._database.transaction():
            self._database.run(_PUT, (SettingKey.ENROLMENT.value, msgspec.json.encode(enrolment)))

    def standing(self) -> Standing:
        """Whether new receipts may be made here, as the platform said last."""
        value = self.get(SettingKey.STANDING)
        return Standing(value.decode("ascii")) if value is not None else Standing.OK

    def set_standing(self, standing: Standing) -> bool:
        """Remember the platform's word; whether it is another one than before. No commit when it is not."""
        if standing is self.standing():
            return False
        self.put(SettingKey.STANDING, standing.value.encode("ascii"))
        return True

    def become(self, enrolment: Enrolment, terminal_key: bytes, epoch: str) -> None:
        """Be this terminal from now on, with the key whose public half is given: all in one commit.

        What belonged to the number before is forgotten: its inbox's cursor and what the platform thought of it.
        An epoch that is known already stays: the first heartbeat finds it changed and asks for what was lost.
        """
        with self._database.transaction():
            self.put_within(SettingKey.ENROLMENT, msgspec.json.encode(enrolment))
            self.put_within(SettingKey.TERMINAL_KEY, terminal_key)
            if self.platform_epoch() is None:
                self.put_within(SettingKey.PLATFORM_EPOCH, epoch.encode("ascii"))
            self._database.run(
                "DELETE FROM setting WHERE key IN (?, ?)",
                (SettingKey.INBOX_CURSOR.value, SettingKey.STANDING.value),
            )

    def get(self, key: SettingKey) -> bytes | None:
        """The value under `key`, or None."""
        row = self._database.row("SELECT value FROM setting WHERE key = ?", (key.value,))
        return bytes(row[0]) if row else None

    def put(self, key: SettingKey, value: bytes) -> None:
        """Remember `value` under `key`; one commit."""
        with self._database.transaction():
            self.put_within(key, value)

    def put_within(self, key: SettingKey, value: bytes) -> None:
        """As `put`, inside a transaction that the caller holds."""
        self._database.run(_PUT, (key.value, value))


def decode_enrolment(value: bytes) -> Enrolment:
    """The enrolment in the value under `SettingKey.ENROLMENT`."""
    return _enrolment_decoder.decode(value)
