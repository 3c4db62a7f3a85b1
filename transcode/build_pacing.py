"""`python -m transcode.build_pacing`: compile what paces a channel where there is a C compiler."""

import sys
from pathlib import Path

from kernel.c_library import CLibrary

PACING = CLibrary(
    Path(__file__).with_name("_pacing.c"), "the compiled pacer", "the slower Python loop"
)
LIBRARY = PACING.path

if __name__ == "__main__":
    sys.stdout.write(f"{PACING.build()}\n")
