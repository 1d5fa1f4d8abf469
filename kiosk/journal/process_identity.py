"""Who holds a lease or an unfinished attachment: a name that tells whether its process still lives.

A process number alone is given out again, so the name carries when the process started (field 22 of
/proc/<pid>/stat, proc(5)) and the namespace that the number counts in.  What cannot be found out counts as
alive: then only time frees what it held.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_START_FIELD = 22


def new_owner() -> str:
    """A name for one connection of this process; no two are equal."""
    pid = os.getpid()
    return f"{_namespace()}-{pid}-{_started(pid) or 0}-{os.urandom(4).hex()}"


def is_gone(owner: str) -> bool:
    """Whether the process that `owner` names has certainly ended. Only for owners of this boot."""
    namespace, _, rest = owner.partition("-")
    pid, _, rest = rest.partition("-")
    started, _, _ = rest.partition("-")
    if not (pid.isdigit() and started.isdigit()) or namespace != _namespace() or namespace == "0":
        return False
    found = _started(int(pid))
    if found is not None:
        return found != int(started)
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


@lru_cache(maxsize=1)
def _namespace() -> str:
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)  # noqa: PTH116  follows a link that names no file
    except OSError:
        return "0"


def _started(pid: int) -> int | None:
    """Clock ticks after boot at which `pid` started, or None when that cannot be read."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The command's name stands in parentheses and may hold spaces and parentheses itself.
    return int(line.rpartition(")")[2].split()[_START_FIELD - 3])
