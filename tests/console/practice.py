"""A county's fleet to practise on: invented terminals that report through the platform's own doors, and their cases."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.catalogue.signature import SourcePack, publish
from kiosk.clock import ManualClock
from kiosk.domain.case import Case, PlatformState, new_entry_id
from kiosk.domain.entry import GENESIS, EntryHeader, EntryKind, entry_digest
from kiosk.domain.receipt import receipt_number
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.journal.audit_roots import AuditDay, statement
from kiosk.journal.sealing import encode_case, seal
from sync.central.catalogue_store import CatalogueStore
from sync.central.exchange import Platform
from sync.central.heartbeats import Heartbeats
from sync.central.opener import Opener
from sync.central.standing import Standings
from sync.central.store import Terminal
from sync.heartbeat_wire import AuditRoot, DeviceReport, HeartbeatRequest
from sync.wire import WireEntry

PLACES = (
    "青石村便民服务站 柳林镇便民服务中心 东河社区党群服务中心 白云乡卫生院大厅 南门街道办事处 杏花村村委会 "
    "县政务服务中心一楼 县政务服务中心二楼 石桥村便民服务站 西关社区居委会 双井镇人社所 大槐树村村委会 "
    "北岭乡便民服务中心 清泉社区服务站 红星农场场部 马家渡村委会 河湾镇便民服务中心 新城社区服务大厅 "
    "枣林村便民服务站 桃源乡便民服务中心 下洼村村委会 古塔街道服务大厅 平安社区居委会 岔口镇便民服务中心"
).split()
SERVICES = ("pension-certification", "elder-allowance", "remote-medical", "employment-certificate")


class PracticeTerminal:
    """One terminal, without a machine: it seals, chains, signs and reports as a real one."""

    def __init__(self, platform: Platform, place: str) -> None:
        self.platform, self.key = platform, Ed25519PrivateKey.generate()
        code = f"code-{place}"
        platform.store.add_enrolment_code(code, timedelta(hours=1))
        self.terminal: Terminal = platform.store.enrol(
            code, self.key.public_key().public_bytes_raw(), "370508", "0.4.0"
        )
        self.id, self.number = self.terminal.terminal_id, self.terminal.terminal_number
        self.sequence, self.digest, self.nonces = 0, GENESIS, 0

    def entry(self, service: str = SERVICES[0], name: str = "测试甲", spoil: bool = False) -> WireEntry:
        """The next entry of its chain; spoilt, it was sealed to nobody's key."""
        case = _case(service, name)
        header = EntryHeader(
            terminal_number=self.number,
            entry_id=case.entry_id,
            kind=EntryKind.CASE,
            service_code=service,
            pack_version="1.0.0",
            receipt_number=receipt_number(self.number, case.entry_id),
        )
        key = self.platform.keys.sealing.public_key().public_bytes_raw()
        sealed = bytes(200) if spoil else seal(encode_case(case), header, key)
        now = self.platform.clock.now()
        digest = entry_digest(header, self.sequence + 1, now, "boot-1", 100.0, sealed, self.digest)
        entry = WireEntry(
            id=case.entry_id,
            sequence=self.sequence + 1,
            kind="case",
            service_code=service,
            pack_version="1.0.0",
            receipt_number=header.receipt_number,
            recorded_at=now,
            boot_id="boot-1",
            monotonic_ms=100_000,
            sealed=sealed,
            previous_digest=self.digest,
            digest=digest,
        )
        self.sequence, self.digest = self.sequence + 1, digest
        return entry

    def send(self, *entries: WireEntry) -> list[str]:
        """Through the platform's own intake; their receipt numbers."""
        self.platform.entries.take_in(self.terminal, self._nonce(), list(entries))
        Opener(self.platform.store, self.platform.keys.sealing).open_all()
        return [entry.receipt_number for entry in entries]

    def report(self, clock_offset_s: float = 0.2, **told: object) -> None:
        """A heartbeat."""
        usual: dict[str, object] = {
            "version": "0.4.0",
            "pending": 0,
            "parked": 0,
            "disk_free_bytes": 81_000_000_000,
            "days_left": 400.0,
            "uptime_s": 500_000.0,
            "boot_id": "boot-1",
            "tail_sequence": self.sequence,
            "tail_digest": self.digest if self.sequence else b"",
            "devices": devices(),
        }
        message = HeartbeatRequest(**(usual | told))  # type: ignore[arg-type]
        Heartbeats(self.platform.store).note(
            self.terminal, self._nonce(), message, clock_offset_s, self.sequence
        )

    def root(self, day: date, digest: bytes) -> AuditRoot:
        """A signed end of an audit day."""
        signed = statement(self.id, AuditDay(day=day, position=day.day * 40, digest=digest))
        return AuditRoot(day=day, position=day.day * 40, digest=digest, signature=self.key.sign(signed))

    def _nonce(self) -> str:
        self.nonces += 1
        return f"{self.id}-{self.nonces}"


def devices(paper: str = "full", state: str = "online", detail: str = "none") -> list[DeviceReport]:
    """What a terminal's host reports."""
    return [
        DeviceReport(device="id_card_reader", state="online"),
        DeviceReport(device="receipt_printer", state=state, paper=paper, detail=detail),
        DeviceReport(device="barcode_scanner", state="online"),
        DeviceReport(device="power_supply", state="online"),
    ]


