"""`python -m live.build_fanout`: compile the fan-out loop where there is a C compiler."""

import sys
from pathlib import Path

from kernel.c_library import CLibrary

FANOUT = CLibrary(
    Path(__file__).with_name("_fanout.c"), "the compiled forwarder", "the slower Python loop"
)
LIBRARY = FANOUT.path

if __name__ == "__main__":
    sys.stdout.write(f"{FANOUT.build()}\n")
