"""The talk between processes: whole messages, strangers refused, the other side may die at any moment."""

import os
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import IpcError, IpcFault, LineFault, PlatformError
from kiosk.ipc import MAX_LINE_BYTES, IpcClient, IpcServer, LineReader, Message, encode


def greet(params: dict[str, Any]) -> str:
    return f"你好 {params['name']}"


def refuse(_: dict[str, Any]) -> None:
    raise PlatformError(LineFault.NO_LINE)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IpcServer]:
    blocked = threading.Event()
    methods = {"greet": greet, "refuse": refuse, "never": lambda _: blocked.wait(5)}
    server = IpcServer(tmp_path / "s.sock", methods, on_connect=lambda: [("hello", {"state": 1})])
    yield server
    blocked.set()
    server.close()


def test_call_and_answer(server: IpcServer, tmp_path: Path) -> None:
    with IpcClient(tmp_path / "s.sock") as client:
        assert client.call("greet", name="测试甲") == "你好 测试甲"


def test_new_peer_is_greeted_and_told_changes(server: IpcServer, tmp_path: Path) -> None:
    with IpcClient(tmp_path / "s.sock") as client:
        heard = client.notifications(2)
        assert next(heard).method == "hello"
        server.notify("changed", {"state": 2})
        assert next(heard).params == {"state": 2}


@pytest.mark.parametrize(
    ("method", "words"), [("refuse", "no_line"), ("nothing", "no such method"), ("greet", "name")]
)
def test_error_comes_back_as_an_error(server: IpcServer, tmp_path: Path, method: str, words: str) -> None:
    with IpcClient(tmp_path / "s.sock") as client, pytest.raises(IpcError, match=words) as caught:
        client.call(method)
    assert caught.value.fault is IpcFault.REMOTE


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(IpcError) as caught:
        IpcClient(tmp_path / "s.sock")
    assert caught.value.fault is IpcFault.UNREACHABLE


def test_answer_that_does_not_come(server: IpcServer, tmp_path: Path) -> None:
    with IpcClient(tmp_path / "s.sock") as client, pytest.raises(IpcError) as caught:
        client.call("never", patience_s=0.05)
    assert caught.value.fault is IpcFault.TIMED_OUT


def test_server_goes_away_during_a_call(server: IpcServer, tmp_path: Path) -> None:
    with IpcClient(tmp_path / "s.sock") as client:
        threading.Timer(0.1, server.close).start()
        with pytest.raises(IpcError) as caught:
            client.call("never")
        assert caught.value.fault is IpcFault.CLOSED


def test_stranger_is_refused(tmp_path: Path) -> None:
    server = IpcServer(tmp_path / "s.sock", {"greet": greet}, allowed_uids=frozenset({os.getuid() + 1}))
    try:
        with IpcClient(tmp_path / "s.sock") as client, pytest.raises(IpcError) as caught:
            client.call("greet", name="x")
        assert caught.value.fault is IpcFault.CLOSED
    finally:
        server.close()


def test_garbage_ends_that_peer_and_no_other(server: IpcServer, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stranger, IpcClient(tmp_path / "s.sock") as client:
        stranger.connect(str(tmp_path / "s.sock"))
        stranger.sendall(b"\x00\xff not json\n")
        stranger.settimeout(2)
        received = b""
        while data := stranger.recv(4096):
            received += data
        assert client.call("greet", name="x") == "你好 x"


def test_slow_call_can_be_canceled_over_the_same_connection(tmp_path: Path) -> None:
    canceled = threading.Event()

    def ask(_: dict[str, Any]) -> bool:
        return canceled.wait(5)

    methods = {"ask": ask, "cancel": lambda _: canceled.set()}
    server = IpcServer(tmp_path / "s.sock", methods, slow=frozenset({"ask"}))
    answers: list[bool] = []
    with IpcClient(tmp_path / "s.sock") as client:
        asking = threading.Thread(target=lambda: answers.append(client.call("ask")))
        asking.start()
        client.call("cancel")
        asking.join(5)
    server.close()
    assert answers == [True]


def test_socket_is_for_this_user_only(server: IpcServer, tmp_path: Path) -> None:
    assert (tmp_path / "s.sock").stat().st_mode & 0o077 == 0


def test_line_without_end_is_refused() -> None:
    with pytest.raises(IpcError):
        LineReader().feed(b"x" * (MAX_LINE_BYTES + 1))


@given(st.lists(st.text(), min_size=1, max_size=5), st.integers(1, 7))
def test_messages_survive_any_cut(texts: list[str], piece: int) -> None:
    stream = b"".join(encode(Message(id=i, method="m", params={"t": t})) for i, t in enumerate(texts))
    reader, got = LineReader(), []
    for start in range(0, len(stream), piece):
        got += reader.feed(stream[start : start + piece])
    assert [m.params["t"] for m in got] == texts


def test_who_knocks_while_no_descriptor_is_left_is_let_in_later(server: IpcServer, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as before,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking,
    ):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                while True:
                    taken.append(os.dup(knocking.fileno()))
            # An accept that waits already has its descriptor: the first who knocks may still get in by it.
            before.connect(str(tmp_path / "s.sock"))
            knocking.connect(str(tmp_path / "s.sock"))
            knocking.settimeout(0.3)
            with pytest.raises(TimeoutError):
                knocking.recv(1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            for descriptor in taken:
                os.close(descriptor)
        knocking.settimeout(3)
        assert b"hello" in knocking.recv(4096)