def _case(service: str, name: str) -> Case:
    return Case(
        entry_id=new_entry_id(),
        service_code=service,
        pack_version="1.0.0",
        started_at=ManualClock().now(),
        answers={"phone": "13900000000", "way": "本人"},
        resident=IdentityDocument(
            kind=DocumentKind.RESIDENT_ID_CARD,
            name=name,
            number="11010519491231002X",
            sex=Sex.FEMALE,
            birth=date(1949, 12, 31),
            valid_from=date(2020, 1, 1),
            valid_until=None,
            address="青石村 1 号",
        ),
    )


def publication(version: int, key: Ed25519PrivateKey) -> bytes:
    """A signed catalogue of invented services."""
    names = ("养老待遇资格认证", "高龄津贴申请", "异地就医备案", "就业登记证明")
    packs = [
        SourcePack(
            code=code,
            version="1.0.0",
            file=f"{number}0-{code}.yaml",
            text=f"code: {code}\nname: {{zh_CN: {name}, en: {code.replace('-', ' ').capitalize()}}}\n"
            "fields:\n  - {key: way, label: {zh_CN: 办理方式, en: Way}}\n"
            "  - {key: phone, label: {zh_CN: 联系电话, en: Phone number}}\n",
        )
        for number, (code, name) in enumerate(zip(SERVICES, names, strict=True), start=1)
    ]
    valid_from = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    return msgspec.json.encode(publish(packs, version, valid_from, key.private_bytes_raw()))


def fill(platform: Platform, clock: ManualClock) -> list[PracticeTerminal]:
    """A week in the life of two dozen terminals, some of them in trouble."""
    chance = random.Random(4)
    publisher = Ed25519PrivateKey.generate()
    CatalogueStore(platform.store).trust(publisher.public_key().public_bytes_raw())
    CatalogueStore(platform.store).publish(publication(7, publisher))
    fleet = [PracticeTerminal(platform, place) for place in PLACES]
    _name_places(platform, fleet)
    for _ in range(7 * 24):
        for terminal in fleet[:4]:
            busy = 9 <= (clock.now().hour + 8) % 24 < 17
            pending = chance.randint(0, 9) if busy else 0
            if clock.now().day % 3 == 0 and busy:
                pending += 30
            free = 81_000_000_000 - (clock.now().timestamp() % 604_800) * 30_000
            terminal.report(pending=pending, oldest_unsent_s=pending * 300.0, disk_free_bytes=int(free))
        clock.advance(3600)
    for terminal in fleet:
        for _ in range(chance.randint(2, 6)):
            terminal.send(terminal.entry(chance.choice(SERVICES)))
            clock.advance(40)
    _move_some(platform, fleet)
    _trouble(platform, clock, fleet)
    return fleet


def _name_places(platform: Platform, fleet: list[PracticeTerminal]) -> None:
    with platform.store.transaction() as run:
        for terminal, place in zip(fleet, PLACES, strict=True):
            run.execute(
                "insert into terminal_place values (?, ?, 'li.si', ?)",
                (terminal.id, place, platform.store.now()),
            )


def _move_some(platform: Platform, fleet: list[PracticeTerminal]) -> None:
    for count, state in enumerate((PlatformState.ACCEPTED, PlatformState.CONCLUDED, PlatformState.RETURNED)):
        for terminal in fleet[count::4]:
            with platform.store.reading() as run:
                row = run.execute(
                    "select receipt_number from entry where terminal_id = ? limit 1", (terminal.id,)
                ).fetchone()
            assert row is not None
            platform.cases.change_state(row[0], state)


def _trouble(platform: Platform, clock: ManualClock, fleet: list[PracticeTerminal]) -> None:
    today = clock.now().date()
    fleet[5].report()
    clock.advance(5 * 3600)
    for terminal in fleet[:5] + fleet[6:]:
        terminal.report()
    fleet[0].report(
        audit_roots=[fleet[0].root(today - timedelta(days=n), bytes([n]) * 32) for n in (3, 2, 1)]
    )
    fleet[1].report(devices=devices(paper="out", state="user_error"))
    fleet[2].report(pending=31, oldest_unsent_s=31_000.0)
    fleet[3].report(disk_free_bytes=900_000_000, days_left=3.0, pending=7, oldest_unsent_s=900.0)
    fleet[4].report(clock_offset_s=-1900.0, clock_trusted=False)
    fleet[7].send(fleet[7].entry(spoil=True), fleet[7].entry(spoil=True))
    fleet[7].report()
    fleet[8].report(parked=2, devices=devices(paper="low"))
    fleet[9].report(audit_roots=[fleet[9].root(today, bytes(32))])
    fleet[9].report(audit_roots=[fleet[9].root(today, bytes([1]) * 32)])
    fleet[10].report(devices=devices(state="hardware_error", detail="cutter_error"))
    Standings(platform.store).suspend(fleet[11].id)
    first = fleet[12].sequence, fleet[12].digest
    fleet[12].send(fleet[12].entry())
    fleet[12].sequence, fleet[12].digest = first
    fleet[12].send(fleet[12].entry())
    fleet[12].report()
