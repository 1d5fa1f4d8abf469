"""The process that decodes dies, hangs, eats memory; the camera's thread does not notice more than a pause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from devices.camera import decoder_client, scene
from devices.camera.decoder_client import COMMAND, DecoderClient
from devices.camera.decoder_messages import Answer
from devices.transport.frame_source import Pixels
from kiosk.clock import SystemClock

LINK = "https://example.cn/r/410722360815"
NEVER = threading.Event()
ABORT, HANG, EAT, NONSENSE, SLOW = 241, 242, 243, 244, 245

# A decoder that a picture can kill: its first pixel says how. Everything else is the real process.
MOODY = textwrap.dedent(
    """
    import os, sys, threading
    from devices.camera.decoder import CodeReader
    from devices.camera.decoder_process import main

    class Moody(CodeReader):
        def look(self, grey, *, settled):
            mark = int(grey[0, 0])
            if mark == 241:
                os.abort()
            while mark == 242:
                pass
            if mark == 243:
                hoard = [bytearray(1 << 26) for _ in range(64)]
            if mark == 244:
                os.write(int(sys.argv[1]), b"no message")
            if mark == 245:
                threading.Event().wait(0.5)
            return super().look(grey, settled=settled)

    main(sys.argv[1:], Moody)
    """
)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return scene.shown(scene.counter(), scene.code_picture(LINK.encode()))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[DecoderClient]:
    script = tmp_path / "moody.py"
    script.write_text(MOODY)
    made = DecoderClient(("qr",), SystemClock(), (sys.executable, str(script)))
    yield made
    made.close()


def look(client: DecoderClient, grey: Pixels, within_s: float = 15.0) -> Answer | None:
    deadline = SystemClock().monotonic() + within_s
    return client.look(grey, settled=False, deadline=deadline, cancel=NEVER)


def texts(answer: Answer | None) -> list[str | None]:
    return [] if answer is None else [code.text for code in answer.codes]


def marked(picture: Pixels, mark: int) -> Pixels:
    poisoned = picture.copy()
    poisoned[0, 0] = mark
    return poisoned


def test_a_picture_is_decoded_elsewhere(client: DecoderClient, picture: Pixels) -> None:
    assert texts(look(client, picture)) == [LINK]
    assert client.process_id not in (None, os.getpid())


@pytest.mark.fault(102)
@pytest.mark.parametrize("mark", [ABORT, EAT, NONSENSE])
def test_the_picture_that_killed_it_twice_is_left_out_and_the_next_is_read(
    client: DecoderClient, picture: Pixels, mark: int
) -> None:
    assert texts(look(client, picture)) == [LINK]
    first = client.process_id
    assert look(client, marked(picture, mark)) is None
    assert client.skipped == 1
    assert texts(look(client, picture)) == [LINK]
    assert client.process_id != first
    assert not client.broken


@pytest.mark.fault(102)
@pytest.mark.slow
def test_a_decoder_that_hangs_is_ended(
    client: DecoderClient, picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_client, "HANGS_AFTER_S", 0.4)
    assert texts(look(client, picture)) == [LINK]
    assert look(client, marked(picture, HANG)) is None
    assert client.skipped == 1
    assert texts(look(client, picture)) == [LINK]


def test_a_look_that_takes_too_long_is_given_up_and_the_next_waits_for_its_end(
    client: DecoderClient, picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_client, "HANGS_AFTER_S", 0.6)
    assert texts(look(client, picture)) == [LINK]
    started = time.monotonic()
    assert look(client, marked(picture, HANG), within_s=0.2) is None
    assert time.monotonic() - started < 0.5
    assert texts(look(client, picture)) == [LINK]


def test_an_answer_that_comes_late_is_still_an_answer(
    client: DecoderClient, picture: Pixels, eventually: Callable[..., None]
) -> None:
    assert texts(look(client, picture)) == [LINK]
    assert look(client, marked(picture, SLOW), within_s=0.1) is None
    assert client.busy
    found: list[Answer | None] = []

    def has_come() -> bool:
        found.append(client.late())
        return found[-1] is not None

    eventually(has_come)
    assert texts(found[-1]) == [LINK]
    assert client.late() is None
    assert not client.busy


def test_a_late_answer_to_an_earlier_session_is_for_nobody(
    client: DecoderClient, picture: Pixels, eventually: Callable[..., None]
) -> None:
    assert texts(look(client, picture)) == [LINK]
    assert look(client, marked(picture, SLOW), within_s=0.1) is None
    client.forget()
    eventually(lambda: client.late() is None and not client.busy)
    assert client.late() is None
    assert texts(look(client, picture)) == [LINK]


def test_waiting_for_a_decoder_ends_at_once_when_cancelled(client: DecoderClient, picture: Pixels) -> None:
    assert texts(look(client, picture)) == [LINK]
    cancel = threading.Event()
    timer = threading.Timer(0.15, cancel.set)
    timer.start()
    started = time.monotonic()
    poisoned = marked(picture, HANG)
    assert client.look(poisoned, settled=False, deadline=started + 30, cancel=cancel) is None
    assert time.monotonic() - started < 0.6
    timer.join()


def test_pictures_of_different_sizes_go_through_the_same_memory(
    client: DecoderClient, picture: Pixels
) -> None:
    half = np.ascontiguousarray(picture[::2, ::2])
    large = np.kron(picture, np.ones((2, 2), np.uint8))
    assert [texts(look(client, each)) for each in (half, picture, large, half)] == [[LINK]] * 4


@pytest.mark.slow
def test_a_decoder_that_cannot_be_started_is_told(picture: Pixels) -> None:
    client = DecoderClient(("qr",), SystemClock(), (sys.executable, "-c", "raise SystemExit(1)"))
    assert look(client, picture, within_s=2.0) is None
    assert client.broken
    client.close()


def test_a_killed_decoder_is_back_within_a_second(client: DecoderClient, picture: Pixels) -> None:
    assert texts(look(client, picture)) == [LINK]
    assert client.process_id is not None
    os.kill(client.process_id, signal.SIGKILL)
    started = time.monotonic()
    assert texts(look(client, picture)) == [LINK]
    assert time.monotonic() - started < 3.0


PARENT = textwrap.dedent(
    """
    import sys, threading
    import numpy as np
    from devices.camera.decoder_client import DecoderClient
    from kiosk.clock import SystemClock
    client = DecoderClient(("qr",), SystemClock())
    grey = np.zeros((720, 1280), np.uint8)
    assert client.look(grey, settled=False, deadline=SystemClock().monotonic() + 20, cancel=threading.Event())
    print(client.process_id, flush=True)
    threading.Event().wait(60)
    """
)


@pytest.mark.slow
def test_nothing_is_left_when_the_parent_is_killed(eventually: Callable[..., None]) -> None:
    shared = set(os.listdir("/dev/shm"))
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        memory = [link for link in _open_files(child) if "linban-frames" in link]
        assert memory
        assert all("(deleted)" in link for link in memory)  # it has no name that could stay
        parent.kill()
    eventually(lambda: not Path(f"/proc/{child}/exe").exists())
    assert set(os.listdir("/dev/shm")) <= shared


def _open_files(process: int) -> list[str]:
    folder = Path(f"/proc/{process}/fd")
    return [os.readlink(each) for each in folder.iterdir()]


def test_memory_that_the_other_side_cannot_shrink(client: DecoderClient, picture: Pixels) -> None:
    assert texts(look(client, picture)) == [LINK]
    assert client.process_id is not None
    link = next(
        each
        for each in Path(f"/proc/{client.process_id}/fd").iterdir()
        if "linban-frames" in os.readlink(each)
    )
    with open(link, "r+b") as memory, pytest.raises(PermissionError):
        os.ftruncate(memory.fileno(), 0)


def test_the_usual_command_is_this_python() -> None:
    assert COMMAND[0] == sys.executable
