"""Where the terminal's keys lie, for `kiosk doctor`. Nothing is made by looking."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk.commands.finding import Finding, Verdict
from kiosk.commands.journal_words import SECRET
from kiosk.config import Settings
from kiosk.errors import SecretError, SecretFault
from kiosk.secrets import keeping, tpm
from kiosk.secrets.keeping import Place

_PLACES = {
    Place.TPM: "sealed to this machine's TPM",
    Place.CREDENTIAL: "given by systemd",
    Place.FILE: "in a file that only this account may read",
}
_MEND_TPM = (
    "switch the machine off and on, which wakes most of them; where the TPM is gone for good, say so in the settings"
    ' (tpm = "" under [paths]) and enrol the terminal again: kiosk enrol CODE --again'
)
_MEND = "put it back; else kiosk enrol CODE --again makes a new one and keeps the old journal aside"


def keys_found(settings: Settings) -> Iterator[Finding]:
    """One finding a key."""
    there = tpm.is_usable(settings.paths.tpm)
    if tpm.is_there(settings.paths.tpm) and not there:
        yield Finding(
            subject="TPM",
            verdict=Verdict.LIMITED,
            seen=f"{settings.paths.tpm}, which this account may not use",
            advice="usermod -aG tss, for the account that runs the terminal; until then new keys are files",
        )
    for subject, file, protected in (
        ("journal's key", settings.journal_key_file, settings.journal_file.exists()),
        ("terminal's key", settings.terminal_key_file, False),
    ):
        try:
            found = keeping.load(file, settings.paths.tpm)
        except SecretError as error:
            seen = f"{SECRET[error.fault]} ({error.detail})"
            advice = _MEND_TPM if error.fault is SecretFault.NO_TPM else _MEND
            yield Finding(subject=subject, verdict=Verdict.FAILS, seen=seen, advice=advice)
            continue
        if found is not None:
            better = there and found.place is Place.FILE
            advice = "kiosk enrol CODE --again seals a new one to the TPM that is there" if better else ""
            yield Finding(
                subject=subject,
                verdict=Verdict.LIMITED if better else Verdict.WORKS,
                seen=_PLACES[found.place],
                advice=advice,
            )
        elif protected:
            seen = "gone, and the journal that it opens is not"
            yield Finding(subject=subject, verdict=Verdict.FAILS, seen=seen, advice=_MEND)
        else:
            where = "the TPM" if there else "a file, for there is no TPM"
            yield Finding(
                subject=subject, verdict=Verdict.WORKS, seen=f"made at the first start, kept in {where}"
            )
