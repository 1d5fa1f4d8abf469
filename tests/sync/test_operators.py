"""Operators move cases; the terminal and the resident with the slip hear of it."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import pytest
import requests

from kiosk.domain.case import PlatformState
from kiosk.errors import LineFault, PlatformError
from sync.central import openapi
from sync.central.api import build_app
from sync.central.exchange import Platform
from sync.heartbeat_wire import HeartbeatRequest
from sync.inbox_download import InboxDownload
from sync.wire import MAX_REQUEST_BYTES


def as_operator(platform: Platform, method: str, url: str, **options: Any) -> requests.Response:
    headers = {"authorization": f"Bearer {platform.keys.operator_token}"}
    return requests.request(method, url, headers=headers, timeout=5, **options)


def test_a_case_moves_and_the_terminal_is_told(platform: Platform, platform_url: str, terminal: Any) -> None:
    (receipt,) = terminal.record()
    terminal.drain()
    url = f"{platform_url}/v1/cases/{receipt.number}/state"
    for state in ("accepted", "concluded"):
        assert as_operator(platform, "POST", url, json={"state": state}).status_code == 200
    found = terminal.client.query("case-progress", {"receipt_number": receipt.number}, 0, 2.0)
    assert found["state"] == "concluded"
    assert [step["state"] for step in found["history"]] == ["received", "accepted", "concluded"]
    assert set(found) == {"receipt_number", "service_code", "state", "history"}
    inbox = terminal.client.inbox(0, 0)
    assert [message.state for message in inbox.messages] == [PlatformState.ACCEPTED, PlatformState.CONCLUDED]
    assert terminal.client.inbox(1, 0).messages == inbox.messages[1:]


def test_a_number_that_nobody_knows_is_an_answer(terminal: Any) -> None:
    terminal.record()
    (entry,) = terminal.journal.entries.stream()
    number = entry.header.receipt_number
    found = terminal.client.query("case-progress", {"receipt_number": number}, 0, 2.0)
    assert (found["state"], found["history"]) == ("unknown", [])


def test_how_often_a_case_is_stored(platform: Platform, platform_url: str, terminal: Any) -> None:
    (receipt,) = terminal.record()
    terminal.drain()
    url = f"{platform_url}/v1/operator/cases?receipt={receipt.number}"
    (case,) = as_operator(platform, "GET", url).json()["cases"]
    assert (case["stored"], case["received"], case["state"]) == (1, 1, "received")


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic abc"])
def test_without_the_operators_token(platform_url: str, token: str) -> None:
    answer = requests.get(f"{platform_url}/v1/operator/cases", headers={"authorization": token}, timeout=5)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 422),
        (b"not json", "application/json", 422),
        (b'{"code": "abcd", "public_key": "AAAA", "more": 1}', "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"[" * 100_000, "application/json", 422),
        (b" " * (MAX_REQUEST_BYTES + 1), "application/json", 413),
    ],
    ids=["empty", "not-json", "unknown-field", "wrong-type", "deep", "huge"],
)
def test_a_request_of_another_shape_is_a_problem(
    platform_url: str, body: bytes, content_type: str, status: int
) -> None:
    answer = requests.post(
        f"{platform_url}/v1/enrol", data=body, headers={"content-type": content_type}, timeout=10
    )
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_the_kept_document_is_the_servers(platform: Platform, platform_url: str) -> None:
    served = requests.get(f"{platform_url}/openapi.json", timeout=5).json()
    assert served["openapi"].startswith("3.1")
    assert served == json.loads(openapi.KEPT_FILE.read_text(encoding="utf-8"))
    assert openapi.text(build_app(platform)) == openapi.KEPT_FILE.read_text(encoding="utf-8")


def test_the_operators_words_are_in_the_terminals_journal(platform: Platform, terminal: Any) -> None:
    (receipt,) = terminal.record()
    terminal.drain()
    words = "请带上户口簿。" * 40
    platform.cases.change_state(receipt.number, PlatformState.RETURNED, words=words)
    InboxDownload(terminal.client, terminal.clock).fetch(terminal.journal, 1, lambda: True)
    (message,) = terminal.journal.inbox.for_receipt(receipt.number)
    assert (message.platform_state, message.words) == (PlatformState.RETURNED, words)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("linban-clock", "2026-11-22T00:00:00", 200),
        ("linban-clock", "2026-11-22", 200),
        ("linban-clock", "yesterday", 200),
        ("linban-sequence", "9" * 30, 401),
        ("linban-sequence", "-5", 401),
        ("linban-sequence", "1_0", 401),
    ],
)
def test_a_terminal_that_says_nonsense_of_itself(
    platform: Platform, terminal: Any, header: str, value: str, status: int
) -> None:
    from sync import exchange, signing

    really: Any = signing.sign_request

    def sign(*told: Any) -> None:
        with patch.object(signing, "iso_utc", lambda _: value) if header == "linban-clock" else nullcontext():
            sequence: Any = value if header == "linban-sequence" else told[4]
            really(*told[:4], sequence, *told[5:])

    message = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)
    with patch.object(exchange, "sign_request", sign):
        if status == 200:
            assert terminal.client.heartbeat(message, 0).high_water == 0
        else:
            with pytest.raises(PlatformError) as refused:
                terminal.client.heartbeat(message, 0)
            assert refused.value.fault is LineFault.NOT_AUTHORISED
    with platform.store.reading() as run:
        (row,) = run.execute("select count(*) from heartbeat").fetchall()
    assert row[0] == (status == 200)
