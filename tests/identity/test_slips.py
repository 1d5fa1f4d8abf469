"""The signed slip: as it is composed, printed, scanned, and turned back into a case on the platform."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cwt
import msgspec
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSEKey
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from devices.slip_printer.raster import qr_bitmap, qr_modules
from kiosk.catalogue.loader import load_catalogue
from kiosk.clock import SystemClock
from kiosk.code_settings import CodeSettings
from kiosk.config import PlatformSettings
from kiosk.config import Settings as Config
from kiosk.documents.page import QrCode
from kiosk.documents.signed_receipt import (
    NotOurWord,
    key_id,
    new_slip_key,
    public_half,
    read_signed,
    signed_text,
)
from kiosk.documents.slip import compose_slip
from kiosk.domain.case import PlatformState, new_entry_id
from kiosk.domain.presented_code import CodeKind, classify
from kiosk.domain.receipt import Receipt, number_from_scan, qr_text, receipt_number
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.journal import Journal
from kiosk.journal.slip_key import slip_key_to_tell, usable_slip_key
from sync.central.exchange import Platform
from sync.central.opener import Opener
from sync.central.reclaim import ReclaimRefused, Reclaims
from sync.central.server import build_platform, serving
from sync.enrolment import enrol
from sync.paper_wire import Reclaim, ReclaimAnswer
from sync.platform_client import PlatformClient
from sync.slip_keys import tell_slip_key
from tests.invented_cases import invented_case

CODE = "4821093377"
KEY = bytes(range(32))


def _receipt(service: str = "pension-certification", sequence: int = 70_000) -> Receipt:
    entry_id = new_entry_id()
    return Receipt(
        number=receipt_number("100001", entry_id),
        entry_id=entry_id,
        sequence=sequence,
        received_at=datetime(2026, 11, 22, 9, 30, 1, tzinfo=UTC),
        service_code=service,
        digest=os.urandom(32),
    )


def test_code_holds_the_promise_and_nothing_personal() -> None:
    receipt = _receipt()
    text = signed_text(receipt, KEY)
    slip = read_signed(text)
    slip.verify(public_half(KEY))
    assert (slip.receipt, slip.terminal_number) == (receipt, "100001")
    assert text == signed_text(receipt, KEY)
    assert len(slip.token) + 2 <= 200
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_another_library_reads_it_as_a_cwt() -> None:
    receipt = _receipt()
    token = read_signed(signed_text(receipt, KEY)).token
    public = public_half(KEY)
    key = COSEKey.new({1: 1, -1: 6, 3: -8, -2: public, 2: key_id(public)})
    claims = cwt.decode(b"\xd8\x3d" + token, key)
    assert isinstance(claims, dict)
    assert (claims[1], claims[7], claims[-65537]) == ("100001", receipt.entry_id.bytes, 70_000)


def test_both_forms_name_the_case_to_a_terminal() -> None:
    receipt = _receipt()
    for text in (qr_text(receipt.number), signed_text(receipt, KEY), f"  {signed_text(receipt, KEY)}\r\n"):
        assert number_from_scan(text) == receipt.number
        found = classify(text, 0.0, CodeSettings())
        assert (found.kind, found.receipt_number) == (CodeKind.RECEIPT, receipt.number)
    wrong = signed_text(receipt, KEY).replace(
        receipt.number, receipt.number[:-1] + str((int(receipt.number[-1]) + 1) % 10)
    )
    assert number_from_scan(wrong) is None
    with pytest.raises(NotOurWord):
        read_signed(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequence", 2**63),
        ("sequence", 0),
        ("sequence", 1.5),
        ("digest", 32),
        ("digest", [0] * 32),
        ("service_code", "\0a service"),
        ("service_code", ""),
        ("service_code", ["s"]),
    ],
)
def test_a_rightly_signed_claim_that_no_entry_has(name: str, value: Any) -> None:
    wrong = replace(_receipt(), **{name: value})
    with pytest.raises(NotOurWord):
        read_signed(signed_text(wrong, KEY))


def test_another_slip_s_number_before_this_slip_s_word() -> None:
    mine, theirs = _receipt(), _receipt()
    with pytest.raises(NotOurWord):
        read_signed(signed_text(mine, KEY).replace(mine.number, theirs.number))


def test_every_flipped_bit_of_the_word_is_noticed() -> None:
    import base45

    text = signed_text(_receipt(), KEY)
    head, _, word = text.rpartition(text[26:27])
    head, word = text[:27], text[27:]
    token = base45.b45decode(word)
    for place in range(len(token) * 8):
        forged = bytearray(token)
        forged[place // 8] ^= 1 << place % 8
        with pytest.raises(NotOurWord):
            read_signed(head + base45.b45encode(bytes(forged)).decode()).verify(public_half(KEY))


@given(st.text(max_size=200) | st.from_regex(r"\ALINBAN:R2:[0-9]{16}:[0-9A-Z $%*+\-./:]{0,300}\Z"))
@settings(max_examples=300, deadline=None)
def test_whatever_is_scanned_is_refused_and_never_a_bug(text: str) -> None:
    with pytest.raises(NotOurWord):
        read_signed(text)


@pytest.mark.parametrize("service", ["case-progress", "pension-certification", "x" * 40])
@pytest.mark.parametrize("width_dots", [384, 576])
def test_printed_code_fits_the_paper_and_is_read_at_the_printer_s_dots(service: str, width_dots: int) -> None:
    text = signed_text(_receipt(service), KEY)
    modules = qr_modules(text)
    dots = min(5, width_dots // (modules + 8))
    assert dots >= 4  # half a millimetre: what a phone and every scanner read without care
    bitmap = qr_bitmap(text, dots)
    height = len(bitmap.data) // bitmap.width_bytes
    drawn = Image.frombytes("1", (bitmap.width_bytes * 8, height), bitmap.data, "raw", "1;I").convert("L")
    # Paper: grey, with the head's dots running into each other, and seen by a camera at half its size.
    paper = Image.new("L", (drawn.width + 160, drawn.height + 160), 235)
    paper.paste(drawn.point(lambda v: 60 if v == 0 else 235), (80, 80))
    seen = paper.rotate(3, fillcolor=235, resample=Image.Resampling.BICUBIC).resize(
        (paper.width * 2 // 3, paper.height * 2 // 3), Image.Resampling.BILINEAR
    )
    (found,) = zxingcpp.read_barcodes(seen)
    assert found.text == text


@pytest.mark.parametrize("key", [None, KEY, b"too short"])
def test_slip_is_composed_with_a_key_without_one_and_with_a_bad_one(key: bytes | None) -> None:
    receipt = _receipt()
    pack = load_catalogue(Config().paths.packs_dir).packs["pension-certification"]
    page = compose_slip(
        receipt,
        pack,
        resident=None,
        local_time=receipt.received_at,
        site_name="测试点",
        help_phone="000",
        language="zh_CN",
        slip_key=key,
    )
    (code,) = [block.data for block in page.blocks if isinstance(block, QrCode)]
    assert code == (signed_text(receipt, KEY) if key == KEY else qr_text(receipt.number))


class Site:
    """One terminal's journal and key, one platform."""

    def __init__(self, folder: Path, platform: Platform, url: str) -> None:
        self.platform, self.url = platform, url
        clock = SystemClock()
        folder.mkdir()
        self.journal = Journal.open(folder / "journal.db", os.urandom(32), clock)
        self.client = PlatformClient(PlatformSettings(url=url), Ed25519PrivateKey.generate(), clock)
        self.client.become(enrol(self.client, self.journal, CODE))

    def record(self) -> Receipt:
        return self.journal.entries.record(invented_case())

    def slip(self, receipt: Receipt) -> str:
        key = usable_slip_key(self.journal.settings)
        assert key is not None
        return signed_text(receipt, key)

    def deliver(self) -> None:
        leased = self.journal.outbox.lease(10, 1 << 20, 60)
        self.client.send_entries([item.entry for item in leased], leased[-1].entry.sequence)
        Opener(self.platform.store, self.platform.keys.sealing).open_all()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    platform = build_platform(tmp_path / "platform" / "central.db", tmp_path / "platform")
    platform.store.add_enrolment_code(CODE, timedelta(hours=1))
    with serving(platform) as url:
        made = Site(tmp_path / "terminal", platform, url)
        yield made
        made.client.close()
        made.journal.close()
    platform.store.close()


