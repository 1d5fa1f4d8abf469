"""A TPM that lies, stutters, hangs or is another one: a clear word, nothing lost, and never a new key in silence."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.commands.keys import keys_found
from kiosk.config import Settings
from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalError, JournalFault, SecretError, SecretFault
from kiosk.secrets import keeping, tpm_protocol
from kiosk.secrets import tpm as chip
from sync.identity import enrol_again, open_identity
from tests.identity.conftest import SoftTpm
from tests.identity.terminal_world import CLOCK, World, journal_of, record, standing

_FLUSHES = (3, 4)
"""Unsealing asks: make the parent, load, unseal, free, free."""
Mangle = Callable[[int, bytes], bytes | None]


class Relay:
    """Stands before a TPM and does to each answer what it is told; None: says nothing, and keeps the line open."""

    def __init__(self, tpm: SoftTpm, mangle: Mangle) -> None:
        self.address = f"{tpm.address}-relay-{id(self):x}"
        self._tpm, self._mangle = tpm.address, mangle
        self.asked = 0
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.address)
        self._server.listen()
        self._silent: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            self.asked = 0
            with socket.socket(socket.AF_UNIX) as tpm:
                tpm.connect(self._tpm)
                self._talk(line, tpm)
                for slot in range(3):  # as the kernel's resource manager does when a line is closed
                    tpm.sendall(tpm_protocol.flush(0x80000000 + slot))
                    tpm.recv(4096)

    def _talk(self, line: socket.socket, tpm: socket.socket) -> None:
        try:
            while command := line.recv(4096):
                tpm.sendall(command)
                answer = self._mangle(self.asked, tpm.recv(4096))
                self.asked += 1
                if answer is None:
                    self._silent.append(line)
                    return
                line.sendall(answer)
                if len(answer) < 10 or len(answer) < int.from_bytes(answer[2:6], "big"):
                    break  # cut off
        except OSError:
            pass
        line.close()

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)
        for line in self._silent:
            line.close()
        Path(self.address).unlink(missing_ok=True)


@pytest.fixture
def before(tpm: SoftTpm) -> Iterator[Callable[[Mangle], Relay]]:
    made: list[Relay] = []

    def stand(mangle: Mangle) -> Relay:
        made.append(Relay(tpm, mangle))
        return made[-1]

    yield stand
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chip, "DEADLINE_S", 0.5)


@pytest.fixture
def sealed(tmp_path: Path, tpm: SoftTpm) -> Path:
    file = tmp_path / "journal.key"
    keeping.load_or_make(file, tpm.address)
    return file


def _at(place: int, change: Callable[[bytes], bytes | None]) -> Mangle:
    return lambda asked, answer: change(answer) if asked == place else answer


@pytest.mark.fault(125)
@pytest.mark.parametrize("place", range(5))
def test_an_answer_is_cut_off_at_every_place(
    sealed: Path, tpm: SoftTpm, before: Callable[[Mangle], Relay], place: int
) -> None:
    secret, content = keeping.load(sealed, tpm.address), keeping.sealed_file(sealed).read_bytes()
    for length in (0, 1, 9, 10, 11, 13, 14, 15, 16, 20):
        relay = before(_at(place, lambda answer, length=length: answer[:length]))  # type: ignore[misc]
        if place in _FLUSHES:  # the secret is here already
            assert keeping.load_or_make(sealed, relay.address) == secret
        else:
            with pytest.raises(SecretError) as caught:
                keeping.load_or_make(sealed, relay.address)
            assert caught.value.fault is SecretFault.NO_TPM, length
        relay.close()
    assert keeping.sealed_file(sealed).read_bytes() == content
    assert not sealed.exists()
    assert keeping.load(sealed, tpm.address) == secret


@pytest.mark.fault(125)
@pytest.mark.parametrize("place", range(5))
def test_a_tpm_that_hangs(sealed: Path, tpm: SoftTpm, before: Callable[[Mangle], Relay], place: int) -> None:
    relay = before(_at(place, lambda answer: None))
    started_s = CLOCK.monotonic()
    if place in _FLUSHES:
        assert keeping.load_or_make(sealed, relay.address).secret
    else:
        with pytest.raises(SecretError, match="does not answer"):
            keeping.load_or_make(sealed, relay.address)
    # One deadline, not one more for everything that would be put away.
    assert CLOCK.monotonic() - started_s < 2 * chip.DEADLINE_S
    assert keeping.load(sealed, tpm.address)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x80\x01\x00\x00\x00\x0a\x00\x00\x09\x22",
        b"\x80\x01\x00\x00\x00\x0a\x00\x00\x01\x01",
        b"\x80\x02\xff\xff\xff\xff\x00\x00\x00\x00",
        b"\x80\x02\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x80\x02\x00\x00\x00\x0a\x00\x00\x00\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes(64),
    ],
)
def test_an_answer_that_is_none(
    sealed: Path, before: Callable[[Mangle], Relay], answer: bytes, tmp_path: Path
) -> None:
    for place in range(3):
        relay = before(_at(place, lambda _: answer))
        with pytest.raises(SecretError) as caught:
            keeping.load_or_make(sealed, relay.address)
        assert caught.value.fault is SecretFault.NO_TPM
        # Nor is a first key made that nobody could open again.
        fresh = tmp_path / f"fresh-{place}.key"
        with pytest.raises(SecretError):
            keeping.load_or_make(fresh, relay.address)
        assert not keeping.exists(fresh)
        relay.close()


def test_a_tpm_that_gives_back_another_secret_than_it_was_given(
    tmp_path: Path, before: Callable[[Mangle], Relay]
) -> None:
    """Found out before the key protects anything: later, a journal would hang on it."""
    relay = before(
        lambda asked, answer: answer[:-9] + bytes((answer[-9] ^ 1,)) + answer[-8:] if asked == 2 else answer
    )
    with pytest.raises(SecretError):
        keeping.load_or_make(tmp_path / "journal.key", relay.address)
    assert not keeping.exists(tmp_path / "journal.key")


def _sealed_terminal(world: World, tpm: SoftTpm) -> Settings:
    settings = world.settings_of("sealed", tpm.address)
    world.enrol(settings)
    record(settings, 3)
    return settings


def _elsewhere(settings: Settings, address: str) -> Settings:
    import msgspec

    paths = msgspec.structs.replace(settings.paths, tpm=address)
    return msgspec.structs.replace(settings, paths=paths)


@pytest.mark.fault(125)
@pytest.mark.parametrize("kind", ["hangs", "is away"])
def test_enrolling_again_while_the_tpm_does_not_answer_costs_no_journal(
    world: World, tpm: SoftTpm, before: Callable[[Mangle], Relay], kind: str
) -> None:
    settings = _sealed_terminal(world, tpm)
    state = settings.paths.state_dir
    files = {file.name: file.read_bytes() for file in state.iterdir() if file.is_file()}
    address = before(lambda asked, answer: None).address if kind == "hangs" else "/nonexistent/tpm"
    ill = _elsewhere(settings, address)
    with pytest.raises(JournalError) as lost:
        open_identity(ill, CLOCK)
    assert lost.value.fault is JournalFault.MISSING_KEY
    code = world.code("100001")
    with pytest.raises(SecretError) as caught:
        enrol_again(ill, CLOCK, code)
    assert caught.value.fault is SecretFault.NO_TPM
    assert {file.name: file.read_bytes() for file in state.iterdir() if file.is_file()} == files
    advice = [finding.advice for finding in keys_found(ill) if "TPM does not answer" in finding.seen]
    assert len(advice) == 2
    assert all("off and on" in one for one in advice)
    # It answers again, and nothing had happened; nor was the code used up.
    open_identity(settings, CLOCK)
    assert standing(settings) is Standing.OK
    world.deliver(settings)
    assert len(world.stored()) == 3
    assert enrol_again(settings, CLOCK, code).terminal_number == "100002"


@pytest.mark.fault(125)
def test_the_settings_say_that_the_tpm_is_gone_for_good(world: World, tpm: SoftTpm) -> None:
    settings = _sealed_terminal(world, tpm)
    without = _elsewhere(settings, "")
    assert enrol_again(without, CLOCK, world.code("100001")).terminal_number == "100002"
    aside = [file.name for file in settings.paths.state_dir.iterdir() if "damaged-keyless" in file.name]
    assert any(name.startswith("journal.db") for name in aside)
    assert any(name.endswith(".tpm") or "journal.key.tpm" in name for name in aside)
    record(without)


@pytest.mark.parametrize("kind", ["others may read it", "too short", "two of them"])
def test_enrolling_again_with_a_key_that_can_be_mended_costs_no_journal(world: World, kind: str) -> None:
    settings = world.settings
    world.enrol(settings)
    record(settings, 2)
    key = settings.journal_key_file
    content = key.read_bytes()
    if kind == "others may read it":
        key.chmod(0o644)
    elif kind == "too short":
        key.write_bytes(content[:16])
    else:
        os.environ["CREDENTIALS_DIRECTORY"] = str(world.folder)
        (world.folder / f"linban.{key.name}").write_bytes(bytes(32))
    try:
        with pytest.raises(SecretError) as caught:
            enrol_again(settings, CLOCK, world.code("100001"))
    finally:
        os.environ.pop("CREDENTIALS_DIRECTORY", None)
    assert caught.value.fault in (SecretFault.UNSAFE, SecretFault.TWO_KEYS)
    assert [file.name for file in settings.paths.state_dir.iterdir() if "keyless" in file.name] == []
    key.write_bytes(content)
    key.chmod(0o600)
    with journal_of(settings) as journal:
        assert journal.outbox.summary().pending == 2
