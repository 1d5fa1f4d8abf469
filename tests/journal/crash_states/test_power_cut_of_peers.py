"""The recorder, and the modelled power cut of the benchmark: it finds the losses that others' queues are known for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kiosk.bench.journal_calls import NEVER, Call, CallKind, NotRecorded, read_log
from kiosk.bench.journal_disk import Damage, Disk, played
from kiosk.bench.journal_peers import PEERS, installed
from kiosk.bench.journal_power_cut import acknowledged_and_left
from tests.journal.crash_states import recording

WHY_NOT = recording.why_not()
FOLDER = Path("/dev")  # one that is surely there, as the reader asks the disk what is a folder


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _line(process: int, call: str) -> bytes:
    return f"{process}  {call}".encode()


def _read(*lines: bytes) -> list[Call]:
    return read_log(list(lines), FOLDER)


@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")
@pytest.mark.fault(1)
def test_ours_keeps_what_it_acknowledged_where_others_lose_all_of_it(tmp_path: Path) -> None:
    report = acknowledged_and_left(tmp_path, counts=(10,))
    assert report["journal"] == {"10": 10}
    assert report["ours_kept"]["met"] is True
    for name in ("litequeue", "diskcache"):
        if installed(name):
            assert report[name] == {"10": 0}
    assert set(report) == {"journal", "ours_kept", *filter(installed, PEERS)}


def test_a_sync_covers_only_writes_that_had_returned_before_it_was_asked_for() -> None:
    name = f"3<{_hex('/dev/a')}>"
    calls = _read(
        _line(1, f'openat(AT_FDCWD<{_hex("/dev")}>, "{_hex("a")}", O_RDWR|O_CREAT, 0600) = {name}'),
        _line(1, f"fsync(4<{_hex('/dev')}>) = 0"),
        _line(1, f'pwrite64({name}, "{_hex("one")}", 3, 0) = 3'),
        _line(2, f'pwrite64({name}, "{_hex("two")}", 3, 3 <unfinished ...>'),
        _line(1, f"fsync({name} <unfinished ...>"),
        _line(2, "<... pwrite64 resumed>) = 3"),
        _line(1, "<... fsync resumed>) = 0"),
        _line(1, f'write(1<{_hex("/dev/null")}>, "{_hex("done")}", 4) = 4'),
    )
    kinds = [call.kind for call in calls]
    assert kinds[:2] == [CallKind.CREATE, CallKind.SYNC_FOLDER]
    assert kinds[-2:] == [CallKind.SYNC, CallKind.SAID]
    disk = played(calls)
    assert disk.after_power_cut(Damage.LOST, random.Random(1)) == {"a": b"one"}
    assert disk.after_power_cut(Damage.KEPT, random.Random(1)) == {"a": b"onetwo"}


def test_a_write_that_a_kill_cut_off_may_have_happened_and_is_never_synced() -> None:
    name = f"3<{_hex('/dev/a')}>"
    (write,) = _read(_line(1, f'pwrite64({name}, "{_hex("abc")}", 3, 512 <unfinished ...>'))
    assert (write.offset, write.data, write.ended) == (512, b"abc", NEVER)


def test_calls_that_failed_or_met_a_deleted_file_change_nothing_and_short_writes_count_as_short() -> None:
    name = f"3<{_hex('/dev/a')}>"
    calls = _read(
        _line(1, f'unlink("{_hex("/dev/a")}") = -1 ENOENT (No such file or directory)'),
        _line(1, f'pwrite64({name}(deleted), "{_hex("abc")}", 3, 0) = 3'),
        _line(1, f'pwrite64({name}, "{_hex("abc")}", 3, 0) = 2'),
        _line(1, f'pwrite64(5<{_hex("/elsewhere/b")}>, "{_hex("abc")}", 3, 0) = 3'),
    )
    assert [(call.kind, call.data) for call in calls] == [(CallKind.WRITE, b"ab")]


@pytest.mark.parametrize(
    "line",
    [
        f"fallocate(3<{_hex('/dev/a')}>, 0, 0, 4096) = 0",
        f'openat(AT_FDCWD<{_hex("/dev")}>, "{_hex("a")}", O_WRONLY|O_APPEND) = 3<{_hex("/dev/a")}>',
        f'rename("{_hex("/dev/a")}", "{_hex("/elsewhere/a")}") = 0',
        f'pwrite64(3<{_hex("/dev/a")}>, "{_hex("abc")}"..., 3, 0) = 3',
    ],
    ids=["fallocate", "append", "moved_away", "cut_short_by_strace"],
)
def test_what_the_model_does_not_know_is_refused_and_not_passed_over(line: str) -> None:
    with pytest.raises(NotRecorded):
        _read(_line(1, line))


def test_a_name_is_sure_when_its_folder_was_synced_and_not_when_the_file_was() -> None:
    def call(kind: CallKind, path: str, number: int, data: bytes = b"", target: str = "") -> Call:
        return Call(kind=kind, path=path, begun=number, ended=number, data=data, target=target)

    disk = Disk({"old": b"old"})
    disk.apply(call(CallKind.CREATE, "new", 1))
    disk.apply(call(CallKind.WRITE, "new", 2, b"new"))
    disk.apply(call(CallKind.SYNC, "new", 3))
    disk.apply(call(CallKind.RENAME, "new", 4, target="old"))
    chance = random.Random(1)
    assert disk.after_power_cut(Damage.LOST, chance) == {"old": b"old"}
    assert disk.unsure
    assert disk.after_power_cut(Damage.KEPT, chance) == {"old": b"new"}
    assert {str(disk.after_power_cut(Damage.SOME, chance)) for _ in range(50)} == {
        str({"old": b"old"}),
        str({"old": b"old", "new": b"new"}),
        str({"old": b"new"}),
    }
    disk.apply(call(CallKind.SYNC_FOLDER, "", 5))
    assert disk.after_power_cut(Damage.LOST, chance) == {"old": b"new"}
    assert not disk.unsure


def test_a_torn_write_leaves_whole_sectors_of_the_old_and_the_new() -> None:
    disk = Disk({"a": bytes(4096)})
    disk.apply(Call(kind=CallKind.WRITE, path="a", begun=1, ended=1, data=b"\xff" * 4096))
    seen = set()
    for seed in range(200):
        content = disk.after_power_cut(Damage.CUT, random.Random(seed))["a"]
        sectors = [content[at : at + 512] for at in range(0, 4096, 512)]
        seen |= {
            "old" if one == bytes(512) else "new" if one == b"\xff" * 512 else "garbage" for one in sectors
        }
        assert len(content) == 4096
    assert seen == {"old", "new", "garbage"}
