"""The slip a resident takes home: what was received, under which number, and what happens next."""

from __future__ import annotations

import logging
from datetime import datetime

from kiosk.catalogue.pack import Pack
from kiosk.documents.page import Align, Block, Gap, Page, QrCode, Row, Rule, Size, Text
from kiosk.domain.receipt import Receipt, in_fours, qr_text
from kiosk.domain.resident import IdentityDocument, mask_name, mask_number

log = logging.getLogger(__name__)

_SIGNED_MODULE_MM = 0.625
"""Five dots of 203 a inch: 61 modules are 38 mm wide, which the narrow paper holds and any scanner reads."""

_WORDS = {
    "zh_CN": {
        "title": "收件凭条",
        "copy": "补打第 {n} 次",
        "service": "事项",
        "name": "姓名",
        "document": "证件号",
        "time": "收件时间",
        "site": "地点",
        "number": "收件号",
        "received": "材料已收下，还没有开始审批。",
        "next": "接下来",
        "scan": "扫这个码，或报收件号，都能查进度",
        "phone": "有疑问请打 {phone}",
    },
    "en": {
        "title": "Receipt",
        "copy": "Copy no. {n}",
        "service": "Service",
        "name": "Name",
        "document": "ID number",
        "time": "Received at",
        "site": "Place",
        "number": "Receipt number",
        "received": "We have your papers. Nobody has examined them yet.",
        "next": "What happens next",
        "scan": "Scan this code, or give the number, to ask how far it is",
        "phone": "Questions? Call {phone}",
    },
}


def compose_slip(
    receipt: Receipt,
    pack: Pack,
    *,
    resident: IdentityDocument | None,
    local_time: datetime,
    site_name: str,
    help_phone: str,
    language: str,
    attempt: int = 1,
    slip_key: bytes | None = None,
) -> Page:
    """The page of one receipt. `attempt` above 1 is marked as a copy; names and numbers are masked.

    `local_time` is the time of receiving in the terminal's own zone; `resident` is None when the face was
    restarted since: the slip is then complete but nameless.  With `slip_key` (`kiosk.journal.slip_key`) the code
    is signed; without one, or when signing fails, it holds the plain number: paper never waits for a key.
    """
    words = _WORDS.get(language, _WORDS["zh_CN"])
    blocks: list[Block] = [Text(text=words["title"], size=Size.LARGE, align=Align.CENTRE, bold=True)]
    if attempt > 1:
        blocks.append(Text(text=words["copy"].format(n=attempt - 1), align=Align.CENTRE))
    blocks += [
        Gap(),
        Row(label=words["service"], value=pack.name.in_language(language)),
    ]
    if resident is not None:
        blocks += [
            Row(label=words["name"], value=mask_name(resident.name)),
            Row(label=words["document"], value=mask_number(resident.number)),
        ]
    blocks += [
        Row(label=words["time"], value=local_time.strftime("%Y-%m-%d %H:%M")),
        Row(label=words["site"], value=site_name),
        Rule(),
        Text(text=words["number"], align=Align.CENTRE),
        Text(text=in_fours(receipt.number), size=Size.LARGE, align=Align.CENTRE, bold=True),
        Gap(height_mm=2.0),
        Text(text=words["received"], align=Align.CENTRE),
        Rule(),
        Text(text=words["next"], bold=True),
    ]
    blocks += [Text(text=f"· {line.in_language(language)}") for line in pack.next_steps]
    blocks += [
        Text(text=f"· {words['phone'].format(phone=help_phone)}"),
        Gap(),
        _code(receipt, slip_key),
        Text(text=words["scan"], align=Align.CENTRE),
    ]
    return Page(blocks=tuple(blocks))


def _code(receipt: Receipt, slip_key: bytes | None) -> QrCode:
    if slip_key is not None and receipt.digest:
        try:
            from kiosk.documents.signed_receipt import signed_text

            return QrCode(data=signed_text(receipt, slip_key), module_mm=_SIGNED_MODULE_MM)
        except Exception as error:  # noqa: BLE001 - whatever ails the signature, the number must reach the paper
            log.error("a slip was not signed: %s", type(error).__name__)
    return QrCode(data=qr_text(receipt.number))
