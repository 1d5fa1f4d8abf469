"""What can be wrong with a stick, in sentences for whoever stands before the machine."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from sync.stick import StickFault

SENTENCES = {
    "no_stick": "there is no such folder: is the stick plugged in and mounted?",
    "nothing_here": "nothing on this stick is from a terminal",
    "another_terminal": "this stick has nothing for this terminal; it holds the folders of",
    "full": "not enough room on this stick, nothing was written; needed and free, in bytes:",
    "missing": "a file is missing",
    "damaged": "a file is damaged; export again, which repairs it:",
    "forged": "a file was not signed by whom it should be, so nothing in it counts:",
    "another_batch": "this answer belongs to an older export; take the stick to the platform once more:",
    "attachment_refused": "the platform does not take an attachment; is its case here?",
    "another_epoch": "this answer is from before the platform was put back from a backup, or this terminal has not heard of"
    " that yet; let it have the line once, then export again:",
    "unknown_terminal": "the platform does not know this terminal:",
}
"""A sentence for each word of `StickFault`."""


def sentence(fault: StickFault) -> str:
    """What is wrong, in words."""
    return f"{SENTENCES.get(fault.word, fault.word)} {fault.detail}".strip()


@contextmanager
def in_sentences() -> Iterator[None]:
    """Turn what a stick can do wrong into one sentence and exit code 1."""
    try:
        yield
    except StickFault as fault:
        raise click.ClickException(sentence(fault)) from fault
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise click.ClickException("the stick is full; what was written before is whole") from error
        what = "pulled out, write-protected or broken? run the same command again to go on"
        raise click.ClickException(f"the stick failed ({error.strerror}): {what}") from error


def show(report: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """The result, for a program or for a person."""
    click.echo(json.dumps(report, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))
