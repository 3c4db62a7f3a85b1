"""The hot path: a track's packets to all its legs, encrypted and sent in batches.

The loop exists twice behind `leg.Fanout` and `leg.Fan`: compiled (live/_fanout.c) where set-up
found a C compiler, else in Python over cffi. No object is made per leg, nothing is parsed, logged
or awaited; bench/forwarding.py measures it. One thread, as libsrtp's sessions are not safe.
"""

from pathlib import Path
from typing import Any

from live.build_fanout import LIBRARY
from live.compiled_fanout import CompiledFanout
from live.datagrams import ffi
from live.leg import Fanout
from live.python_fanout import PythonFanout


def open_fanout(fd: int, *, library: Path | None = LIBRARY, gso: bool = True) -> Fanout:
    """The compiled loop where it is built and fits, else the one in Python."""
    compiled = _load(library) if library is not None and library.exists() else None
    return PythonFanout(fd, gso=gso) if compiled is None else CompiledFanout(compiled, fd, gso=gso)


def _load(library: Path) -> Any:
    """The library, or None where it is of another machine or of another version of the structs."""
    try:
        compiled = ffi.dlopen(str(library))
        layout = compiled.fanout_layout()
    except (OSError, AttributeError):
        return None
    ours = ffi.sizeof("struct packet") * 1000 + ffi.sizeof("struct leg")
    return compiled if layout == ours else None