def _content(site: Site, number: str) -> str:
    with site.platform.store.reading() as run:
        row = run.execute("select content from case_record where receipt_number = ?", (number,)).fetchone()
    assert row is not None
    return str(row[0])


def test_key_is_told_once_and_used_only_after(site: Site) -> None:
    assert usable_slip_key(site.journal.settings) is None
    key = slip_key_to_tell(site.journal.settings)
    assert key is not None
    assert tell_slip_key(site.client, site.journal)
    assert usable_slip_key(site.journal.settings) == key
    assert slip_key_to_tell(site.journal.settings) is None
    assert tell_slip_key(site.client, site.journal)


def test_platform_that_does_not_know_the_call_leaves_slips_plain(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PlatformError(LineFault.REFUSED, "404 no-such-call")

    monkeypatch.setattr(site.client, "tell_slip_key", refuse)
    assert not tell_slip_key(site.client, site.journal)
    assert usable_slip_key(site.journal.settings) is None


@pytest.mark.fault(125, 25)
def test_terminal_is_lost_and_its_slip_makes_the_case_known(site: Site) -> None:
    tell_slip_key(site.client, site.journal)
    receipt = site.record()
    text = site.slip(receipt)
    reclaims = Reclaims(site.platform.store)
    assert site.platform.cases.progress(receipt.number).state is PlatformState.UNKNOWN
    first = reclaims.reclaim(text, "测试甲")
    assert (first.result, first.state) == (Reclaim.RECLAIMED, PlatformState.RECEIVED)
    assert reclaims.reclaim(text, "测试乙") == first
    assert site.platform.cases.progress(receipt.number).state is PlatformState.RECEIVED
    (waiting,) = reclaims.without_body()
    assert (waiting.receipt_number, waiting.reclaimed_by) == (receipt.number, "测试甲")
    assert _content(site, receipt.number) == ""


@pytest.mark.fault(125)
def test_body_comes_after_the_paper(site: Site) -> None:
    tell_slip_key(site.client, site.journal)
    receipt = site.record()
    reclaims = Reclaims(site.platform.store)
    reclaims.reclaim(site.slip(receipt), "测试甲")
    site.platform.cases.change_state(receipt.number, PlatformState.ACCEPTED)
    site.deliver()
    found = reclaims.of(receipt.number)
    assert found is not None
    assert (found.body_came, found.agrees) == (True, True)
    assert reclaims.without_body() == []
    progress = site.platform.cases.progress(receipt.number)
    assert progress.state is PlatformState.ACCEPTED
    assert [at.state for at in progress.history] == [PlatformState.RECEIVED, PlatformState.ACCEPTED]
    assert "13900000000" in _content(site, receipt.number)
    assert reclaims.reclaim(site.slip(receipt), "测试甲").result is Reclaim.KNOWN


def test_slip_of_a_case_that_arrived_changes_nothing(site: Site) -> None:
    tell_slip_key(site.client, site.journal)
    receipt = site.record()
    site.deliver()
    answer = Reclaims(site.platform.store).reclaim(site.slip(receipt), "测试甲")
    assert answer.result is Reclaim.KNOWN
    assert "13900000000" in _content(site, receipt.number)


@pytest.mark.parametrize(
    ("forge", "word"),
    [
        (lambda receipt, _: qr_text(receipt.number), "no-signed-slip"),
        (lambda receipt, _: signed_text(receipt, new_slip_key()), "unknown-key"),
        (lambda receipt, text: text[:-6] + "000" + text[-3:], "bad-signature"),
    ],
)
def test_forged_paper_is_refused(site: Site, forge: Callable[[Receipt, str], str], word: str) -> None:
    tell_slip_key(site.client, site.journal)
    receipt = site.record()
    with pytest.raises(ReclaimRefused) as caught:
        Reclaims(site.platform.store).reclaim(forge(receipt, site.slip(receipt)), "测试甲")
    assert caught.value.word == word


def test_only_operators_reclaim(site: Site) -> None:
    tell_slip_key(site.client, site.journal)
    receipt = site.record()
    body = msgspec.json.encode({"text": site.slip(receipt)})

    def post(headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=10)
        connection.request("POST", "/v1/reclaims", body, {"content-type": "application/json", **headers})
        response = connection.getresponse()
        found = response.status, response.read()
        connection.close()
        return found

    assert post({})[0] == 401
    status, content = post({"authorization": f"Bearer {site.platform.keys.operator_token}"})
    assert status == 200
    assert msgspec.json.decode(content, type=ReclaimAnswer).result is Reclaim.RECLAIMED
